// How the cases of an experiment are cut into parts.
#include "glia/experiment_split.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "glia/core/error.hpp"
#include "glia/data/patient.hpp"
#include "support/expect.hpp"

using namespace glia;
using namespace glia::program;
using namespace glia::test;

namespace {

using Ids = std::vector<std::string>;

Ids numbered(const std::string& name, int count) {
  Ids ids;
  for (int i = 0; i < count; ++i) ids.push_back(name + std::to_string(100 + i));
  return ids;
}

Ids joined(std::initializer_list<Ids> parts) {
  Ids all;
  for (const Ids& part : parts) all.insert(all.end(), part.begin(), part.end());
  std::ranges::sort(all);
  return all;
}

std::string refusal(const CasePool& pool, const Shares& shares, index_t fold = 0) {
  return message_of<DataError>([&] { static_cast<void>(cut_cases(pool, shares, 1, fold)); });
}

}  // namespace

TEST_CASE("every labelled case goes into one part, as many as the shares say") {
  const Ids data = numbered("d", 20);
  const Split split =
      cut_cases({data, {}, {}}, {.test = .3, .unlabelled = .4, .validation = .5}, 1, 0);
  CHECK(split.test.size() == 6);
  CHECK(split.unlabelled.size() == 8);
  CHECK(split.labelled.size() == 6);
  CHECK(split.validation.size() == 3);
  CHECK(joined({split.test, split.unlabelled, split.labelled}) == data);
  CHECK(std::ranges::includes(split.labelled, split.validation));
  for (const Ids* part : {&split.test, &split.unlabelled, &split.labelled, &split.validation})
    CHECK(std::ranges::is_sorted(*part));
}

TEST_CASE("the seed decides which, whatever the order of the cases") {
  Ids data = numbered("d", 20);
  const Split split = cut_cases({data, {}, {}}, {}, 1, 0);
  std::ranges::reverse(data);
  CHECK(cut_cases({data, {}, {}}, {}, 1, 0).test == split.test);
  CHECK(cut_cases({data, {}, {}}, {}, 1, 0).validation == split.validation);
  CHECK(cut_cases({data, {}, {}}, {}, 2, 0).test != split.test);
}

TEST_CASE("cases to train on are only trained on, those without labels only annotated") {
  const Ids extra = numbered("t", 5), bare = numbered("u", 4);
  const Split split = cut_cases({numbered("d", 8), extra, bare}, {.validation = .5}, 3, 0);
  CHECK(std::ranges::includes(split.labelled, extra));
  CHECK(split.labelled.size() == 4 + 5);
  CHECK(split.validation.size() == 2);  // of the four
  for (const std::string& id : split.validation) CHECK(id.starts_with("d"));
  CHECK(std::ranges::includes(split.unlabelled, bare));
  CHECK(split.unlabelled.size() == 2 + 4);
  CHECK(split.test.size() == 2);
  for (const std::string& id : split.test) CHECK(id.starts_with("d"));
}

TEST_CASE("folds test on every case once") {
  const Ids data = numbered("d", 13);
  Ids tested;
  for (index_t fold = 0; fold < 5; ++fold) {
    const Split split = cut_cases({data, {}, {}}, {.folds = 5}, 1, fold);
    CHECK(joined({split.test, split.unlabelled, split.labelled}) == data);
    CHECK(split.test.size() >= 2);
    CHECK(split.test.size() <= 3);
    tested = joined({tested, split.test});
  }
  CHECK(tested == data);
}

TEST_CASE("patients without a second scan are cut as cases always were") {
  Ids data;  // what the version that knew no patients made of these
  for (int i = 0; i < 13; ++i) data.push_back("BraTS-GLI-" + std::to_string(10000 + i) + "-000");
  const auto those = [&](std::initializer_list<std::size_t> which) {
    Ids ids;
    for (const std::size_t i : which) ids.push_back(data[i]);
    return ids;
  };
  const Split split = cut_cases({data, {}, {}}, {}, 7, 0);
  CHECK(split.labelled == those({2, 3, 4, 8, 9, 10, 12}));
  CHECK(split.validation == those({8}));
  CHECK(split.unlabelled == those({1, 6, 7}));
  CHECK(split.test == those({0, 5, 11}));
  const Split fold = cut_cases({data, {}, {}}, {.folds = 3}, 7, 1);
  CHECK(fold.labelled == those({0, 4, 5, 10, 11}));
  CHECK(fold.validation == those({4}));
  CHECK(fold.unlabelled == those({1, 6, 7}));
  CHECK(fold.test == those({2, 3, 8, 9, 12}));
}

TEST_CASE("no patient is in two parts, and folds test on every case once") {
  Ids data;  // every third of 60 patients was scanned twice
  for (int p = 0; p < 60; ++p) {
    const std::string patient = "BraTS-GLI-" + std::to_string(10000 + p);
    data.push_back(patient + "-000");
    if (p % 3 == 0) data.push_back(patient + "-001");
  }
  const auto patients = [](const Ids& ids) {
    std::set<std::string_view> found;
    for (const std::string& id : ids) found.insert(patient_of(id));
    return found;
  };
  const auto check = [&](const Split& split) {
    std::size_t apart = patients(split.test).size() + patients(split.unlabelled).size() +
                        patients(split.labelled).size();
    CHECK(apart == 60);
    Ids trained = split.labelled;
    std::erase_if(trained, [&](const std::string& id) {
      return std::ranges::find(split.validation, id) != split.validation.end();
    });
    CHECK(patients(trained).size() + patients(split.validation).size() ==
          patients(split.labelled).size());
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Split split = cut_cases({data, {}, {}}, {}, seed, 0);
    check(split);
    CHECK(std::abs(static_cast<int>(split.test.size()) - 20) <= 1);
    CHECK(std::abs(static_cast<int>(split.unlabelled.size()) - 20) <= 1);
    Ids tested;
    for (index_t fold = 0; fold < 7; ++fold) {
      const Split one = cut_cases({data, {}, {}}, {.folds = 7}, seed, fold);
      check(one);
      tested = joined({tested, one.test});
    }
    CHECK(tested == data);
  }
}

TEST_CASE("one case of each part is enough; an empty part names the option that fills it") {
  const Split least = cut_cases({{"d"}, {"t"}, {"u"}}, {.test = .9, .unlabelled = 0}, 1, 0);
  CHECK(least.test == Ids{"d"});
  CHECK(least.labelled == Ids{"t"});
  CHECK(least.validation.empty());
  CHECK(least.unlabelled == Ids{"u"});

  CHECK(holds(refusal({numbered("d", 2), {}, {}}, {.test = .5, .unlabelled = .5}),
              "no case is left to train on", "2 labelled", "--train-data"));
  CHECK(holds(refusal({numbered("d", 4), {}, {}}, {.unlabelled = 0}), "no case is left to annotate",
              "give --unlabelled"));
  CHECK(holds(refusal({numbered("d", 4), {}, {"u"}}, {.test = 0}), "no case is left to test on",
              "--test-fraction"));
  CHECK(holds(refusal({numbered("d", 3), {}, {"u"}}, {.unlabelled = 0, .folds = 4}, 2),
              "no case is left to test on in fold 3 of 4", "fewer --folds"));
  CHECK(holds(refusal({numbered("d", 3), {}, {"u"}}, {.folds = 1}),
              "no case is left to train on in fold 1 of 1", "more --folds"));
}

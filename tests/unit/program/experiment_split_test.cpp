// How the cases of an experiment are cut into parts.
#include "glia/experiment_split.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "glia/core/error.hpp"
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

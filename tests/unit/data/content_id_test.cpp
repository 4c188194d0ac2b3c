#include "glia/data/content_id.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "glia/data/prepare.hpp"
#include "patch_cases.hpp"
#include "phantom_cases.hpp"
#include "support/expect.hpp"

using namespace glia;

TEST_CASE("one voxel of one modality makes another content, another order of modalities too") {
  PhantomCase phantom = make_phantom({.extent = {16, 16, 16}}, 3, 0);
  const ContentId id = content_id(phantom.images);
  CHECK(content_id(make_phantom({.extent = {16, 16, 16}}, 3, 0).images) == id);
  CHECK(content_id(make_phantom({.extent = {16, 16, 16}}, 3, 1).images) != id);
  const Case whole{.id = "a", .images = phantom.images};
  CHECK(prepare(whole).content == id);
  std::swap(phantom.images[0], phantom.images[1]);
  const ContentId swapped = content_id(phantom.images);
  CHECK(swapped == ContentId{id[1], id[0], id[2], id[3]});
  phantom.images[2].voxels.back() += 1;
  CHECK(content_id(phantom.images) != swapped);
}

TEST_CASE("D25: sets that share a case, by id or by content, are refused with both names") {
  const auto named = [](const std::string& id, std::uint32_t content) {
    PreparedCase made;
    made.id = id;
    if (content > 0) made.content = ContentId{content, content, content, content};
    return made;
  };
  const auto refusal = [](const std::vector<PreparedCase>& a, const std::vector<PreparedCase>& b) {
    return test::message_of<DataError>([&] { require_disjoint({{"labelled", a}, {"test", b}}); });
  };
  std::vector<PreparedCase> first, second;
  first.push_back(named("x", 1));
  first.push_back(named("y", 2));
  second.push_back(named("z", 3));
  second.push_back(named("v", 0));  // made by hand: its content is not known
  CHECK_NOTHROW(require_disjoint({{"labelled", first}, {"test", second}, {"more", {}}}));
  second.push_back(named("renamed", 2));
  CHECK(refusal(first, second) ==
        "case y of the labelled set and case renamed of the test set have the same images, "
        "expected sets without a common case");
  second.back() = named("x", 9);
  CHECK(test::holds(refusal(first, second), "case x of the labelled", "have the same id"));
  second.back() = named("w", 0);
  first.push_back(named("u", 0));
  CHECK_NOTHROW(require_disjoint({{"labelled", first}, {"test", second}}));
}

TEST_CASE("sets that share a patient are refused with both scans, unless that is allowed") {
  std::vector<PreparedCase> first(1), second(2);
  first[0].id = "BraTS-GLI-00021-000";
  second[0].id = "BraTS-GLI-00022-000";
  second[1].id = "BraTS-GLI-00021-001";
  CHECK(test::message_of<DataError>([&] {
          require_disjoint({{"training", first}, {"validation", second}});
        }) ==
        "case BraTS-GLI-00021-000 of the training set and case BraTS-GLI-00021-001 of the "
        "validation set are of one patient, expected sets without a common patient "
        "(allow_shared_patients)");
  const std::vector<NamedCases> both{{"training", first}, {"validation", second}};
  CHECK_NOTHROW(require_disjoint(both, SharedPatients::allow));
  second[1].id = first[0].id;
  CHECK(test::holds(
      test::message_of<DataError>([&] { require_disjoint(both, SharedPatients::allow); }),
      "have the same id"));
}

TEST_CASE(
    "the name of cases depends on everything that training sees of them, and on nothing else") {
  const auto make = [] {
    std::vector<PreparedCase> cases{test::distinct_case("a", {2, 3, 4}),
                                    test::distinct_case("b", {2, 3, 4})};
    cases[1].soft = SoftTarget({2, 3, 4});
    return cases;
  };
  const std::uint32_t name = content_crc(make());
  CHECK(content_crc(make()) == name);
  const auto changed = [&](auto change) {
    std::vector<PreparedCase> cases = make();
    change(cases);
    return content_crc(cases);
  };
  using Cases = std::vector<PreparedCase>;
  CHECK(changed([](Cases& c) { c[1].labels->voxels.back() ^= 1; }) != name);
  CHECK(changed([](Cases& c) { c[0].labels->voxels.front() ^= 1; }) != name);
  CHECK(changed([](Cases& c) { c[0].labels.reset(); }) != name);
  CHECK(changed([](Cases& c) { c[0].image.values().back() += 1; }) != name);
  CHECK(changed([](Cases& c) { c[1].image.values().front() += 1; }) != name);
  CHECK(changed([](Cases& c) { c[1].id = "c"; }) != name);
  CHECK(changed([](Cases& c) { c[1].soft->set(23, 2, 1); }) != name);
  CHECK(changed([](Cases& c) { c[1].soft->set(0, 0, SoftTarget::not_counted); }) != name);
  CHECK(changed([](Cases& c) { c[1].soft.reset(); }) != name);
  CHECK(changed([](Cases& c) { c[0].soft = SoftTarget({2, 3, 4}); }) != name);
  CHECK(changed([](Cases& c) { std::swap(c[0], c[1]); }) != name);
  CHECK(changed([](Cases& c) { c.pop_back(); }) != name);
  CHECK(changed([](Cases& c) { c[0].content = ContentId{1, 2, 3, 4}; }) == name);
}

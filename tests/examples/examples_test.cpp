// Every lesson and every program to start from runs, at a size that takes seconds, and refuses
// wrong arguments.
#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "end_to_end/phantoms.hpp"
#include "support/expect.hpp"

using namespace glia;
using namespace glia::test;

namespace {

Outcome run(const Phantoms& phantoms, const std::string& name,
            std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), GLIA_EXAMPLES "/" + name);
  return run_program(phantoms / "", std::move(arguments));
}

/// What a program prints that must succeed.
std::string output_of(const Phantoms& phantoms, const std::string& name,
                      std::vector<std::string> arguments = {}) {
  const Outcome outcome = run(phantoms, name, std::move(arguments));
  REQUIRE_MESSAGE(outcome.code == 0, name, ": ", outcome.out, outcome.err);
  CHECK_MESSAGE(!holds(outcome.out, "nan"), outcome.out);
  return outcome.out;
}

/// That a program ended with a code and said something on stderr.
void check_end(const Outcome& outcome, int code, const std::string& message) {
  CHECK_MESSAGE(outcome.code == code, outcome.out, outcome.err);
  CHECK_MESSAGE(holds(outcome.err, message), outcome.err);
}

/// Other phantoms, without labels.
std::string make_unlabelled(const Phantoms& phantoms) {
  const std::string folder = phantoms / "unlabelled";
  const Outcome made = run_glia(phantoms / "", {"phantom", folder, "--count", "2", "--first", "10",
                                                "--extent", Phantoms::extent, "--unlabelled"});
  REQUIRE_MESSAGE(made.code == 0, made.err);
  return folder;
}

}  // namespace

TEST_CASE("lessons run") {
  const Phantoms phantoms;
  CHECK(holds(output_of(phantoms, "01_train_a_unet", {"1"}), "epoch  1", "best"));
  // Parameters of Isensee's UNet and of Lachinov's student, as published.
  CHECK(holds(output_of(phantoms, "02_compose_a_network"), "12418980", "782.6 GFLOP", "4509939"));
  const std::string segmented = phantoms / "segmented.nii.gz";
  output_of(phantoms, "03_segment_a_case",
            {phantoms.home(0).string(), phantoms.weights(), segmented});
  CHECK(read_nifti_header(segmented).extent == read_nifti_header(phantoms.file(0, "t1n")).extent);
  CHECK(holds(output_of(phantoms, "04_ensemble_and_distil", {"1"}), "teachers", "student"));
  CHECK(holds(output_of(phantoms, "05_add_a_layer"), "gradient", "GFLOP", "loss"));
}

TEST_CASE("lesson 3 names what is odd or missing in a case") {
  const Phantoms phantoms;
  const std::vector<std::string> arguments{phantoms.home(0).string(), phantoms.weights(),
                                           phantoms / "segmented.nii.gz"};
  rewrite(phantoms.file(0, "t1n"), [](std::vector<float>& voxels) {
    for (float& voxel : voxels) voxel += 1;
  });
  check_end(run(phantoms, "03_segment_a_case", arguments), 0,
            "warning: " + phantoms.file(0, "t1n").string() + ": T1 has no voxel that is 0");
  std::filesystem::remove(phantoms.file(0, "t2f"));
  check_end(run(phantoms, "03_segment_a_case", arguments), 3, "missing FLAIR");
}

TEST_CASE("train_unet and train_resunet make the teachers of distill") {
  const Phantoms phantoms;
  for (const std::string name : {"unet", "resunet"}) {
    const std::string out =
        output_of(phantoms, "train_" + name, {phantoms.data(), phantoms / name, "2", "16"});
    CHECK(holds(out, "epoch 1", "epoch 2", "best weights: Dice WT"));
  }
  const std::string unet = phantoms / "unet" / "best.safetensors",
                    resunet = phantoms / "resunet" / "best.safetensors",
                    unlabelled = make_unlabelled(phantoms), student = phantoms / "student";
  const auto distill = [&](const std::string& epochs) {
    return output_of(phantoms, "distill",
                     {phantoms.data(), unlabelled, student, unet, resunet, epochs, "16"});
  };
  CHECK(holds(distill("1"), "epoch 1", "best weights: Dice WT"));
  const std::string more = distill("2");
  CHECK_MESSAGE((holds(more, "epoch 2") && !holds(more, "epoch 1")), more);
  const Outcome segmented =
      phantoms.run({"segment", phantoms.data(), "--model", unet, "--model",
                    student + "/best.safetensors", "--out", phantoms / "segmented"});
  CHECK_MESSAGE(segmented.code == 0, segmented.err);

  check_end(run(phantoms, "distill", {phantoms.data(), unlabelled, student, resunet, unet}), 2,
            "weights of another network");
  check_end(run(phantoms, "distill",
                {phantoms.data(), phantoms.data(), student, unet, resunet, "1", "16"}),
            3, "have the same images");
}

TEST_CASE("a run that is started again to become longer goes on and ends in the same bytes") {
  const Phantoms phantoms;
  const std::string stopped = phantoms / "stopped", whole = phantoms / "whole";
  output_of(phantoms, "train_unet", {phantoms.data(), stopped, "1", "16"});
  const std::string out = output_of(phantoms, "train_unet", {phantoms.data(), stopped, "2", "16"});
  CHECK_MESSAGE((holds(out, "going on after step 1", "epoch 2") && !holds(out, "epoch 1")), out);
  output_of(phantoms, "train_unet", {phantoms.data(), whole, "2", "16"});
  // Weights and moments; the history of the first also tells of a validation at its former end.
  const auto tensors = [](const std::string& run) {
    std::vector<std::byte> bytes = read_file(run + "/last.safetensors");
    std::uint64_t header = 0;
    std::memcpy(&header, bytes.data(), sizeof header);
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(sizeof header + header));
    return bytes;
  };
  CHECK(!tensors(whole).empty());
  CHECK(tensors(stopped) == tensors(whole));

  std::filesystem::resize_file(stopped + "/last.safetensors", 100);
  const Outcome damaged = run(phantoms, "train_unet", {phantoms.data(), stopped, "2", "16"});
  CHECK(damaged.code == 0);
  CHECK_MESSAGE(holds(damaged.out, "going on after step 1"), damaged.out);
  CHECK_MESSAGE(holds(damaged.err, "warning: " + stopped + "/last.safetensors"), damaged.err);

  std::filesystem::remove_all(phantoms.home(2));
  check_end(run(phantoms, "train_unet", {phantoms.data(), whole, "3", "16"}), 2,
            "glia.training_cases");
}

TEST_CASE("one case is trained on without validation") {
  const Phantoms phantoms;
  const std::string out =
      output_of(phantoms, "train_unet", {phantoms.home(0).string(), phantoms / "alone", "1", "16"});
  CHECK_MESSAGE((holds(out, "epoch 1", "no case to validate on") && !holds(out, "Dice")), out);
}

TEST_CASE("train_cascaded_unet trains on whole brains") {
  const Phantoms phantoms;
  const std::string folder = phantoms / "cascade";
  const std::string out =
      output_of(phantoms, "train_cascaded_unet", {phantoms.data(), folder, "1", "32"});
  CHECK(holds(out, "epoch 1", "best weights: Dice WT"));
  const Outcome segmented =
      phantoms.run({"segment", phantoms.data(), "--model", folder + "/best.safetensors", "--out",
                    phantoms / "segmented"});
  CHECK_MESSAGE(segmented.code == 0, segmented.err);
}

TEST_CASE("wrong arguments end with a line about usage and code 2") {
  const Phantoms phantoms;
  for (const std::string name : {"01_train_a_unet", "04_ensemble_and_distil"}) {
    check_end(run(phantoms, name, {"none"}), 2, "usage: " + name);
    check_end(run(phantoms, name, {"1", "1"}), 2, "usage: " + name);
  }
  check_end(run(phantoms, "03_segment_a_case"), 2, "usage: 03_segment_a_case");
  for (const std::string name : {"train_unet", "train_resunet", "train_cascaded_unet"}) {
    check_end(run(phantoms, name), 2, "usage: " + name);
    check_end(run(phantoms, name, {phantoms.data(), phantoms / "run", "0"}), 2, "usage: " + name);
  }
  check_end(run(phantoms, "distill", {phantoms.data(), phantoms.data()}), 2, "usage: distill");
}

TEST_CASE("data and options that cannot be used are refused with the library's messages") {
  const Phantoms phantoms;
  const std::string out = phantoms / "out", nowhere = phantoms / "nowhere";
  check_end(run(phantoms, "train_unet", {nowhere, out}), 4, "nowhere");
  check_end(run(phantoms, "train_resunet", {make_unlabelled(phantoms), out}), 3,
            "missing label file");
  check_end(run(phantoms, "train_unet", {phantoms.data(), out, "1", "20"}), 2, "multiples of 16");
  check_end(run(phantoms, "train_cascaded_unet", {phantoms.data(), out, "1", "48"}), 2,
            "multiples of 32");
  check_end(run(phantoms, "03_segment_a_case", {phantoms.data(), phantoms.weights(), out}), 3,
            "3 cases");
}

#include "glia/distill/distiller.hpp"

#include <doctest/doctest.h>

#include "glia/distill/mean_teacher.hpp"
#include "glia/ensemble/ensemble.hpp"
#include "glia/infer/test_time_augmentation.hpp"
#include "support/expect.hpp"
#include "support/temporary_directory.hpp"
#include "support/tensors.hpp"
#include "unit/train/small_training.hpp"

using namespace glia;
using namespace glia::test;

namespace {

/// A teacher that reads off one modality; nowhere near a threshold, so that averaging over windows
/// changes no label.
struct ByIntensity {
  static index_t divisor() { return 2; }
  void operator()(View<const float> image, View<float> out) const {
    for (index_t v = 0; v < image.shape.voxels(); ++v) {
      const float x = image.data[v * image.pitch + modality::FLAIR];
      const float p[3]{x > 0 ? 0.9F : 0.2F, x > 0.5F ? 0.8F : 0.1F, x > 1 ? 0.7F : 0.05F};
      std::copy_n(p, 3, out.data + v * out.pitch);
    }
  }
};

PreparedCase unlabelled_patch(std::uint64_t seed) {
  PreparedCase made = phantom_patch(seed);
  made.id = "unlabelled" + std::to_string(seed);
  made.labels.reset();
  return made;
}

const SlidingWindowOptions windows{.window = {8, 8, 8}};
const AnyOptimizer quick{Adam{.rate = 1e-2}};

/// Bits of a student after some steps of `train(student, options)`.
template <class Train>
std::vector<std::uint32_t> student_after(Train&& train) {
  Context context{{.threads = 1, .seed = 8}};
  Model<SmallNet> student{context};
  TrainerOptions options = small_options(1, 6);
  options.loader.foreground = 0;  // then positions do not depend on labels
  train(student, options);
  return bits(student);
}

/// What a trainer makes of the union with labels made beforehand.
template <class L>
std::vector<std::uint32_t> trained_on_union(const L& labelling) {
  return student_after([&](Model<SmallNet>& student, const TrainerOptions& options) {
    std::vector<PreparedCase> cases{phantom_patch(3), unlabelled_patch(4), unlabelled_patch(5)};
    for (std::size_t i = 1; i < 3; ++i) annotate(ByIntensity{}, cases[i], labelling, windows);
    const auto loss = labelling.loss(DiceAndCrossEntropy{});
    Trainer<SmallNet, std::remove_const_t<decltype(loss)>> trainer(student, options, loss, quick);
    trainer.fit(cases);
  });
}

template <class L>
std::vector<std::uint32_t> distilled(const L& labelling, bool online) {
  return student_after([&](Model<SmallNet>& student, const TrainerOptions& options) {
    const ByIntensity teacher;
    Distiller distiller{teacher, student, labelling, {.window = windows, .online = online}};
    distiller.fit({phantom_patch(3)}, {unlabelled_patch(4), unlabelled_patch(5)}, options, {},
                  DiceAndCrossEntropy{}, quick);
  });
}

}  // namespace

TEST_CASE("offline, the student is trained on the labelled cases and on the teacher's labels") {
  CHECK(distilled(HardLabels{}, false) == trained_on_union(HardLabels{}));
  const Softened softened{.temperature = 2, .alpha = 0.7};
  CHECK(distilled(softened, false) == trained_on_union(softened));
  CHECK(distilled(softened, false) != trained_on_union(SoftLabels{}));
}

TEST_CASE("online, a pointwise teacher makes the same labels patch by patch") {
  CHECK(distilled(HardLabels{}, true) == trained_on_union(HardLabels{}));
  const Confident<> confident{};  // masks what is between .1 and .9
  CHECK(distilled(confident, true) == trained_on_union(confident));
  CHECK(distilled(confident, true) != distilled(HardLabels{}, true));
}

TEST_CASE(
    "an ensemble, and a model under test-time augmentation, can teach; runs are recorded and "
    "resumed") {
  const TemporaryDirectory folder;
  Context context{{.threads = 1, .seed = 2}};
  Model<SmallNet> one{context}, two{context};
  randomise(two.parameters().flat(), 7, 0.3);
  const auto run = [&](const std::string& name, index_t stop_after, bool resume) {
    Context own{{.threads = 1, .seed = 8}};
    Model<SmallNet> student{own};
    TrainerOptions options = small_options(2, 3);
    options.folder = folder / name;
    std::filesystem::create_directories(options.folder);
    index_t steps = 0;
    TrainingEvents events;
    events.stop = [&] { return ++steps == stop_after; };
    Distiller distiller{
        Ensemble{one, Mirrored(two)}, student, SoftLabels{}, {.window = windows, .resume = resume}};
    distiller.fit({phantom_patch(3)}, {unlabelled_patch(4)}, options, {}, DiceAndCrossEntropy{},
                  quick, AnySchedule{}, events);
  };
  run("straight", 0, false);
  run("stopped", 2, true);
  run("stopped", 0, true);
  CHECK(read_file(folder / "straight" / "last.safetensors") ==
        read_file(folder / "stopped" / "last.safetensors"));
  const auto metadata = SafetensorsFile::open(folder / "straight" / "best.safetensors").metadata();
  CHECK(metadata.at("glia.pseudo_labelled_cases") == "unlabelled4");
  CHECK(metadata.at("glia.labelling") == "soft");
}

TEST_CASE("a mean teacher follows its student: a copy at first, then a moving average") {
  Context context{{.threads = 1, .seed = 2}};
  Model<SmallNet> student{context};
  MeanTeacher teacher{student, 0.6};
  static_assert(FollowingTeacher<MeanTeacher<SmallNet>> && !FollowingTeacher<Model<SmallNet>>);
  const auto image = random_tensor<float>({1, 4, 4, 4, 4}, 1);
  HostTensor<float> of_teacher({1, 4, 4, 4, 3}), of_average({1, 4, 4, 4, 3});
  std::vector<double> average(student.parameters().flat().size());
  const double weights[]{0, 0.5, 0.6, 0.6};  // min(1 - 1 / (t + 1), .6)
  Model<SmallNet> expected{context};
  for (std::uint32_t t = 0; t < 4; ++t) {
    randomise(student.parameters().flat(), t, 0.3);
    teacher.follow();
    for (std::size_t i = 0; i < average.size(); ++i) {
      average[i] = weights[t] * average[i] +
                   (1 - weights[t]) * static_cast<double>(student.parameters().flat()[i]);
      expected.parameters().flat()[i] = static_cast<float>(average[i]);
    }
    teacher(image.view(), of_teacher.view());
    expected(image.view(), of_average.view());
    CHECK(relative_error(of_teacher.values(), of_average.values()) < 1e-5);
  }
  Distiller distiller{teacher, student, SoftLabels{}, {.online = true}};
  int batches = 0;
  TrainingEvents events;
  events.batch = [&](Batch&) { ++batches; };
  CHECK(distiller.fit({phantom_patch(3)}, {unlabelled_patch(4)}, small_options(1, 2), {}, {}, {},
                      {}, events) == TrainingEnd::finished);
  CHECK(batches == 2);

  Distiller offline{teacher, student};
  CHECK(holds(message_of<UsageError>([&] {
                offline.fit({phantom_patch(3)}, {unlabelled_patch(4)}, small_options(1, 2));
              }),
              "online: got false"));
}

TEST_CASE("T01: no unlabelled cases, and cases in two sets, are refused with both names") {
  Context context{{.threads = 1}};
  Model<SmallNet> student{context};
  Distiller distiller{ByIntensity{}, student};
  const auto refused = [&](std::vector<PreparedCase> labelled, std::vector<PreparedCase> unlabelled,
                           const std::vector<PreparedCase>& validation = {}) {
    return message_of<DataError>([&] {
      distiller.fit(std::move(labelled), std::move(unlabelled), small_options(1, 1), validation);
    });
  };
  CHECK(holds(refused({phantom_patch()}, {}), "expected unlabelled cases, got none"));
  PreparedCase twin = unlabelled_patch(4), original = phantom_patch(4);
  twin.content = original.content = ContentId{1, 2, 3, 4};
  CHECK(holds(refused({original}, {twin}), "case phantom of the labelled set",
              "case unlabelled4 of the unlabelled set", "same images"));
  CHECK(holds(refused({unlabelled_patch(3)}, {twin}, {original}), "unlabelled4", "validation"));
  CHECK(
      holds(refused({phantom_patch(3)}, {unlabelled_patch(4)}, {unlabelled_patch(4)}), "same id"));
}

TEST_CASE("online, a teacher whose probabilities are no numbers ends the run before its step") {
  Context context{{.threads = 1}};
  Model<SmallNet> student{context};
  const auto before = bits(student);
  int calls = 0;
  const auto broken = [&](View<const float>, View<float> out) {
    ++calls;
    std::fill_n(out.data, out.shape.elements(), 0.5F);
    out.data[out.shape.elements() - 1] = std::numeric_limits<float>::quiet_NaN();
  };
  Distiller distiller{broken, student, SoftLabels{}, {.online = true}};
  TrainerOptions options = small_options(1, 6);
  options.loader.labelled_share = 0;
  options.loader.foreground = 0;
  CHECK(holds(message_of<NumericalError>(
                  [&] { distiller.fit({phantom_patch(3)}, {unlabelled_patch(4)}, options); }),
              "teacher", "not finite"));
  CHECK(calls == 1);
  CHECK(bits(student) == before);
}

TEST_CASE("online, what lies outside the brain is background, and patches without are not shown") {
  Context context{{.threads = 1}};
  Model<SmallNet> student{context};
  int calls = 0;
  const auto everywhere = [&](View<const float>, View<float> out) {
    ++calls;
    std::fill_n(out.data, out.shape.elements(), 0.75F);
  };
  Distiller distiller{everywhere, student, SoftLabels{}, {.online = true}};
  TrainerOptions options = small_options(1, 2);
  options.loader.labelled_share = 0;
  options.loader.foreground = 0;
  const Batch* current = nullptr;
  int batches = 0;
  TrainingEvents events;
  events.batch = [&](Batch& batch) {
    // The first patch is without brain, the second has one voxel of it.
    std::ranges::fill(batch.image.values(), 0.0F);
    if (++batches == 2) batch.image.view().at(0, 1, 2, 3, modality::T2) = -1;
    current = &batch;  // gets its targets after this
  };
  events.step = [&](const StepEvent& e) {
    const auto& targets = current->target.values();
    CHECK(std::ranges::count(targets, 0.0F) == std::ssize(targets) - (e.step == 2 ? 3 : 0));
    if (e.step == 2) CHECK(current->target.view().at(0, 1, 2, 3, region::ET) == 0.75F);
  };
  distiller.fit({phantom_patch(3)}, {unlabelled_patch(4)}, options, {}, DiceAndCrossEntropy{},
                quick, AnySchedule{}, events);
  CHECK(batches == 2);
  CHECK(calls == 1);
}

TEST_CASE("online, a teacher of whole volumes is not shown patches") {
  Context context{{.threads = 1}};
  Model<SmallNet> student{context};
  const ByIntensity teacher;
  Distiller distiller{
      WholeVolume(teacher, Extent{8, 8, 8}), student, HardLabels{}, {.online = true}};
  TrainerOptions options = small_options(1, 1);
  const auto fit = [&] {
    distiller.fit({phantom_patch(3)}, {unlabelled_patch(4)}, options, {}, DiceAndCrossEntropy{},
                  quick);
  };
  CHECK(holds(message_of<UsageError>(fit), "online: got true", "whole volumes"));
  options.whole_volumes = true;
  fit();
  CHECK(student.trained_on().whole_volumes == true);
}

TEST_CASE("online, a batch event that leaves a batch of another shape is refused") {
  Context context{{.threads = 1}};
  Model<SmallNet> student{context};
  const ByIntensity teacher;
  Distiller distiller{teacher, student, HardLabels{}, {.online = true}};
  const auto refusal = [&](auto change) {
    TrainingEvents events;
    events.batch = change;
    return message_of<UsageError>([&] {
      distiller.fit({phantom_patch(3)}, {unlabelled_patch(4)}, small_options(1, 2), {},
                    DiceAndCrossEntropy{}, quick, AnySchedule{}, events);
    });
  };
  const Shape image{1, 8, 8, 8, 4}, target{1, 8, 8, 8, 3};
  CHECK(holds(refusal([](Batch& batch) { batch = {}; }), "got [0, 0, 0, 0, 0]"));
  CHECK(holds(refusal([&](Batch& batch) {
                batch = {HostTensor<float>(image), HostTensor<float>(target), {}, {}};
              }),
              "pseudo_labelled", "got 0 entries, expected 1"));
  CHECK(holds(refusal([&](Batch& batch) {
                batch = {HostTensor<float>(image), HostTensor<float>({1, 8, 8, 4, 3}), {}, {true}};
              }),
              "target", "got [1, 8, 8, 4, 3], expected [1, 8, 8, 8, 3]"));
}

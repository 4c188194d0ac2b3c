#pragma once

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "glia/data/content_id.hpp"
#include "glia/distill/annotate.hpp"
#include "glia/train/trainer.hpp"

namespace glia {

/// A teacher that changes with its student: `follow()` is called before each step.
template <class T>
concept FollowingTeacher = Teacher<T> && requires(T& teacher) {
  teacher.follow();
};

struct DistillerOptions {
  SlidingWindowOptions window{};  ///< of the teacher, where it labels whole cases
  /// Labels are made patch by patch just before each step, after augmentation, instead of once
  /// before training. Tumour-centred samples then come from labelled cases only.
  bool online = false;
  bool resume = false;  ///< go on from the run's last.safetensors if it is there
};

/// Model distillation (Radosavovic et al. 2018; the paper): a teacher labels the unlabelled cases,
/// a student is trained from its own weights on them and on the labelled ones.
///
/// `Distiller{teacher, student, labelling, options}` refers to an lvalue teacher and owns an
/// rvalue. An `Ensemble` as teacher is the paper's method, a `Mirrored` model is data distillation,
/// a `MeanTeacher` (online) is self-training.
template <class T, Network Net, Labelling L = HardLabels>
requires Teacher<T>
class Distiller {
 public:
  /// Throws UsageError if an option of the labelling is not what it may be.
  Distiller(T&& teacher, Model<Net>& student, L labelling = {}, DistillerOptions options = {})
      : teacher_(std::forward<T>(teacher)),
        student_(student),
        labelling_(std::move(labelling)),
        options_(std::move(options)) {
    require_valid("labelling", labelling_);
  }

  /// Trains the student on the union of both sets and leaves the best weights in it, as
  /// `Trainer::fit` does; see LoaderOptions::labelled_share. Both sets belong to the call: moved
  /// ones take no memory twice. Throws DataError if there are no unlabelled cases or if two of the
  /// sets share a case or a patient, UsageError if a teacher that follows the student is not
  /// online, or one of whole volumes is shown patches, and whatever the teacher and the trainer
  /// throw.
  template <Loss Task = DiceAndCrossEntropy, class O = AnyOptimizer, Schedule S = AnySchedule>
  TrainingEnd fit(std::vector<PreparedCase> labelled, std::vector<PreparedCase> unlabelled,
                  TrainerOptions options = {}, const std::vector<PreparedCase>& validation = {},
                  Task task = {}, O optimizer = {}, S schedule = {}, TrainingEvents events = {}) {
    if (follows && !options_.online)
      throw UsageError(
          "distiller: online: got false, expected true: the teacher follows the student");
    if (wants_whole_volumes<T> && options_.online && !options.whole_volumes)
      throw UsageError(
          "distiller: online: got true, expected false: the teacher wants whole volumes, not the "
          "patches of the training");
    if (unlabelled.empty()) throw DataError("distiller: expected unlabelled cases, got none");
    require_disjoint(
        {{"labelled", labelled}, {"unlabelled", unlabelled}, {"validation", validation}},
        options.shared_patients);
    options.description["glia.labelling"] = options_text(labelling_);
    options.description["glia.pseudo_labelled_cases"] = ids_text(unlabelled);
    for (PreparedCase& one : unlabelled) {
      if (options_.online) {
        one.labels = LabelVolume(one.image.shape().extent());
        one.pseudo_labelled = true;
      } else {
        annotate(teacher_, one, labelling_, options_.window);
      }
    }
    if (options_.online) {
      events.batch = [this, before = std::move(events.batch)](Batch& batch) {
        if (before) before(batch);
        label(batch);
      };
    }
    std::move(unlabelled.begin(), unlabelled.end(), std::back_inserter(labelled));
    Trainer<Net, decltype(labelling_.loss(task)), O, S> trainer(
        student_, options, labelling_.loss(task), optimizer, schedule, events);
    if (options_.resume) trainer.resume();
    return trainer.fit(labelled, validation);
  }

 private:
  static constexpr bool follows = FollowingTeacher<std::remove_reference_t<T>>;

  /// Gives the samples of unlabelled cases their targets.
  void label(Batch& batch) {
    if constexpr (follows) teacher_.follow();
    const Shape shape = batch.image.shape(), one = make_shape(1, shape.extent(), shape.c);
    require_shape("target", batch.target.shape(), with_channels(shape, region::count));
    if (static_cast<index_t>(batch.pseudo_labelled.size()) != shape.n) {
      throw UsageError("distiller: pseudo_labelled of a batch: got " +
                       std::to_string(batch.pseudo_labelled.size()) + " entries, expected " +
                       std::to_string(shape.n));
    }
    HostTensor<float> probabilities(with_channels(one, region::count));
    for (index_t n = 0; n < shape.n; ++n) {
      if (!batch.pseudo_labelled[static_cast<std::size_t>(n)]) continue;
      const View<const float> image{batch.image.view().row(n, 0, 0), one, one.c};
      if (holds_brain(image)) teacher_(image, probabilities.view());
      if (!std::ranges::all_of(probabilities.values(), [](float p) { return std::isfinite(p); }))
        throw NumericalError("distiller: the teacher's probabilities are not finite");
      clear_outside_brain(image, probabilities.view());
      float* target = batch.target.view().row(n, 0, 0);
      for (index_t voxel = 0; voxel < one.voxels(); ++voxel, target += region::count) {
        RegionValues p{};
        std::copy_n(probabilities.values().data() + voxel * region::count, p.size(), p.begin());
        std::ranges::copy(labelling_.targets(p), target);
      }
    }
  }

  T teacher_;
  Model<Net>& student_;
  L labelling_;
  DistillerOptions options_;
};

template <class T, Network Net, Labelling L = HardLabels>
Distiller(T&&, Model<Net>&, L = {}, DistillerOptions = {}) -> Distiller<T, Net, L>;

}  // namespace glia

#pragma once

#include <filesystem>

#include "glia/core/options.hpp"
#include "glia/data/content_id.hpp"
#include "glia/data/loader.hpp"
#include "glia/train/weights.hpp"

namespace glia {

struct TrainerOptions {
  index_t epochs = 280;
  index_t steps_per_epoch = 0;  ///< 0: as many batches as hold each training case once
  LoaderOptions loader{};       ///< patch, batch, augmentation
  SharedPatients shared_patients = SharedPatients::refuse;  ///< by training and validation
  bool whole_volumes = false;  ///< resample cases to the patch's extent, cut no patches
  double clip_norm = 0;        ///< largest L2 norm of a gradient; 0: no limit
  double average_decay = 0;    ///< of the moving average of weights; 0: none
  index_t validate_every = 5;  ///< epochs; the last one is always validated
  /// Of the windows of validation, which are as large as the patch; a final score is worth more.
  double validation_overlap = 0.25;
  int max_skipped = 5;             ///< steps in a row, none of them finite, that end the run
  std::filesystem::path folder{};  ///< of the files of a `RunFolder`; empty: nothing is written
  bool overwrite = false;  ///< replace a run that the folder holds and that is not gone on from
  index_t save_every = 0;  ///< steps between saves besides the one after each epoch; 0: none
  Metadata description{};  ///< recorded in the checkpoints, and compared

  template <class F>
  void options(F&& f) const {
    f("epochs", epochs, unrecorded(at_least(1)));  // see `depends_on_length`
    f("steps_per_epoch", steps_per_epoch, at_least(0));
    f("loader", loader);
    f("whole_volumes", whole_volumes);
    f("clip_norm", clip_norm, at_least(0));
    f("average_decay", average_decay, between(0, 1));
    f("validate_every", validate_every, at_least(1));
    f("validation_overlap", validation_overlap, from_to_below(0, 1));
    f("max_skipped", max_skipped, unrecorded(at_least(1)));
    f("save_every", save_every, unrecorded(at_least(0)));
  }
};

}  // namespace glia

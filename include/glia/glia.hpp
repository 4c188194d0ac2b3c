#pragma once

/// Everything that runs on a CPU. Programs that want less include less: every header stands alone.

#include "glia/backend/cpu.hpp"
#include "glia/data/case.hpp"
#include "glia/data/dataset.hpp"
#include "glia/data/phantom.hpp"
#include "glia/data/prepare.hpp"
#include "glia/distill/distiller.hpp"
#include "glia/distill/mean_teacher.hpp"
#include "glia/ensemble/classes_to_regions.hpp"
#include "glia/ensemble/ensemble.hpp"
#include "glia/infer/postprocess.hpp"
#include "glia/infer/regions.hpp"
#include "glia/infer/sliding_window.hpp"
#include "glia/infer/test_time_augmentation.hpp"
#include "glia/io/nifti.hpp"
#include "glia/losses/compound.hpp"
#include "glia/metrics/region_scores.hpp"
#include "glia/models/model.hpp"
#include "glia/models/res_unet.hpp"
#include "glia/models/unet.hpp"
#include "glia/train/trainer.hpp"

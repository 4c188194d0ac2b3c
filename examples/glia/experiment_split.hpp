#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glia/core/types.hpp"

namespace glia::program {

/// The ids of an experiment's cases, by where they come from.
struct CasePool {
  std::vector<std::string> labelled;    ///< cut into the parts
  std::vector<std::string> train_only;  ///< labelled, never tested on
  std::vector<std::string> unlabelled;  ///< annotated beside those whose labels are hidden
};

/// What each part gets of the labelled cases.
struct Shares {
  double test = 0.25, unlabelled = 0.25;  ///< of all
  double validation = 0.2;                ///< of those whose labels are left
  index_t folds = 0;                      ///< instead of `test`, if not 0
};

/// The parts of one round, each sorted.
struct Split {
  std::vector<std::string> labelled;    ///< for training and validation
  std::vector<std::string> validation;  ///< these of the labelled choose the best weights
  std::vector<std::string> unlabelled, test;
};

/// Cuts the cases, between patients and in an order that the seed decides: fold f's share, or the
/// test share, is tested on; the unlabelled share of all hides its labels; of what is left,
/// glia::split_cases draws the validation share. Throws DataError that says which part is empty and
/// which option fills it.
Split cut_cases(const CasePool& pool, const Shares& shares, std::uint64_t seed, index_t fold);

}  // namespace glia::program

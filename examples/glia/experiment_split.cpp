#include "experiment_split.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "glia/core/error.hpp"
#include "glia/core/random.hpp"
#include "glia/data/split.hpp"

namespace glia::program {

namespace {

using Words = std::vector<std::string>;

/// Moves all but the first `kept` of `from` into a part.
Words take_after(Words& from, std::size_t kept) {
  const auto first = from.begin() + static_cast<std::ptrdiff_t>(kept);
  Words taken(first, from.end());
  from.erase(first, from.end());
  return taken;
}

void append(Words& to, const Words& more) { to.insert(to.end(), more.begin(), more.end()); }

std::size_t rounded(double share, std::size_t count) {
  return static_cast<std::size_t>(std::lround(share * static_cast<double>(count)));
}

/// About `count` cases of whole patients; `ids` has a patient's cases side by side.
std::size_t whole_patients(const Words& ids, std::size_t count) {
  std::vector<std::string_view> patients;
  for (const std::string& id : ids) patients.push_back(patient_of(id));
  return patient_border(patients, count);
}

/// In an order that the seed decides, those of one patient side by side.
Words shuffled(Words ids, std::uint64_t seed) {
  std::ranges::sort(ids);
  constexpr std::uint32_t purpose = 0x65787065;  // a stream of its own
  Random random(seed, purpose);
  Words result;
  for (const std::size_t i : shuffle_patients(ids, random)) result.push_back(ids[i]);
  return result;
}

void require_parts(const Split& split, const CasePool& pool, const Shares& shares, index_t fold) {
  const bool folded = shares.folds > 0;
  const auto require = [&](const Words& part, const char* name, const std::string& remedy) {
    if (!part.empty()) return;
    throw DataError(
        "experiment: no case is left " + std::string(name) +
        (folded ? " in fold " + std::to_string(fold + 1) + " of " + std::to_string(shares.folds)
                : std::string()) +
        ": " + std::to_string(pool.labelled.size()) + " labelled, " +
        std::to_string(pool.train_only.size()) + " of --train-data and " +
        std::to_string(pool.unlabelled.size()) + " of --unlabelled would be " +
        std::to_string(split.labelled.size()) + " to train on, " +
        std::to_string(split.unlabelled.size()) + " to annotate and " +
        std::to_string(split.test.size()) + " to test on; expected at least 1 each: " + remedy);
  };
  require(split.labelled, "to train on",
          std::string("give --train-data, more labelled cases, or a smaller ") +
              (folded ? "--unlabelled-fraction or more --folds"
                      : "--test-fraction or --unlabelled-fraction"));
  require(split.unlabelled, "to annotate", "give --unlabelled or a larger --unlabelled-fraction");
  require(split.test, "to test on",
          folded ? "give fewer --folds or more labelled cases"
                 : "give a larger --test-fraction or more labelled cases");
}

}  // namespace

Split cut_cases(const CasePool& pool, const Shares& shares, std::uint64_t seed, index_t fold) {
  Words ids = shuffled(pool.labelled, seed);
  const std::size_t count = ids.size();
  const auto border = [&](index_t f) {
    const double share = static_cast<double>(f) / static_cast<double>(shares.folds);
    return whole_patients(ids, rounded(share, count));
  };
  const std::size_t first = shares.folds > 0 ? border(fold) : 0,
                    last = shares.folds > 0 ? border(fold + 1)
                                            : whole_patients(ids, rounded(shares.test, count));
  // What is tested on comes last, whichever fold it is; the others keep their order.
  std::rotate(ids.begin() + static_cast<std::ptrdiff_t>(first),
              ids.begin() + static_cast<std::ptrdiff_t>(last), ids.end());
  Split split;
  split.test = take_after(ids, count - (last - first));
  const std::size_t hidden = std::min(rounded(shares.unlabelled, count), ids.size());
  split.unlabelled = take_after(ids, whole_patients(ids, ids.size() - hidden));
  split.labelled = ids;
  split.validation = split_cases(ids, shares.validation, seed).validation;
  append(split.labelled, pool.train_only);
  append(split.unlabelled, pool.unlabelled);
  require_parts(split, pool, shares, fold);
  for (Words* part : {&split.labelled, &split.validation, &split.unlabelled, &split.test}) {
    std::ranges::sort(*part);
  }
  return split;
}

}  // namespace glia::program

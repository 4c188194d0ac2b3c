#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/random.hpp"
#include "glia/data/crop.hpp"
#include "glia/data/phantom_anatomy.hpp"
#include "glia/data/phantom_appearance.hpp"
#include "glia/data/phantom_tumour.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

/// What synthetic cases look like.
struct PhantomOptions {
  Extent extent{155, 240, 240};
  double without_enhancement = 0.15;  ///< share of cases with a low-grade tumour, which has no ET
  double several_tumours = 0.25;      ///< share of cases with two or three tumours
  double noise = 0.025;      ///< standard deviation over the brightness of white matter in T1
  double bias_field = 0.11;  ///< standard deviation of the logarithm of the coil's sensitivity
};

/// A synthetic case: skull-stripped brain MR with a tumour, whole numbers as scanners write them, 0
/// outside the brain.
struct PhantomCase {
  std::string id;
  std::array<Volume<float>, 4> images;  ///< T1, T1ce, T2, FLAIR
  LabelVolume labels;
};

/// Name of a phantom, in the form that BraTS 2023 requires: "BraTS-GLI-00042-000" for index 42.
[[nodiscard]] inline std::string phantom_id(index_t index) {
  const std::string digits = std::to_string(index);
  return "BraTS-GLI-" + std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits +
         "-000";
}

/// Case number `index` of the endless synthetic data set `seed`; the same bits for the same
/// arguments.
///
/// A brain with folded cortex, ventricles and deep grey matter holds one to three irregular tumours
/// (WT contains TC contains ET) that displace it. Oedema fades towards its border; vessels, dura
/// and old white-matter spots look like tumour in one modality or another, so thresholds are not
/// enough. The brain's size follows the extent. Throws UsageError for extents below 16 and for
/// other options outside of [0, 1].
[[nodiscard]] inline PhantomCase make_phantom(const PhantomOptions& options, std::uint64_t seed,
                                              index_t index) {
  using namespace detail;
  const Extent whole = options.extent;
  if ((std::min)({whole.d, whole.h, whole.w}) < 16) {
    throw UsageError("phantom: extent: expected at least 16 voxels along each axis, got " +
                     to_string(whole));
  }
  for (const double value :
       {options.without_enhancement, options.several_tumours, options.noise, options.bias_field}) {
    if (value >= 0 && value <= 1) continue;
    throw UsageError("phantom: expected shares and deviations in [0, 1], got " +
                     std::to_string(value));
  }
  const auto number = static_cast<std::uint32_t>(index);
  const bool enhancing = !Random{seed, number}.bernoulli(options.without_enhancement);
  const HeadFrame frame{whole, Random{seed, number, 1}};
  const std::vector<Tumour> tumours =
      draw_tumours(frame, enhancing, options.several_tumours, Random{seed, number, 2});
  const Volume<Tissue> tissue =
      make_anatomy(frame, seed, number, [&](const HeadPoint& p) { return pushed(p, tumours); });
  const Lesions lesions = grow_tumours(frame, tissue, tumours, seed, number);
  auto images = paint(frame, tissue, lesions.shares, !enhancing, seed, number);
  PhantomCase made{phantom_id(index), {}, uncrop(lesions.labels, frame.box(), whole)};
  for (std::size_t m = 0; m < images.size(); ++m) {
    const Random receiver{seed, number, static_cast<std::uint32_t>(m), 6};
    acquire(images[m], frame, tissue, options.noise, options.bias_field, receiver);
    made.images[m] = uncrop(images[m], frame.box(), whole);
  }
  return made;
}

}  // namespace glia

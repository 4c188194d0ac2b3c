#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/random.hpp"
#include "glia/data/crop.hpp"
#include "glia/data/modality.hpp"
#include "glia/data/phantom_anatomy.hpp"
#include "glia/data/phantom_tumour.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

/// What synthetic cases look like.
struct PhantomOptions {
  Extent extent{155, 240, 240};
  double without_enhancement = 0.15;  ///< share of cases with a low-grade tumour, which has no ET
  double several_tumours = 0.25;      ///< share of cases with two or three tumours
  double noise = 0.025;               ///< standard deviation over the brightness of white matter in T1
  double bias_field = 0.12;           ///< standard deviation of the logarithm of the coil's sensitivity
};

/// A synthetic case: skull-stripped brain MR with a tumour, whole numbers as scanners write them, 0 outside the brain.
struct PhantomCase {
  std::string id;                        ///< "BraTS-GLI-00042-000" for index 42
  std::array<Volume<float>, 4> images;   ///< T1, T1ce, T2, FLAIR
  LabelVolume labels;
};

namespace detail {

/// Brightness of one tissue in T1, T1ce, T2, FLAIR.
using Brightness = std::array<float, modality::count>;

/// Tissue brightness of one case: that of a typical scan, changed a little for scanner, patient and protocol.
struct Contrast {
  Brightness white{1.00F, 0.96F, 0.56F, 0.72F}, grey{0.81F, 0.82F, 0.74F, 0.88F}, fluid{0.34F, 0.34F, 1.65F, 0.28F},
      oedema{0.83F, 0.80F, 1.12F, 1.25F}, core{0.60F, 0.58F, 1.40F, 0.98F}, enhancing{0.84F, 1.32F, 0.98F, 1.15F};

  Contrast(bool low_grade, Random random) {
    if (low_grade) core = {0.66F, 0.66F, 1.30F, 1.28F};  // solid tumour, no necrosis
    for (Brightness* tissue : {&white, &grey, &fluid, &oedema, &core, &enhancing}) {
      const double spread = tissue == &white || tissue == &grey ? 0.03 : 0.08;
      for (float& value : *tissue) value *= static_cast<float>(std::exp(spread * random.normal()));
    }
  }
};

inline void blend(float& value, float other, float share) { value += share * (other - value); }

/// Three-tap smoothing along every axis, the scanner's point spread.
inline void blur(Volume<float>& volume, float side) {
  const auto along = [&](index_t outer, index_t length, index_t inner) {
    std::vector<float> previous(static_cast<std::size_t>(inner)), current(previous);
    for (index_t o = 0; o < outer; ++o) {
      float* plane = volume.voxels.data() + o * length * inner;
      std::copy_n(plane, inner, previous.begin());
      for (index_t i = 0; i < length; ++i) {
        float* at = plane + i * inner;
        const float* following = i + 1 < length ? at + inner : at;
        std::copy_n(at, inner, current.begin());
        for (index_t k = 0; k < inner; ++k) {
          const auto place = static_cast<std::size_t>(k);
          at[k] = (1 - 2 * side) * current[place] + side * (previous[place] + following[k]);
        }
        std::swap(previous, current);
      }
    }
  };
  along(volume.extent.d * volume.extent.h, volume.extent.w, 1);
  along(volume.extent.d, volume.extent.h, volume.extent.w);
  along(1, volume.extent.d, volume.extent.h * volume.extent.w);
}

/// Magnitude of a signal with normal noise in both channels of the receiver (Rice).
inline float rician(float signal, double deviation, Random& random) {
  const double radius = deviation * std::sqrt(-2 * std::log(1 - random.uniform()));
  const double angle = 2 * std::numbers::pi * random.uniform();
  return static_cast<float>(std::hypot(static_cast<double>(signal) + radius * std::cos(angle), radius * std::sin(angle)));
}

/// What is bright without being tumour: vessels, sinus and dura in T1ce, plexus, spots and caps of old white matter.
class Distractors {
 public:
  Distractors(const HeadFrame& frame, std::uint64_t seed, std::uint32_t index)
      : frame_(frame),
        tube_(frame.noise(7, Random{seed, index, 0, 4})),
        other_tube_(frame.noise(7, Random{seed, index, 1, 4})),
        places_(frame.noise(14, Random{seed, index, 2, 4})),
        spots_(frame.noise(3.4, Random{seed, index, 3, 4})) {
    Random random{seed, index, 4, 4};
    spot_level_ = random.uniform(1.1, 2.2);
    caps_ = random.uniform(0.1, 0.6);
    enhancement_ = static_cast<float>(random.uniform(1.2, 1.8));
  }

  void apply(Brightness& value, const Tissue& tissue, index_t d, index_t h, index_t w) const {
    const HeadPoint p = frame_.point(d, h, w);
    const double a = static_cast<double>(tube_.at(d, h, w)), b = static_cast<double>(other_tube_.at(d, h, w));
    const double place = static_cast<double>(places_.at(d, h, w)), spot = static_cast<double>(spots_.at(d, h, w));
    const double depth = static_cast<double>(tissue.depth), ventricle = static_cast<double>(tissue.ventricle);

    const double tube = std::exp(-(a * a + b * b) / 0.14) * smooth_step(-0.8, 0.3, place) * (1 - smooth_step(15, 40, depth));
    const double sinus = (1 - smooth_step(2, 4, std::abs(p.x))) * (1 - smooth_step(2.5, 5, depth)) *
                         smooth_step(0, 25, std::max(p.z, p.y - 20));
    const double dura = (1 - smooth_step(0.8, 2.2, depth)) * smooth_step(0.5, 1.2, place);
    const double plexus = smooth_step(0.5, 2, -ventricle) * smooth_step(0.6, 1.2, spot);
    blend(value[modality::T1ce], enhancement_, static_cast<float>(std::max({0.8 * tube, sinus, 0.7 * dura, 0.7 * plexus})));
    blend(value[modality::T2], 0.3F, static_cast<float>(0.6 * std::max(tube, sinus)));

    const double old_spot = smooth_step(spot_level_, spot_level_ + 0.4, spot) * (1 - smooth_step(12, 30, ventricle));
    const double cap = ventricle > 0 ? caps_ * std::exp(-ventricle * ventricle / 12) : 0;
    const auto bright = tissue.white * static_cast<float>(std::max(old_spot, cap));
    blend(value[modality::FLAIR], 1.25F, bright);
    blend(value[modality::T2], 0.95F, bright);
    blend(value[modality::T1], 0.84F, bright);
    blend(value[modality::T1ce], 0.82F, bright);
  }

 private:
  const HeadFrame& frame_;
  Volume<float> tube_, other_tube_, places_, spots_;
  double spot_level_ = 0, caps_ = 0;
  float enhancement_ = 1;
};

}  // namespace detail

/// Case number `index` of the endless synthetic data set `seed`; the same bits for the same arguments.
///
/// A brain with folded cortex, ventricles and deep grey matter holds one to three irregular tumours (WT contains TC contains ET)
/// that displace it. Oedema fades towards its border; vessels, dura and old white-matter spots look like tumour in one modality or another, so thresholds are not enough.
/// The brain's size follows the extent. Throws UsageError for extents below 16 or shares outside of [0, 1].
[[nodiscard]] inline PhantomCase make_phantom(const PhantomOptions& options, std::uint64_t seed, index_t index) {
  using namespace detail;
  const Extent whole = options.extent;
  if (std::min({whole.d, whole.h, whole.w}) < 16) {
    throw UsageError("phantom: extent: expected at least 16 voxels along each axis, got " + to_string(whole));
  }
  for (const double share : {options.without_enhancement, options.several_tumours}) {
    if (!(share >= 0 && share <= 1)) throw UsageError("phantom: expected a share in [0, 1], got " + std::to_string(share));
  }
  const auto number = static_cast<std::uint32_t>(index);
  Random random{seed, number};
  const bool enhancing = !random.bernoulli(options.without_enhancement);
  const HeadFrame frame{whole, Random{seed, number, 1}};
  const std::vector<Tumour> tumours = draw_tumours(enhancing, options.several_tumours, Random{seed, number, 2});
  const Volume<Tissue> tissue =
      make_anatomy(frame, seed, number, [&](const HeadPoint& p) { return pushed(p, tumours); });
  const Lesions lesions = grow_tumours(frame, tissue, tumours, seed, number);
  const Contrast contrast{!enhancing, Random{seed, number, 3}};
  const Distractors distractors{frame, seed, number};
  const Volume<float> texture = frame.noise(2.2, Random{seed, number, 4}), mottle = frame.noise(5, Random{seed, number, 5});
  const double strength = random.uniform(0.65, 1.0);  // of the oedema

  const Extent box = frame.box().extent;
  std::array<Volume<float>, 4> images;
  images.fill(Volume<float>(box, contrast.grey[0]));
  for (std::size_t v = 0; v < tissue.voxels.size(); ++v) {
    const Tissue& here = tissue.voxels[v];
    if (here.depth <= 0) continue;
    const auto at = static_cast<index_t>(v);
    const Lesion& lesion = lesions.shares.voxels[v];
    Brightness value;
    for (std::size_t m = 0; m < value.size(); ++m) {
      value[m] = here.white * contrast.white[m] + here.grey * contrast.grey[m] + here.fluid * contrast.fluid[m];
    }
    distractors.apply(value, here, at / (box.h * box.w), at / box.w % box.h, at % box.w);
    // The oedema's border is faint and its inside is mottled; both keep it from being one brightness.
    const double fading = 0.45 + 0.55 * smooth_step(0, 7, static_cast<double>(lesion.inside));
    const float oedema = lesion.oedema * static_cast<float>(std::clamp(strength * fading * (1 + 0.15 * static_cast<double>(mottle.voxels[v])), 0.0, 1.0));
    const float grain = 1 + 0.02F * texture.voxels[v];
    const float rough = 1 + (0.025F + 0.055F * lesion.core) * mottle.voxels[v] + 0.06F * lesion.core * texture.voxels[v];
    for (std::size_t m = 0; m < value.size(); ++m) {
      blend(value[m], contrast.oedema[m], oedema);
      blend(value[m], contrast.core[m], lesion.core);
      blend(value[m], contrast.enhancing[m], lesion.enhancing);
      images[m].voxels[v] = value[m] * grain * rough;
    }
  }

  std::array<char, 32> id{};
  std::snprintf(id.data(), id.size(), "BraTS-GLI-%05lld-000", static_cast<long long>(index));
  PhantomCase made{id.data(), {}, uncrop(lesions.labels, frame.box(), whole)};
  for (std::size_t m = 0; m < images.size(); ++m) {
    blur(images[m], 0.12F);
    const auto part = static_cast<std::uint32_t>(m);
    const Volume<float> bias = frame.noise(70, Random{seed, number, 6 + part});
    Random noise{seed, number, 10 + part};
    const auto scale = static_cast<float>(400 * std::exp(0.5 * random.normal()));  // scanners have no unit
    for (std::size_t v = 0; v < tissue.voxels.size(); ++v) {
      float& voxel = images[m].voxels[v];
      if (tissue.voxels[v].depth <= 0) {
        voxel = 0;
        continue;
      }
      const float signal = voxel * std::exp(static_cast<float>(options.bias_field) * bias.voxels[v]);
      voxel = std::clamp(std::round(scale * rician(signal, options.noise, noise)), 1.0F, 32767.0F);
    }
    made.images[m] = uncrop(images[m], frame.box(), whole);
  }
  return made;
}

}  // namespace glia

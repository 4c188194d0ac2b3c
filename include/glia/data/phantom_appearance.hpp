#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

#include "glia/core/random.hpp"
#include "glia/data/modality.hpp"
#include "glia/data/phantom_anatomy.hpp"
#include "glia/data/phantom_tumour.hpp"
#include "glia/tensor/volume.hpp"

namespace glia::detail {

/// Brightness of one tissue in T1, T1ce, T2, FLAIR.
using Brightness = std::array<float, modality::count>;

/// Tissue brightness of one case: that of a typical scan, changed a little for scanner, patient and
/// protocol.
struct Contrast {
  Brightness white{1.00F, 0.96F, 0.56F, 0.72F}, grey{0.81F, 0.82F, 0.74F, 0.88F},
      fluid{0.34F, 0.34F, 1.65F, 0.28F}, oedema{0.83F, 0.80F, 1.25F, 1.25F},
      core{0.60F, 0.58F, 1.40F, 0.98F}, enhancing{0.84F, 1.36F, 0.98F, 1.15F};

  Contrast(bool low_grade, Random random) {
    if (low_grade) core = {0.66F, 0.66F, 1.30F, 1.28F};  // solid tumour, no necrosis
    for (Brightness* tissue : {&white, &grey, &fluid, &oedema, &core, &enhancing}) {
      const double spread = tissue == &white || tissue == &grey ? 0.03 : 0.06;
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
  return static_cast<float>(
      std::hypot(static_cast<double>(signal) + radius * std::cos(angle), radius * std::sin(angle)));
}

/// What is bright without being tumour: vessels, sinus and dura in T1ce, plexus, spots and caps of
/// old white matter.
class Distractors {
 public:
  Distractors(const HeadFrame& frame, std::uint64_t seed, std::uint32_t index)
      : frame_(frame),
        tube_(frame.noise(7, Random{seed, index, 0, 4})),
        other_tube_(frame.noise(7, Random{seed, index, 1, 4})),
        places_(frame.noise(14, Random{seed, index, 2, 4})),
        spots_(frame.noise(3.4, Random{seed, index, 3, 4})) {
    Random random{seed, index, 4, 4};
    spot_level_ = random.uniform(1.0, 2.0);
    caps_ = random.uniform(0.15, 0.75);
    enhancement_ = static_cast<float>(random.uniform(1.2, 1.8));
  }

  void apply(Brightness& value, const Tissue& tissue, index_t d, index_t h, index_t w) const {
    const HeadPoint p = frame_.point(d, h, w);
    const double a = static_cast<double>(tube_.at(d, h, w)),
                 b = static_cast<double>(other_tube_.at(d, h, w));
    const double place = static_cast<double>(places_.at(d, h, w)),
                 spot = static_cast<double>(spots_.at(d, h, w));
    const double depth = static_cast<double>(tissue.depth),
                 ventricle = static_cast<double>(tissue.ventricle);

    const double tube = std::exp(-(a * a + b * b) / 0.14) * smooth_step(-0.8, 0.3, place) *
                        (1 - smooth_step(15, 40, depth));
    const double sinus = (1 - smooth_step(2, 4, std::abs(p.x))) * (1 - smooth_step(2.5, 5, depth)) *
                         smooth_step(0, 25, (std::max)(p.z, p.y - 20));
    const double dura = (1 - smooth_step(0.8, 2.2, depth)) * smooth_step(0.5, 1.2, place);
    const double plexus = smooth_step(0.5, 2, -ventricle) * smooth_step(0.6, 1.2, spot);
    blend(value[modality::T1ce], enhancement_,
          static_cast<float>((std::max)({0.8 * tube, sinus, 0.7 * dura, 0.7 * plexus})));
    blend(value[modality::T2], 0.3F, static_cast<float>(0.6 * (std::max)(tube, sinus)));

    const double old_spot =
        smooth_step(spot_level_, spot_level_ + 0.4, spot) * (1 - smooth_step(12, 30, ventricle));
    const double cap = ventricle > 0 ? caps_ * std::exp(-ventricle * ventricle / 12) : 0;
    const auto bright = tissue.white * static_cast<float>((std::max)(old_spot, cap));
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

/// What a perfect scanner would see of the tissues: T1, T1ce, T2, FLAIR inside the frame's box.
inline std::array<Volume<float>, modality::count> paint(const HeadFrame& frame,
                                                        const Volume<Tissue>& tissue,
                                                        const Volume<Lesion>& lesions,
                                                        bool low_grade, std::uint64_t seed,
                                                        std::uint32_t index) {
  const Extent box = frame.box().extent;
  const Contrast contrast{low_grade, Random{seed, index, 3}};
  const Distractors distractors{frame, seed, index};
  const Volume<float> texture = frame.noise(2.2, Random{seed, index, 4});
  const Volume<float> mottle = frame.noise(5, Random{seed, index, 5});
  const double swelling = Random{seed, index, 6}.uniform(0.55, 0.95);
  std::array<Volume<float>, modality::count> images;
  images.fill(Volume<float>(box, contrast.grey[0]));  // what the blur sees beyond the surface
  for (std::size_t v = 0; v < tissue.voxels.size(); ++v) {
    const Tissue& here = tissue.voxels[v];
    if (here.depth <= 0) continue;
    const Lesion& lesion = lesions.voxels[v];
    const float mottled = mottle.voxels[v], grainy = texture.voxels[v];
    Brightness value;
    for (std::size_t m = 0; m < value.size(); ++m) {
      value[m] = here.white * contrast.white[m] + here.grey * contrast.grey[m] +
                 here.fluid * contrast.fluid[m];
    }
    const auto at = static_cast<index_t>(v);
    distractors.apply(value, here, at / (box.h * box.w), at / box.w % box.h, at % box.w);
    // A faint border and a mottled inside keep oedema from being one brightness.
    const double fading = 0.45 + 0.55 * smooth_step(0, 7, static_cast<double>(lesion.inside));
    const double swollen = swelling * fading * (1 + 0.15 * static_cast<double>(mottled));
    const float oedema = lesion.oedema * static_cast<float>(std::clamp(swollen, 0.0, 1.0));
    const float grain =
        1 + (0.025F + 0.055F * lesion.core) * mottled + (0.02F + 0.06F * lesion.core) * grainy;
    for (std::size_t m = 0; m < value.size(); ++m) {
      blend(value[m], contrast.oedema[m], oedema);
      blend(value[m], contrast.core[m], lesion.core);
      blend(value[m], contrast.enhancing[m], lesion.enhancing);
      images[m].voxels[v] = value[m] * grain;
    }
  }
  return images;
}

/// What a real scanner makes of it: blur, uneven coil, noise, a scale of its own, whole numbers;
/// then skull stripping, which leaves 0 outside the brain.
inline void acquire(Volume<float>& image, const HeadFrame& frame, const Volume<Tissue>& tissue,
                    double noise, double bias_field, Random random) {
  const auto scale = static_cast<float>(400 * std::exp(0.5 * random.normal()));
  const Volume<float> bias = frame.noise(70, random);
  blur(image, 0.12F);
  for (std::size_t v = 0; v < tissue.voxels.size(); ++v) {
    float& voxel = image.voxels[v];
    if (tissue.voxels[v].depth <= 0) {
      voxel = 0;
      continue;
    }
    const float signal = voxel * std::exp(static_cast<float>(bias_field) * bias.voxels[v]);
    voxel = std::clamp(std::round(scale * rician(signal, noise, random)), 1.0F, 32767.0F);
  }
}

}  // namespace glia::detail

#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "glia/core/random.hpp"
#include "glia/data/phantom_anatomy.hpp"
#include "glia/data/region.hpp"
#include "glia/tensor/volume.hpp"

namespace glia::detail {

/// An ellipsoid of random direction and elongation, whose surface noise makes irregular.
struct Blob {
  HeadPoint centre;
  double radius = 1;
  std::array<HeadPoint, 3> axes;  ///< orthogonal; the length of each divides the extent along it

  Blob() = default;
  Blob(const HeadPoint& at, double mean_radius, double elongation, Random& random)
      : centre(at), radius(mean_radius) {
    const double turn = random.uniform(0, std::numbers::pi),
                 tilt = random.uniform(0, std::numbers::pi);
    const double stretch = std::exp(random.uniform(0, elongation)),
                 squeeze = std::exp(random.uniform(-0.5, 0.5) * elongation);
    const HeadPoint along{std::cos(turn) * std::cos(tilt), std::sin(turn) * std::cos(tilt),
                          std::sin(tilt)};
    const HeadPoint across{-std::sin(turn), std::cos(turn), 0};
    const HeadPoint third{-std::cos(turn) * std::sin(tilt), -std::sin(turn) * std::sin(tilt),
                          std::cos(tilt)};
    const auto scaled = [](const HeadPoint& p, double by) {
      return HeadPoint{p.x * by, p.y * by, p.z * by};
    };
    axes = {scaled(along, 1 / stretch), scaled(across, squeeze),
            scaled(third, std::sqrt(stretch) / squeeze)};
  }

  /// Distance from the centre in mm, as if the ellipsoid were a ball.
  [[nodiscard]] double distance(const HeadPoint& p) const {
    double sum = 0;
    for (const HeadPoint& axis : axes) {
      const double along =
          (p.x - centre.x) * axis.x + (p.y - centre.y) * axis.y + (p.z - centre.z) * axis.z;
      sum += along * along;
    }
    return std::sqrt(sum);
  }
};

/// One tumour: oedema around a core; the core of a high-grade tumour has an enhancing shell around
/// necrosis.
struct Tumour {
  Blob oedema, core;
  double shell = 0;  ///< thickness of the enhancing rim in mm, 0: none
};

/// Draws one to three tumours in the white matter of one or both hemispheres.
inline std::vector<Tumour> draw_tumours(const HeadFrame& frame, bool enhancing, double several,
                                        Random random) {
  std::vector<Tumour> tumours;
  const double thinnest =
      (std::max)(2.6, 1.5 / frame.voxels_per_mm());  // else it would not be seen
  const int count = random.bernoulli(several) ? 2 + static_cast<int>(random.below(2)) : 1;
  for (int i = 0; i < count; ++i) {
    const double size = i == 0 ? 1 : random.uniform(0.35, 0.7);
    const double side = random.bernoulli(0.5) ? 1 : -1;
    const HeadPoint centre{side * random.uniform(22, 42), random.uniform(-48, 48),
                           random.uniform(-14, 36)};
    Tumour tumour;
    const double core = size * (enhancing ? random.uniform(10, 22) : random.uniform(13, 24));
    tumour.core = Blob{centre, core, 0.35, random};
    const double rim = size * (enhancing ? random.uniform(6, 18) : random.uniform(3, 9));
    const HeadPoint shifted{centre.x + random.uniform(-0.4, 0.4) * rim,
                            centre.y + random.uniform(-0.6, 0.6) * rim,
                            centre.z + random.uniform(-0.4, 0.4) * rim};
    tumour.oedema = Blob{shifted, core + rim, 0.5, random};
    if (enhancing) tumour.shell = (std::max)(thinnest, core * random.uniform(0.2, 0.5));
    tumours.push_back(tumour);
  }
  return tumours;
}

/// Where the healthy structure comes from that a tumour has pushed to `p`.
inline HeadPoint pushed(HeadPoint p, const std::vector<Tumour>& tumours) {
  for (const Tumour& tumour : tumours) {
    const HeadPoint& c = tumour.core.centre;
    const double reach = 1.6 * tumour.core.radius;
    const HeadPoint away{p.x - c.x, p.y - c.y, p.z - c.z};
    const double square = away.x * away.x + away.y * away.y + away.z * away.z;
    const double pull = 0.4 * std::exp(-square / (2 * reach * reach));
    p = {p.x - pull * away.x, p.y - pull * away.y, p.z - pull * away.z};
  }
  return p;
}

/// How much of a voxel each tumour tissue replaces: first oedema, then core, then the enhancing
/// part of the core.
struct Lesion {
  float oedema = 0, core = 0, enhancing = 0;
  float inside = 0;  ///< mm behind the border of the oedema
};

struct Lesions {
  Volume<Lesion> shares;
  LabelVolume labels;
};

/// Grows the tumours into a healthy brain. Oedema spares fluid and follows white matter more than
/// grey.
inline Lesions grow_tumours(const HeadFrame& frame, const Volume<Tissue>& tissue,
                            const std::vector<Tumour>& tumours, std::uint64_t seed,
                            std::uint32_t index) {
  const auto field = [&](double mm, std::uint32_t number) {
    return frame.noise(mm, Random{seed, index, number, 3});
  };
  const Volume<float> coarse = field(11, 0), medium = field(5, 1), fine = field(2.7, 2),
                      patches = field(6, 3);
  Lesions grown{Volume<Lesion>(tissue.extent), LabelVolume(tissue.extent)};
  const double voxel = 0.6 / frame.voxels_per_mm();
  for (index_t d = 0; d < tissue.extent.d; ++d) {
    for (index_t h = 0; h < tissue.extent.h; ++h) {
      for (index_t w = 0; w < tissue.extent.w; ++w) {
        const Tissue& here = tissue.at(d, h, w);
        if (here.depth <= 0) continue;
        const HeadPoint p = frame.point(d, h, w);
        const double large = static_cast<double>(coarse.at(d, h, w)),
                     middle = static_cast<double>(medium.at(d, h, w));
        const double rough = static_cast<double>(fine.at(d, h, w)),
                     patch = static_cast<double>(patches.at(d, h, w));
        // The folds close to a core are pressed together: fluid there gives way.
        double inside_oedema = -1e9, inside_core = -1e9, inside_shell = -1e9;
        for (const Tumour& tumour : tumours) {
          const double from_core = tumour.core.distance(p);
          if (from_core > 3 * tumour.oedema.radius) continue;
          const double core =
              tumour.core.radius * (1 - 0.16 * large - 0.1 * middle - 0.03 * rough) - from_core;
          const double rim =
              tumour.oedema.radius * (1 - 0.22 * large - 0.12 * middle - 0.04 * rough) -
              tumour.oedema.distance(p) - 5 * static_cast<double>(here.grey) -
              9 * static_cast<double>(here.fluid);
          inside_core = (std::max)(inside_core, core);
          inside_oedema = (std::max)({inside_oedema, rim, core});
          // Gaps and islands make the shell of the core irregular.
          if (tumour.shell > 0) {
            const double shell = tumour.shell * (1 + 0.45 * middle) - core;
            inside_shell = (std::max)(
                inside_shell, (std::min)(core, (std::max)(shell, 1.5 * (rough + patch - 2.2))) +
                                  (std::min)(0.0, 2.5 * (patch + 1.7)));
          }
        }
        if (inside_oedema < -2 * voxel) continue;
        const auto share = [&](double inside) {
          return static_cast<float>(smooth_step(-voxel, voxel, inside));
        };
        grown.shares.at(d, h, w) = {share(inside_oedema), share(inside_core), share(inside_shell),
                                    static_cast<float>((std::max)(0.0, inside_oedema))};
        std::uint8_t& label = grown.labels.at(d, h, w);
        if (inside_oedema > 0) label = label::ED;
        if (inside_core > 0) label = inside_shell > 0 ? label::ET : label::NCR;
      }
    }
  }
  return grown;
}

}  // namespace glia::detail

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "glia/metrics/mask.hpp"

namespace glia {

/// Which voxels touch: those that share a face (6), also an edge (18), also a corner (26).
enum class Connectivity { faces = 1, edges = 2, corners = 3 };

/// The connected parts of a mask.
struct Components {
  Volume<std::int32_t> ids;    ///< 0 outside the mask; 1, 2, ... in scan order of the first voxel
  std::vector<index_t> sizes;  ///< voxels of component id at [id - 1]
};

namespace detail {

/// Sets of numbers that can be joined; the smallest member stands for its set.
class DisjointSets {
 public:
  std::int32_t add() {
    parent_.push_back(static_cast<std::int32_t>(parent_.size()));
    return parent_.back();
  }
  std::int32_t find(std::int32_t member) {
    while (at(member) != member) member = at(member) = at(at(member));
    return member;
  }
  std::int32_t join(std::int32_t a, std::int32_t b) {
    a = find(a);
    b = find(b);
    return at((std::max)(a, b)) = (std::min)(a, b);
  }
  [[nodiscard]] std::size_t size() const { return parent_.size(); }

 private:
  std::int32_t& at(std::int32_t member) { return parent_[static_cast<std::size_t>(member)]; }
  std::vector<std::int32_t> parent_;
};

/// The neighbours that a scan has already passed.
inline std::vector<std::array<index_t, 3>> earlier_neighbours(Connectivity connectivity) {
  std::vector<std::array<index_t, 3>> offsets;
  for (index_t d = -1; d <= 1; ++d) {
    for (index_t h = -1; h <= 1; ++h) {
      for (index_t w = -1; w <= 1; ++w) {
        const bool earlier = (d * 3 + h) * 3 + w < 0;
        const bool touches =
            std::abs(d) + std::abs(h) + std::abs(w) <= static_cast<index_t>(connectivity);
        if (earlier && touches) offsets.push_back({d, h, w});
      }
    }
  }
  return offsets;
}

}  // namespace detail

/// Finds the connected parts of a mask in two scans (Rosenfeld and Pfaltz 1966).
/// Memory: 4 bytes per voxel.
[[nodiscard]] inline Components connected_components(
    const Mask& mask, Connectivity connectivity = Connectivity::corners) {
  const Extent e = mask.extent;
  Components result{Volume<std::int32_t>(e), {}};
  const auto neighbours = detail::earlier_neighbours(connectivity);
  detail::DisjointSets sets;
  sets.add();  // the background
  for (index_t d = 0; d < e.d; ++d) {
    for (index_t h = 0; h < e.h; ++h) {
      for (index_t w = 0; w < e.w; ++w) {
        if (mask.at(d, h, w) == 0) continue;
        std::int32_t id = 0;
        for (const auto& [dd, dh, dw] : neighbours) {
          const index_t nd = d + dd, nh = h + dh, nw = w + dw;
          if (nd < 0 || nh < 0 || nh >= e.h || nw < 0 || nw >= e.w) continue;
          const std::int32_t neighbour = result.ids.at(nd, nh, nw);
          if (neighbour != 0) id = id == 0 ? neighbour : sets.join(id, neighbour);
        }
        result.ids.at(d, h, w) = id == 0 ? sets.add() : id;
      }
    }
  }
  std::vector<std::int32_t> final_id(sets.size(), 0);
  for (std::int32_t& id : result.ids.voxels) {
    if (id == 0) continue;
    std::int32_t& number = final_id[static_cast<std::size_t>(sets.find(id))];
    if (number == 0) {
      result.sizes.push_back(0);
      number = static_cast<std::int32_t>(result.sizes.size());
    }
    id = number;
    ++result.sizes[static_cast<std::size_t>(id - 1)];
  }
  return result;
}

}  // namespace glia

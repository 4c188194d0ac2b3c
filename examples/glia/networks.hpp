#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include "glia/backend/cpu.hpp"
#include "glia/core/error.hpp"
#include "glia/models/cascaded_unet.hpp"
#include "glia/models/res_unet.hpp"
#include "glia/models/unet.hpp"
#include "glia/train/weights.hpp"

namespace glia::program {

using Engine = Cpu<Float32>;
using Image = Channels<4, 3>;  // T1, T1ce, T2, FLAIR -> WT, TC, ET

/// The networks that the program can be asked for. Each is one more instantiation of everything:
/// the menu is short.
inline constexpr std::array<std::string_view, 7> network_names{
    "unet", "unet-small", "unet-tiny", "resunet", "resunet-small", "cascaded", "cascaded-small"};

inline constexpr std::string_view network_help =
    "unet: widths 30, 60, 120, 240, 320 (Isensee et al. 2018); unet-small: 16, 32, 64, 128, 160; "
    "unet-tiny: 8, 16, 32, 64; resunet: 32, 64, 128, 256 (Myronenko 2018); resunet-small: 8, 16, "
    "32, 64, without dropout; cascaded: base width 8 (Lachinov et al. 2018), on whole brains; "
    "cascaded-small: 4";

/// Calls body.operator()<Net>() for the named network. Throws UsageError for another name, which
/// stands in `where`.
template <class Body>
auto with_network(std::string_view name, Body&& body, const std::string& where = "--network") {
  if (name == "unet")
    return body.template operator()<UNet<Engine, Image, Widths<30, 60, 120, 240, 320>>>();
  if (name == "unet-small")
    return body.template operator()<UNet<Engine, Image, Widths<16, 32, 64, 128, 160>>>();
  if (name == "unet-tiny")
    return body.template operator()<UNet<Engine, Image, Widths<8, 16, 32, 64>>>();
  if (name == "resunet")
    return body.template operator()<ResUNet<Engine, Image, Widths<32, 64, 128, 256>>>();
  if (name == "resunet-small")
    return body.template operator()<ResUNet<Engine, Image, Widths<8, 16, 32, 64>, NoDropout>>();
  if (name == "cascaded")
    return body.template operator()<CascadedUNet<Engine, Image, BaseWidth<8>>>();
  if (name == "cascaded-small")
    return body.template operator()<CascadedUNet<Engine, Image, BaseWidth<4>>>();
  std::string known;
  for (const auto choice : network_names)
    known += (known.empty() ? "" : ", ") + std::string(choice);
  throw UsageError(where + ": got " + std::string(name) + ", expected one of " + known);
}

/// Whether a network reads whole brains, resampled to one grid, instead of patches.
inline bool reads_whole_brains(std::string_view network) { return network.starts_with("cascaded"); }

/// Throws UsageError unless a network can halve patches of this extent as often as it must.
inline void require_patch(index_t patch, index_t divisor, const std::string& option = "--patch") {
  if (patch % divisor == 0) return;
  const index_t lower = patch / divisor * divisor;
  throw UsageError(option + ": got " + std::to_string(patch) +
                   ", the network needs a multiple of " + std::to_string(divisor) +
                   "; the nearest are " + (lower > 0 ? std::to_string(lower) + " and " : "") +
                   std::to_string(lower + divisor));
}

/// The name that a file of weights has for its network. Throws UsageError if it has none.
inline std::string network_of(const std::filesystem::path& path, const Metadata& metadata) {
  const auto network = metadata.find("glia.network");
  if (network == metadata.end())
    throw UsageError(path.string() + ": does not name its network (glia.network)");
  return network->second;
}

}  // namespace glia::program

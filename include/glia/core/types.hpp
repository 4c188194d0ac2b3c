#pragma once

#include <cstdint>

#include "glia/core/config.hpp"

namespace glia {

/// Signed type of every extent, count and offset.
using index_t = std::int64_t;

}  // namespace glia

#pragma once

namespace glia {

/// Storage and accumulation in float.
struct Float32 {};

}  // namespace glia

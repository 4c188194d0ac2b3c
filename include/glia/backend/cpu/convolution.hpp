#pragma once

#include "glia/backend/cpu/direct.hpp"
#include "glia/backend/cpu/winograd.hpp"

/// Convolution of a source into a sink, and its adjoint applied to a gradient: Winograd's way where
/// it pays, directly elsewhere.
namespace glia::cpu {

/// Bytes that `convolve` needs.
[[nodiscard]] inline index_t convolution_workspace(Context& context, const ConvDescriptor& c,
                                                   bool adjoint, const AnySource& source,
                                                   const AnySink& sink) {
  if (WinogradPlan::suits(c, sink.shape()))
    return WinogradPlan(adjoint, source, sink, context.threads()).bytes();
  return DirectPlan(c, adjoint, source, sink, context.threads()).bytes();
}

/// sink = convolution of source, or sink = its adjoint applied to source (the gradient of the
/// output).
inline void convolve(Context& context, const ConvDescriptor& c, bool adjoint,
                     const AnySource& source, const float* weights, const AnySink& sink,
                     std::byte* workspace) {
  if (WinogradPlan::suits(c, sink.shape())) {
    convolve(context, WinogradPlan(adjoint, source, sink, context.threads()), source, weights, sink,
             workspace);
  } else {
    convolve(context, DirectPlan(c, adjoint, source, sink, context.threads()), source, weights,
             sink, workspace);
  }
}

}  // namespace glia::cpu

#pragma once

#include <array>
#include <string>

#include "glia/layers/conv3d.hpp"

namespace glia {

/// `Count` copies of a layer side by side, each with weights of its own, that never see each
/// other's tensors: what frameworks call groups, for any layer and without a kernel that knows of
/// them.
template <index_t Count, class Layer>
struct Grouped {
  static_assert(Count > 0, "Grouped: the number of groups must be positive");
  static constexpr std::size_t count = static_cast<std::size_t>(Count);

  struct Parameters {
    std::array<typename Layer::Parameters, count> group;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      for (std::size_t g = 0; g < count; ++g) f(std::to_string(g), p.group[g]...);
    }
  };

  /// Calls f(group) for every group.
  template <class F>
  static void for_each(F&& f) {
    for (std::size_t g = 0; g < count; ++g) f(g);
  }
  /// f(group) of every group.
  template <class F>
  static auto make_each(F&& f) {
    return [&]<std::size_t... G>(std::index_sequence<G...>) { return std::array{f(G)...}; }
    (std::make_index_sequence<count>{});
  }
};

/// The part of a gradient that a group writes.
template <class T>
[[nodiscard]] Store<T> slice(const Store<T>& y, index_t first, index_t count) {
  return {slice(y.y, first, count), y.accumulate};
}
[[nodiscard]] inline NoGradient slice(NoGradient, index_t, index_t) { return {}; }

/// Conv3d whose channels fall into `Groups` blocks, each convolved with itself alone. The weights
/// of the groups in order are PyTorch's weight [Out, In / Groups, kD, kH, kW].
template <Backend B, index_t In, index_t Out, index_t Groups, index_t Kernel = 3,
          index_t Stride = 1, bool Bias = true, InitialPolicy Start = KaimingNormal>
struct GroupedConv3d {
  static_assert(In % Groups == 0 && Out % Groups == 0,
                "GroupedConv3d: channel counts must be multiples of the groups");

  using T = typename B::Scalar;
  static constexpr index_t in_of_group = In / Groups, out_of_group = Out / Groups;
  using Conv =
      Conv3d<B, in_of_group, out_of_group, Kernel, Stride, Bias, OneGroupOf<Groups, Start>>;
  using Convs = Grouped<Groups, Conv>;
  using Parameters = typename Convs::Parameters;

  static void forward(Context& k, const Parameters& p, View<const T> x, View<T> y) {
    Convs::for_each([&](std::size_t g) {
      Conv::forward(k, p.group[g], input(x, g),
                    {.y = slice(y, first<out_of_group>(g), out_of_group)});
    });
  }

  /// `grad` is dL/dy; dL/dx goes to `grad_x`, a Store or NoGradient; dL/dweight and dL/dbias are
  /// added to `grads`.
  template <class Y>
  static void backward(Context& k, const Parameters& p, View<const T> x, View<const T> grad,
                       const Y& grad_x, Parameters& grads) {
    Convs::for_each([&](std::size_t g) {
      Conv::backward(k, p.group[g], input(x, g),
                     Plain<T>{slice(grad, first<out_of_group>(g), out_of_group)},
                     slice(grad_x, first<in_of_group>(g), in_of_group), grads.group[g]);
    });
  }

 private:
  template <index_t Size>
  static index_t first(std::size_t g) {
    return static_cast<index_t>(g) * Size;
  }
  static Wire<in_of_group, Plain<T>> input(View<const T> x, std::size_t g) {
    return {{slice(x, first<in_of_group>(g), in_of_group)}};
  }
};

}  // namespace glia

#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "glia/core/types.hpp"
#include "glia/tensor/initial.hpp"

namespace glia {

/// One named array of weights, owned by a `ParameterSet`. Dims are PyTorch's for a convolution:
/// [Out, In, kD, kH, kW].
template <class T, Initial Start, index_t... Dims>
struct Parameter {
  using Scalar = T;
  static constexpr Initial initial = Start;
  static constexpr std::array<index_t, sizeof...(Dims)> dims{Dims...};
  static constexpr index_t size = (Dims * ... * 1);
  T* data = nullptr;
};

/// A struct of parameters: `fields(f, p...)` calls f(name, p.member...) once per member. An empty
/// name splices the member's own fields into the parent's path, so that recursive structs get flat
/// names.
template <class P>
concept ParameterStruct = requires(P p) {
  P::fields([](const auto&, auto&) {}, p);
};

namespace detail {
inline std::string join_path(const std::string& a, const std::string& b) {
  return a.empty() ? b : b.empty() ? a : a + "." + b;
}
}  // namespace detail

/// Calls f(path, parameter...) for every parameter of one or more equal structs in step.
template <class F, class P, class... More>
void visit_parameters(F&& f, const std::string& path, P& p, More&... more) {
  if constexpr (ParameterStruct<std::remove_const_t<P>>) {
    std::remove_const_t<P>::fields(
        [&](const std::string& name, auto&... member) {
          visit_parameters(f, detail::join_path(path, name), member...);
        },
        p, more...);
  } else {
    f(path, p, more...);
  }
}

/// Consecutive parameters of one kind in a flat array of them.
struct ParameterBlock {
  index_t first, count;
  bool kernels;  ///< weights of convolutions and dense layers; else gains, offsets and biases
};

/// Number of scalars in a struct of parameters.
template <ParameterStruct P>
[[nodiscard]] index_t count_parameters() {
  index_t total = 0;
  P p;
  visit_parameters([&](const std::string&,
                       const auto& leaf) { total += std::remove_cvref_t<decltype(leaf)>::size; },
                   "", p);
  return total;
}

/// Owns the memory of a struct of parameters as one array in visiting order: weights, gradients and
/// optimiser moments are all values of this type, and whole-model operations see one flat span.
template <ParameterStruct P, class T>
class ParameterSet {
 public:
  /// All zero. Without memory (`allocated` false) addresses are names that must not be
  /// dereferenced.
  explicit ParameterSet(bool allocated = true)
      : size_(count_parameters<P>()), memory_(allocated ? static_cast<std::size_t>(size_) : 0) {
    T* next = allocated ? memory_.data() : reinterpret_cast<T*>(alignof(T));
    visit_parameters(
        [&](const std::string&, auto& leaf) {
          leaf.data = next;
          next = reinterpret_cast<T*>(
              reinterpret_cast<std::uintptr_t>(next) +
              sizeof(T) * static_cast<std::size_t>(std::remove_cvref_t<decltype(leaf)>::size));
        },
        "", fields_);
  }
  ParameterSet(const ParameterSet&) = delete;
  ParameterSet& operator=(const ParameterSet&) = delete;

  [[nodiscard]] P& fields() { return fields_; }
  [[nodiscard]] const P& fields() const { return fields_; }
  [[nodiscard]] index_t size() const { return size_; }
  [[nodiscard]] std::span<T> flat() { return memory_; }
  [[nodiscard]] std::span<const T> flat() const { return memory_; }

  /// The flat array in order: kernels, and between them what has one dimension only.
  [[nodiscard]] std::vector<ParameterBlock> blocks() const {
    std::vector<ParameterBlock> blocks;
    visit_parameters(
        [&](const std::string&, const auto& leaf) {
          using Leaf = std::remove_cvref_t<decltype(leaf)>;
          constexpr bool kernel = Leaf::dims.size() > 1;
          if (!blocks.empty() && blocks.back().kernels == kernel)
            blocks.back().count += Leaf::size;
          else
            blocks.push_back({leaf.data - memory_.data(), Leaf::size, kernel});
        },
        "", fields_);
    return blocks;
  }

  /// Draws every parameter as its `Initial` says; the numbers depend on the seed and the position
  /// alone.
  void initialise(std::uint64_t seed) {
    std::uint32_t ordinal = 0;
    visit_parameters(
        [&](const std::string&, auto& leaf) {
          using Leaf = std::remove_cvref_t<decltype(leaf)>;
          Random random(seed, ordinal++);
          for (index_t i = 0; i < Leaf::size; ++i)
            leaf.data[i] = static_cast<T>(Leaf::initial.draw(random));
        },
        "", fields_);
  }

 private:
  index_t size_;
  std::vector<T> memory_;
  P fields_;
};

}  // namespace glia

#pragma once

#include <utility>

#include "glia/tensor/context.hpp"
#include "glia/tensor/view.hpp"

namespace glia {

/// A tensor in arena memory; move-only. Its memory lives as long as the object: release it by `t =
/// {}` or by scope. It must not outlive the run (ArenaScope) and the arena that it was made in.
template <class T>
class Tensor {
 public:
  Tensor() = default;
  /// [N, D, H, W, C] with voxels `pitch` elements apart. The memory is not initialised.
  Tensor(Context& context, Shape shape, index_t pitch)
      : arena_(&context.arena()),
        id_(arena_->allocate(allocatable_elements(with_channels(shape, pitch)) * sizeof(T))),
        view_{reinterpret_cast<T*>(arena_->address(id_)), shape, pitch} {}
  Tensor(Tensor&& other) noexcept
      : arena_(std::exchange(other.arena_, nullptr)),
        id_(other.id_),
        view_(std::exchange(other.view_, {})) {}
  Tensor& operator=(Tensor&& other) noexcept {
    if (this != &other) {
      release();
      arena_ = std::exchange(other.arena_, nullptr);
      id_ = other.id_;
      view_ = std::exchange(other.view_, {});
    }
    return *this;
  }
  ~Tensor() { release(); }

  [[nodiscard]] View<T> view() const { return view_; }
  [[nodiscard]] T* data() const { return view_.data; }
  [[nodiscard]] const Shape& shape() const { return view_.shape; }

 private:
  void release() {
    if (arena_) std::exchange(arena_, nullptr)->release(id_);
    view_ = {};
  }

  Arena* arena_ = nullptr;
  std::size_t id_ = 0;
  View<T> view_{};
};

/// `count` elements of arena memory without a shape: coefficients, sums, workspaces.
template <class T>
[[nodiscard]] Tensor<T> make_array(Context& context, index_t count) {
  return Tensor<T>(context, Shape{1, 1, 1, 1, count}, count);
}

}  // namespace glia

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "conformance/operands.hpp"
#include "glia/backend/cpu.hpp"
#include "glia/backend/reference.hpp"
#include "support/tensors.hpp"

using namespace glia;
using test::SourceKind;

namespace {

struct Problem {
  ConvDescriptor conv;
  Shape in;
  SourceKind source = SourceKind::plain;
  SourceKind gradient = SourceKind::plain;
  index_t padding = 0;
  bool bias = true;
};

std::string name(const Problem& p) {
  return to_string(p.in) + " -> " + std::to_string(p.conv.out) + " kernel " +
         std::to_string(p.conv.kernel) + " stride " + std::to_string(p.conv.stride) + " source " +
         std::to_string(static_cast<int>(p.source)) + " gradient " +
         std::to_string(static_cast<int>(p.gradient));
}

struct Gradients {
  std::vector<double> weights, bias;
  friend bool operator==(const Gradients&, const Gradients&) = default;
};

/// The gradients that backend B adds to arrays that hold 0.5 already.
template <class B>
Gradients solve(const Problem& p, int threads) {
  using T = typename B::Scalar;
  Context k{{.threads = threads}};
  test::Operands<T> operands(p.padding);
  const auto weight_count = static_cast<std::size_t>(p.conv.in * p.conv.out * p.conv.taps());
  const std::vector<T> weights(weight_count);
  std::vector<T> dw(weight_count, T(0.5)), db(static_cast<std::size_t>(p.conv.out), T(0.5));
  operands.with_source(p.source, p.in, [&](const auto& x) {
    operands.with_source(p.gradient, p.conv.output(p.in), [&](const auto& grad) {
      const index_t bytes = B::backward_workspace(k, p.conv, x, grad, NoGradient{});
      const auto work = make_array<std::byte>(k, bytes);
      std::memset(work.data(), 0xff,
                  static_cast<std::size_t>(bytes));  // NaN: nothing may rely on zeros
      B::convolution_backward(k, p.conv, x, grad, weights.data(), NoGradient{}, dw.data(),
                              p.bias ? db.data() : nullptr, work.data());
    });
  });
  return {{dw.begin(), dw.end()}, {db.begin(), db.end()}};
}

template <class I>
void check_with(const Problem& p, const Gradients& expected) {
  const auto got = solve<Cpu<Float32, I>>(p, 1);
  CHECK(test::relative_error(got.weights, expected.weights) < 3e-6);
  CHECK(test::relative_error(got.bias, expected.bias) < 3e-6);
  for (const int threads : {2, 3}) CHECK(solve<Cpu<Float32, I>>(p, threads) == got);
}

void check(const Problem& p) {
  CAPTURE(name(p));
  const auto expected = solve<Reference<double>>(p, 1);
  check_with<isa::Generic>(p, expected);
#if defined(__x86_64__)
  if (cpu::detect_isa() >= cpu::Isa::avx2) check_with<isa::Avx2>(p, expected);
  if (cpu::detect_isa() >= cpu::Isa::avx512) check_with<isa::Avx512>(p, expected);
#endif
}

}  // namespace

TEST_CASE("cpu weight gradients: odd shapes, channels, kernels and strides against the reference") {
  for (const index_t kernel : {1, 3, 5}) {
    for (const index_t stride : {1, 2, 3}) {
      for (const Shape in : {Shape{1, 1, 1, 1, 1}, Shape{2, 3, 5, 7, 3}, Shape{1, 4, 1, 33, 6},
                             Shape{1, 2, 6, 5, 35}}) {
        for (const index_t out : {1, 4, 30, 49}) check({{in.c, out, kernel, stride}, in});
      }
    }
  }
}

TEST_CASE("cpu weight gradients: every source and gradient against the reference") {
  for (const index_t padding : {0, 5}) {
    for (const auto source :
         {SourceKind::activated, SourceKind::upsampled, SourceKind::nearest, SourceKind::joined}) {
      for (const auto gradient :
           {SourceKind::plain, SourceKind::norm_gradient, SourceKind::dropped}) {
        check({{22, 13, 3, 1}, {2, 4, 6, 10, 22}, source, gradient, padding});
        check({{4, 32, 3, 2}, {1, 6, 8, 4, 4}, source, gradient, padding});
        check({{30, 3, 1, 1}, {2, 4, 6, 10, 30}, source, gradient, padding});
      }
    }
  }
}

TEST_CASE("cpu weight gradients: several chunks of planes and rows") {
  check({{3, 5, 3, 1}, {2, 18, 20, 70, 3}});
  check({{5, 3, 3, 2}, {1, 37, 41, 130, 5}, SourceKind::activated, SourceKind::norm_gradient});
  check({{70, 8, 3, 1}, {1, 4, 23, 66, 70}});
  check({{6, 2, 1, 2}, {1, 40, 35, 81, 6}});
  check({{2, 3, 3, 1}, {20, 2, 4, 520, 2}});  // more blocks than chunks: packed rows are used again
}

TEST_CASE("cpu weight gradients: layers with more weights than voxels") {
  check({{130, 131, 3, 1}, {2, 3, 4, 5, 130}, SourceKind::activated, SourceKind::norm_gradient, 5});
  check({{130, 129, 3, 2}, {2, 4, 3, 5, 130}});
  check({{200, 210, 1, 1}, {2, 2, 3, 2, 200}});
  check({{90, 210, 1, 2}, {1, 5, 3, 4, 90}});
}

TEST_CASE("cpu weight gradients: blocks of 2x2x2 voxels") {
  for (const Shape in : {Shape{1, 2, 2, 2, 1}, Shape{2, 4, 6, 8, 3}, Shape{1, 3, 5, 17, 20}}) {
    for (const index_t out : {1, 30}) check({{in.c, out, 2, 2}, in});
  }
  check({{70, 8, 2, 2}, {1, 4, 22, 66, 70}});
  check({{130, 129, 2, 2}, {2, 4, 2, 4, 130}});
}

TEST_CASE("cpu weight gradients: no bias") {
  const Problem p{{5, 6, 3, 1}, {1, 3, 4, 5, 5}, SourceKind::plain, SourceKind::plain, 0, false};
  CHECK(solve<Cpu<Float32>>(p, 1).bias == std::vector<double>(6, 0.5));
}

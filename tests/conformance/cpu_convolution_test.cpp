#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "conformance/operands.hpp"
#include "glia/backend/cpu.hpp"
#include "glia/backend/reference.hpp"
#include "support/backends.hpp"
#include "support/tensors.hpp"

using namespace glia;
using test::SinkKind;
using test::SourceKind;

static_assert(Backend<Cpu<Float32>>);

namespace {

enum class Operation { forward, backward_data, store };

struct Problem {
  Operation operation;
  ConvDescriptor conv;
  Shape in;
  SourceKind source;
  SinkKind sink;
  index_t padding = 0;
};

std::string name(const Problem& p) {
  return std::to_string(static_cast<int>(p.operation)) + ": " + to_string(p.in) + " -> " +
         std::to_string(p.conv.out) + " kernel " + std::to_string(p.conv.kernel) + " stride " +
         std::to_string(p.conv.stride) + " source " + std::to_string(static_cast<int>(p.source)) +
         " sink " + std::to_string(static_cast<int>(p.sink)) + " padding " +
         std::to_string(p.padding);
}

/// What backend B makes of the problem.
template <class B>
test::Results solve(const Problem& p, int threads) {
  using T = typename B::Scalar;
  Context k{{.threads = threads}};
  test::Operands<T> operands(p.padding);
  const index_t weight_count = p.conv.in * p.conv.out * p.conv.taps();
  const T* weights = operands.array(weight_count, 0, 0.2);
  const Shape out = p.conv.output(p.in);
  if (p.operation == Operation::forward) {
    operands.with_source(p.source, p.in, [&](const auto& x) {
      operands.with_sink(p.sink, out, [&](const auto& y) {
        const auto work = make_array<std::byte>(k, B::forward_workspace(k, p.conv, x, y));
        B::convolution(k, p.conv, x, weights, y, work.data());
      });
    });
  } else if (p.operation == Operation::backward_data) {
    const Plain<T> x{operands.tensor(p.in)};
    std::vector<T> dw(static_cast<std::size_t>(weight_count)),
        db(static_cast<std::size_t>(p.conv.out));
    operands.with_source(p.source, out, [&](const auto& grad) {
      operands.with_sink(p.sink, p.in, [&](const auto& y) {
        const auto work = make_array<std::byte>(k, B::backward_workspace(k, p.conv, x, grad, y));
        B::convolution_backward(k, p.conv, x, grad, weights, y, dw.data(), db.data(), work.data());
      });
    });
  } else {
    operands.with_source(p.source, p.in, [&](const auto& x) {
      operands.with_sink(p.sink, p.in, [&](const auto& y) {
        const auto work = make_array<std::byte>(k, B::store_workspace(k, x, y));
        B::store(k, x, y, work.data());
      });
    });
  }
  return results_of(operands);
}

template <class I>
void check_with(const Problem& p, const test::Results& expected) {
  const auto got = solve<Cpu<Float32, I>>(p, 1);
  CHECK(got.padding_kept);
  for (std::size_t i = 0; i < expected.tensors.size(); ++i) {
    CHECK(test::relative_error(got.tensors[i], expected.tensors[i]) < 1e-5);
  }
  for (std::size_t i = 0; i < expected.sums.size(); ++i) {
    CHECK(test::relative_error(got.sums[i], expected.sums[i]) < 1e-5);
  }
  for (const int threads : {2, 3}) {
    const auto again = solve<Cpu<Float32, I>>(p, threads);
    CHECK(again.tensors == got.tensors);
    CHECK(again.sums == got.sums);
  }
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

const std::vector<SourceKind> any_shape{SourceKind::plain, SourceKind::activated,
                                        SourceKind::norm_gradient};
const std::vector<SourceKind> even_shape{SourceKind::upsampled, SourceKind::nearest,
                                         SourceKind::joined};
const std::vector<SinkKind> sinks{
    SinkKind::store,         SinkKind::accumulate,         SinkKind::output,
    SinkKind::pooled_output, SinkKind::activated_gradient, SinkKind::split};

}  // namespace

TEST_CASE("cpu convolution: odd shapes, channels, kernels and strides against the reference") {
  for (const auto operation : {Operation::forward, Operation::backward_data}) {
    for (const index_t kernel : {1, 3, 5}) {
      for (const index_t stride : {1, 2, 3}) {
        for (const Shape in : {Shape{1, 1, 1, 1, 1}, Shape{2, 3, 5, 7, 3}, Shape{1, 4, 1, 33, 6},
                               Shape{1, 2, 6, 5, 17}}) {
          for (const index_t out : {1, 4, 30}) {
            check({operation, {in.c, out, kernel, stride}, in, SourceKind::plain, SinkKind::store});
          }
        }
      }
    }
  }
}

TEST_CASE("cpu convolution: blocks of 2x2x2 voxels against the reference") {
  for (const auto operation : {Operation::forward, Operation::backward_data}) {
    for (const Shape in : {Shape{1, 2, 2, 2, 1}, Shape{2, 4, 6, 8, 3}, Shape{1, 3, 5, 17, 20}}) {
      for (const index_t out : {1, 30}) {
        check({operation, {in.c, out, 2, 2}, in, SourceKind::plain, SinkKind::accumulate, 5});
      }
    }
    check({operation, {64, 40, 2, 2}, {1, 4, 10, 66, 64}, SourceKind::plain, SinkKind::output});
  }
}

TEST_CASE("cpu convolution: every source with every sink against the reference") {
  for (const auto operation : {Operation::forward, Operation::backward_data}) {
    for (const index_t padding : {0, 5}) {
      for (const SinkKind sink : sinks) {
        for (const SourceKind source : any_shape) {
          check({operation, {13, 22, 3, 1}, {2, 5, 7, 9, 13}, source, sink, padding});
          check({operation, {5, 6, 3, 2}, {2, 6, 7, 8, 5}, source, sink, padding});
        }
        for (const SourceKind source : even_shape) {
          check({operation, {21, 20, 3, 1}, {2, 4, 6, 10, 21}, source, sink, padding});
        }
      }
    }
  }
}

TEST_CASE("cpu convolution: many channels, blocks of vectors, several tasks") {
  for (const auto operation : {Operation::forward, Operation::backward_data}) {
    check({operation,
           {256, 40, 3, 1},
           {1, 3, 6, 4, 256},
           SourceKind::plain,
           SinkKind::pooled_output});
    check({operation,
           {40, 80, 3, 2},
           {1, 5, 9, 21, 40},
           SourceKind::plain,
           SinkKind::activated_gradient});
    check({operation,
           {20, 112, 3, 1},
           {1, 9, 30, 17, 20},
           SourceKind::plain,
           SinkKind::pooled_output});
    check({operation, {112, 300, 1, 1}, {1, 3, 4, 5, 112}, SourceKind::plain, SinkKind::store});
  }
}

TEST_CASE(
    "cpu convolution: Winograd tiles, odd extents, tails of channels, every source and sink") {
  for (const auto operation : {Operation::forward, Operation::backward_data}) {
    for (const SinkKind sink : sinks) {
      check({operation, {20, 35, 3, 1}, {2, 8, 9, 34, 20}, SourceKind::activated, sink});
    }
    for (const SourceKind source : any_shape) {
      check({operation, {33, 16, 3, 1}, {1, 7, 15, 17, 33}, source, SinkKind::pooled_output, 3});
    }
    for (const SourceKind source : even_shape) {
      check({operation, {18, 20, 3, 1}, {1, 12, 14, 16, 18}, source, SinkKind::split});
    }
    check({operation, {16, 64, 3, 1}, {1, 5, 7, 150, 16}, SourceKind::plain, SinkKind::store});
  }
}

TEST_CASE("cpu convolution: rows that are one tile of three vectors (AVX-512)") {
  for (const auto operation : {Operation::forward, Operation::backward_data}) {
    for (const index_t width : {7, 8, 9}) {
      const Shape in{1, 3, 5, width, 40};
      check({operation, {40, 48, 3, 1}, in, SourceKind::activated, SinkKind::pooled_output, 5});
    }
    // Weights in several chunks; 5 and 7 vectors are blocks of 2 and 3.
    check({operation, {112, 80, 3, 1}, {1, 3, 4, 9, 112}, SourceKind::plain, SinkKind::split});
    // Nine outputs of each residue, two apart in the adjoint.
    check({operation, {40, 36, 3, 2}, {1, 4, 5, 17, 40}, SourceKind::plain, SinkKind::output});
  }
}

TEST_CASE("cpu convolution: small planes are made in groups of four, of three and what is left") {
  // Each sample is a task of four planes and one of one.
  const index_t samples = 16, planes = 5, few = 2, many = 34;
  const auto check_both = [&](index_t kernel, index_t stride, Extent coarse) {
    const Extent fine{stride * coarse.d, stride * coarse.h, stride * coarse.w};
    check({Operation::forward,
           {few, many, kernel, stride},
           make_shape(samples, fine, few),
           SourceKind::plain,
           SinkKind::pooled_output});
    check({Operation::backward_data,
           {many, few, kernel, stride},
           make_shape(samples, coarse, many),
           SourceKind::plain,
           SinkKind::activated_gradient});
  };
  for (const Extent coarse : {Extent{planes, 3, 7}, Extent{planes, 4, 9}}) {
    for (const index_t stride : {1, 2}) check_both(3, stride, coarse);
  }
  check_both(1, 1, {planes, 4, 9});
  check_both(2, 2, {planes, 4, 9});
}

TEST_CASE("cpu store: every source with every sink against the reference") {
  for (const index_t padding : {0, 5}) {
    for (const SinkKind sink : sinks) {
      for (const SourceKind source : any_shape) {
        check({Operation::store, {1, 1, 1, 1}, {2, 5, 7, 9, 23}, source, sink, padding});
        check({Operation::store, {1, 1, 1, 1}, {1, 3, 70, 66, 13}, source, sink, padding});
      }
      for (const SourceKind source : even_shape) {
        check({Operation::store, {1, 1, 1, 1}, {2, 4, 6, 10, 22}, source, sink, padding});
        check({Operation::store, {1, 1, 1, 1}, {1, 2, 2, 2, 2}, source, sink, padding});
      }
    }
  }
}

TEST_CASE("cpu dropout: elements and channels, in convolutions and stores, against the reference") {
  for (const auto source : {SourceKind::dropped, SourceKind::dropped_channels}) {
    for (const auto sink : {SinkKind::accumulate, SinkKind::pooled_output}) {
      check({Operation::forward, {13, 22, 3, 1}, {2, 5, 7, 9, 13}, source, sink, 5});
      check({Operation::forward, {5, 6, 3, 2}, {2, 6, 7, 8, 5}, source, sink});
      check({Operation::backward_data, {22, 13, 3, 1}, {2, 5, 7, 9, 22}, source, sink, 5});
      check({Operation::store, {1, 1, 1, 1}, {1, 3, 70, 66, 13}, source, sink, 5});
    }
  }
}

TEST_CASE("cpu outputs that no cache holds are bit for bit what their parts are by themselves") {
  // 28 channels: a whole cache line, which is written past the caches, and a rest, which is not.
  using B = Cpu<Float32>;
  constexpr index_t planes = 296, planes_of_part = 8, channels = 28, few = 4, pitch = 32;
  constexpr Shape whole{1, planes, 64, 64, channels}, part{1, planes_of_part, 64, 64, channels};
  static_assert(whole.elements() * 4 >= cpu::OutputKernel::streamed_bytes &&
                part.elements() * 4 < cpu::OutputKernel::streamed_bytes);
  Context k{{.threads = 2}};
  HostTensor<float> coarse(halved(whole));
  std::uint32_t state = 1;
  for (float& value : coarse.values()) {
    state = 1664525 * state + 1013904223;
    value = static_cast<float>(state >> 8) * 0x1p-24F - 0.25F;
  }
  std::vector<float> bias(channels), gain(channels), weights(channels * few);
  test::randomise(std::span(bias), 1);
  test::randomise(std::span(gain), 2);
  test::randomise(std::span(weights), 3);

  struct Result {
    Tensor<float> y, pooled;
    std::vector<double> moments = std::vector<double>(2 * channels);
    Result(Context& context, Shape shape)
        : y(context, shape, pitch), pooled(context, halved(shape), channels) {
      std::fill_n(y.data(), shape.voxels() * pitch, -1.0F);
    }
  };
  const auto make = [&](bool convolves, index_t first_plane, Result& result) {
    View<const float> from = std::as_const(coarse).view();
    from.data = from.row(0, first_plane / 2, 0);
    from.shape.d = result.y.shape().d / 2;
    const Output<float> sink{.y = result.y.view(),
                             .bias = bias.data(),
                             .moments = result.moments.data(),
                             .pooled = result.pooled.view(),
                             .gain = gain.data()};
    if (convolves) {
      const Upsampled<Plain<float>> x{{slice(from, 0, few)}, Interpolation::nearest};
      test::convolution<B>(k, {few, channels, 1, 1}, x, weights.data(), sink);
    } else {
      test::store<B>(k, Upsampled<Plain<float>>{{from}, Interpolation::nearest}, sink);
    }
  };
  const auto equal = [](const Tensor<float>& large, index_t first_plane, const Tensor<float>& one) {
    const View<float> view = one.view();
    const auto count = static_cast<std::size_t>(view.shape.voxels() * view.pitch);
    return std::memcmp(large.view().row(0, first_plane, 0), view.data, count * 4) == 0;
  };
  for (const bool convolves : {false, true}) {
    Result large(k, whole), one(k, part);
    make(convolves, 0, large);
    for (index_t d = 0; d < planes; d += planes_of_part) {
      make(convolves, d, one);
      REQUIRE(equal(large.y, d, one.y));
      REQUIRE(equal(large.pooled, d / 2, one.pooled));
    }
    CHECK(test::relative_error(large.moments, one.moments) < 1e-12);
  }
}

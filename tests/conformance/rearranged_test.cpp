#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <string>

#include "conformance/operands.hpp"
#include "glia/source/averaged.hpp"
#include "glia/source/interleaved.hpp"
#include "glia/source/maximum.hpp"
#include "glia/source/voxelwise.hpp"
#include "support/backends.hpp"

using namespace glia;

namespace {

/// Tensors of halves, so that several often hold the largest value together.
template <class T>
View<T> with_ties(test::Operands<T>& operands, Shape s) {
  const View<T> x = operands.tensor(s);
  for (index_t i = 0; i < s.n * s.voxels() * x.pitch; ++i)
    x.data[i] = std::round(2 * x.data[i]) / 2;
  return x;
}
template <index_t Count, class T>
Maximum<T, Count> maximum(test::Operands<T>& operands, Shape s) {
  Maximum<T, Count> source;
  for (View<const T>& x : source.x) x = with_ties(operands, s);
  return source;
}
template <class T, index_t Count>
MaximumGradient<T, Count> adjoint(test::Operands<T>& operands, const Maximum<T, Count>& source,
                                  bool accumulate) {
  MaximumGradient<T, Count> sink{source, {}, accumulate};
  for (View<T>& grad : sink.grad) grad = operands.output(operands.tensor(source.shape()));
  return sink;
}
template <class F, class T>
Voxelwise<T, F> voxelwise(test::Operands<T>& operands, Shape s) {
  return {operands.tensor(s, 4)};
}
template <class T, class F>
VoxelwiseGradient<T, F> adjoint(test::Operands<T>& operands, const Voxelwise<T, F>& source) {
  return {source, operands.output(operands.tensor(source.x.shape))};
}

/// Runs `operation(context, operands)` on B and on the reference and compares all that it wrote;
/// then on one and three threads.
template <class B, class F>
void agree(F&& operation) {
  for (const index_t padding : {0, 5}) {
    CAPTURE(padding);
    const auto run = [&]<class Any>(std::type_identity<Any>, int threads) {
      Context k{{.threads = threads}};
      test::Operands<typename Any::Scalar> operands(padding);
      operation.template operator()<Any>(k, operands);
      return test::results_of(operands);
    };
    const auto expected = run(std::type_identity<Reference<double>>{}, 1);
    const auto one = run(std::type_identity<B>{}, 1), three = run(std::type_identity<B>{}, 3);
    CHECK(one.padding_kept);
    REQUIRE(one.tensors.size() == expected.tensors.size());
    for (std::size_t i = 0; i < expected.tensors.size(); ++i) {
      CAPTURE(i);
      CHECK(test::relative_error(one.tensors[i], expected.tensors[i]) < 2e-6);
    }
    CHECK(one.tensors == three.tensors);
  }
}

/// The source materialised.
template <class B, class S, class T>
void stored(Context& k, test::Operands<T>& operands, const S& source) {
  test::store<B>(k, source, Store<T>{operands.output(operands.tensor(source.shape()))});
}
/// A random tensor given to the sink.
template <class B, class S, class T>
void taken(Context& k, test::Operands<T>& operands, const S& sink) {
  test::store<B>(k, Plain<T>{operands.tensor(sink.shape())}, sink);
}

using Regions = RegionLogits<ClassSet<1, 2, 3>, ClassSet<1, 3>, ClassSet<3>>;

const std::vector<Shape> shapes{
    {1, 1, 1, 1, 1}, {2, 3, 2, 5, 3}, {1, 2, 3, 7, 16}, {1, 3, 1, 2, 37}};

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("blocks of voxels as channels, and back", B, interleaved) {
  if (!test::available<B>()) return;
  for (const Shape coarse : shapes) {
    CAPTURE(to_string(coarse));
    agree<B>([&]<class Any, class T>(Context& k, test::Operands<T>& operands) {
      stored<Any>(k, operands, Deinterleaved<T>{operands.tensor(doubled(coarse))});
      taken<Any>(k, operands, Interleaved<T>{operands.output(operands.tensor(doubled(coarse)))});
    });
  }
}
TEST_CASE_TEMPLATE_APPLY(interleaved, test::Backends);

TEST_CASE_TEMPLATE_DEFINE("the largest of several tensors, and its adjoint", B, largest) {
  if (!test::available<B>()) return;
  for (const Shape s : shapes) {
    CAPTURE(to_string(s));
    agree<B>([&]<class Any, class T>(Context& k, test::Operands<T>& operands) {
      const auto of_four = maximum<4>(operands, s);
      stored<Any>(k, operands, of_four);
      taken<Any>(k, operands, adjoint(operands, of_four, false));
      taken<Any>(k, operands, adjoint(operands, of_four, true));
      const auto of_one = maximum<1>(operands, s);
      stored<Any>(k, operands, of_one);
      taken<Any>(k, operands, adjoint(operands, of_one, false));
    });
  }
}
TEST_CASE_TEMPLATE_APPLY(largest, test::Backends);

TEST_CASE_TEMPLATE_DEFINE("means of cubes, and their adjoint", B, averaged) {
  if (!test::available<B>()) return;
  for (const Shape coarse : shapes) {
    for (const index_t factor : {1, 2, 4}) {
      CAPTURE(to_string(coarse));
      CAPTURE(factor);
      const Shape fine{coarse.n, factor * coarse.d, factor * coarse.h, factor * coarse.w, coarse.c};
      agree<B>([&]<class Any, class T>(Context& k, test::Operands<T>& operands) {
        stored<Any>(k, operands, Averaged<T>{operands.tensor(fine), factor});
        stored<Any>(k, operands, Averaged<T>{operands.tensor(fine), factor, true});
        for (const bool accumulate : {false, true}) {
          taken<Any>(
              k, operands,
              AveragedGradient<T>{operands.output(operands.tensor(fine)), factor, accumulate});
        }
      });
    }
  }
}
TEST_CASE_TEMPLATE_APPLY(averaged, test::Backends);

TEST_CASE_TEMPLATE_DEFINE("functions of the channels of a voxel, and their adjoints", B,
                          functions) {
  if (!test::available<B>()) return;
  for (const Shape s : {Shape{1, 1, 1, 1, 4}, Shape{2, 2, 3, 17, 4}, Shape{1, 1, 2, 131, 4}}) {
    CAPTURE(to_string(s));
    agree<B>([&]<class Any, class T>(Context& k, test::Operands<T>& operands) {
      const auto check = [&]<class F>(F) {
        const auto source = voxelwise<F>(operands, s);
        stored<Any>(k, operands, source);
        taken<Any>(k, operands, adjoint(operands, source));
      };
      check(Sigmoid{});
      check(Softmax{});
      check(Regions{});
    });
  }
}
TEST_CASE_TEMPLATE_APPLY(functions, test::Backends);

TEST_CASE_TEMPLATE_DEFINE("a 1x1x1 convolution of a join of all of them, and its backward", B,
                          joins) {
  if (!test::available<B>()) return;
  const Shape s{2, 3, 4, 5, 6};
  const ConvDescriptor c{6 + 6 + 3, 16, 1, 1};
  agree<B>([&]<class Any, class T>(Context& k, test::Operands<T>& operands) {
    using R = typename Any::Real;
    const Plain<T> up{operands.tensor(s)};
    const auto merged = maximum<4>(operands, s);
    const auto context = voxelwise<Sigmoid>(operands, with_channels(s, 3));
    const Concat<Plain<T>, Concat<Maximum<T, 4>, Voxelwise<T, Sigmoid>>> joined{up,
                                                                                {merged, context}};
    const R* weights = operands.array(c.in * c.out, 0, 0.5);
    const View<T> fine = operands.output(operands.tensor(with_channels(doubled(s), 2)));
    test::convolution<Any>(k, c, joined, weights, Interleaved<T>{fine});

    const View<T> to_up = operands.output(operands.tensor(s));
    const Split<Store<T>, Split<MaximumGradient<T, 4>, VoxelwiseGradient<T, Sigmoid>>> sink{
        {to_up}, {adjoint(operands, merged, false), adjoint(operands, context)}};
    const View<T> dw = operands.output(operands.tensor({1, 1, 1, 1, c.in * c.out}));
    test::convolution_backward<Any>(k, c, joined, Deinterleaved<T>{fine}, weights, sink, dw.data,
                                    static_cast<R*>(nullptr));
  });
}
TEST_CASE_TEMPLATE_APPLY(joins, test::Backends);

TEST_CASE_TEMPLATE_DEFINE("a slice of the channels is a view like any other", B, slices) {
  if (!test::available<B>()) return;
  const Shape s{1, 4, 3, 9, 4};
  const ConvDescriptor c{1, 8, 3, 1};
  agree<B>([&]<class Any, class T>(Context& k, test::Operands<T>& operands) {
    const View<T> image = operands.tensor(s), grad = operands.output(operands.tensor(s));
    const auto* weights = operands.array(c.in * c.out * c.taps(), 0, 0.5);
    const View<T> dw = operands.output(operands.tensor({1, 1, 1, 1, c.in * c.out * c.taps()}));
    for (const index_t channel : {0, 2}) {
      const View<T> x = slice(image, channel, 1);
      const View<T> y = operands.output(operands.tensor(c.output(x.shape)));
      test::convolution<Any>(k, c, Plain<T>{x}, weights, Store<T>{y});
      test::convolution_backward<Any>(k, c, Plain<T>{x}, Plain<T>{y}, weights,
                                      Store<T>{slice(grad, channel, 1)}, dw.data,
                                      static_cast<typename Any::Real*>(nullptr));
    }
  });
}
TEST_CASE_TEMPLATE_APPLY(slices, test::Backends);

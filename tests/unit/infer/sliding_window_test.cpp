#include "glia/infer/sliding_window.hpp"

#include <doctest/doctest.h>
#include <malloc.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <new>
#include <vector>

#include "support/expect.hpp"

namespace {

// What the program holds on the heap, to see what a sliding window needs; any thread may allocate.
std::atomic<std::size_t> heap_now{0}, heap_peak{0};

void count_allocation(void* memory) {
  const std::size_t now = heap_now += malloc_usable_size(memory);
  for (std::size_t peak = heap_peak; now > peak && !heap_peak.compare_exchange_weak(peak, now);) {
  }
}

}  // namespace

// Not inlined: GCC would see malloc's memory reach another operator delete and warn.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  count_allocation(memory);
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory != nullptr) heap_now -= malloc_usable_size(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

using namespace glia;

namespace {

HostTensor<float> image_of(Extent extent, index_t channels = 4) {
  HostTensor<float> image(make_shape(1, extent, channels));
  for (std::size_t i = 0; i < image.values().size(); ++i) {
    image.values()[i] = static_cast<float>(i * 7919 % 1009) / 1009;
  }
  return image;
}

/// Runs the predictor and joins the emitted planes; checks that they come in order, each once.
template <class P>
HostTensor<float> predicted(P&& predictor, const HostTensor<float>& image,
                            const SlidingWindowOptions& options) {
  HostTensor<float> all(with_channels(image.shape(), region::count), -1.0F);
  index_t next = 0;
  sliding_window(predictor, image.view(), options, [&](index_t d, View<const float> planes) {
    CHECK(d == next);
    CHECK(planes.shape == Shape{1, planes.shape.d, all.shape().h, all.shape().w, region::count});
    CHECK(planes.shape.d > 0);
    REQUIRE(d + planes.shape.d <= all.shape().d);
    std::copy_n(planes.data, planes.shape.elements(), all.view().row(0, d, 0));
    next = d + planes.shape.d;
  });
  CHECK(next == image.shape().d);
  return all;
}

double largest_difference(const HostTensor<float>& a, const HostTensor<float>& b) {
  REQUIRE(a.shape() == b.shape());
  double largest = 0;
  for (std::size_t i = 0; i < a.values().size(); ++i) {
    largest = std::max(largest, static_cast<double>(std::abs(a.values()[i] - b.values()[i])));
  }
  return largest;
}

/// out[c] = (c + 1) * in[c] + in[3]: depends on nothing but the voxel itself.
void linear(View<const float> image, View<float> out) {
  for (index_t v = 0; v < image.shape.voxels(); ++v) {
    for (index_t c = 0; c < region::count; ++c) {
      out.data[v * out.pitch + c] = static_cast<float>(c + 1) * image.data[v * image.pitch + c] +
                                    image.data[v * image.pitch + 3];
    }
  }
}

}  // namespace

TEST_CASE("a predictor of single voxels passes through the windows unchanged") {
  for (const Extent extent : {Extent{13, 17, 11}, Extent{8, 8, 8}, Extent{3, 20, 8},
                              Extent{5, 3, 2}, Extent{1, 1, 1}, Extent{31, 9, 7}}) {
    CAPTURE(to_string(extent));
    const auto image = image_of(extent);
    HostTensor<float> expected(make_shape(1, extent, region::count));
    linear(image.view(), expected.view());
    CHECK(largest_difference(predicted(linear, image, {.window = {8, 8, 8}}), expected) < 2e-6);
    CHECK(largest_difference(predicted(linear, image, {.window = {4, 6, 2}, .overlap = 0.7}),
                             expected) < 2e-6);
  }
}

TEST_CASE("overlapping windows are averaged with Gaussian weights") {
  // Each window answers with its own number; the expected mean is summed voxel by voxel.
  const Extent extent{21, 10, 17}, window{8, 12, 8};
  float calls = 0;
  const auto numbered = [&](View<const float>, View<float> out) {
    ++calls;
    std::fill_n(out.data, out.shape.elements(), calls);
  };
  const auto result = predicted(numbered, image_of(extent), {.window = window});

  const std::vector<index_t> along_d{0, 3, 6, 10, 13}, along_h{-1}, along_w{0, 3, 6, 9};
  const auto weight = [](index_t i, index_t n) {
    const double z = static_cast<double>(i - n / 2) / (static_cast<double>(n) / 8);
    return i < 0 || i >= n ? 0 : std::exp(-z * z / 2);
  };
  HostTensor<float> expected(result.shape());
  for (index_t d = 0; d < extent.d; ++d) {
    for (index_t h = 0; h < extent.h; ++h) {
      for (index_t w = 0; w < extent.w; ++w) {
        double sum = 0, weights = 0, number = 0;
        for (const index_t d0 : along_d) {
          for (const index_t h0 : along_h) {
            for (const index_t w0 : along_w) {
              const double g =
                  weight(d - d0, window.d) * weight(h - h0, window.h) * weight(w - w0, window.w);
              sum += g * ++number;
              weights += g;
            }
          }
        }
        for (index_t c = 0; c < region::count; ++c) {
          expected.view().at(0, d, h, w, c) = static_cast<float>(sum / weights);
        }
      }
    }
  }
  CHECK(calls == 20);
  CHECK(largest_difference(result, expected) < 2e-5);
}

TEST_CASE("a constant stays constant to rounding") {
  const auto constant = [](View<const float>, View<float> out) {
    std::fill_n(out.data, out.shape.elements(), 0.25F);
  };
  const auto result = predicted(constant, image_of({19, 23, 14}), {.window = {8, 8, 8}});
  for (const float value : result.values()) REQUIRE(std::abs(value - 0.25F) < 2e-7F);
}

TEST_CASE("what lies outside the image is 0 in the window") {
  HostTensor<float> image({1, 2, 3, 5, 4}, 1.0F);
  const auto sum_of_window = [](View<const float> window, View<float> out) {
    CHECK(window.shape == Shape{1, 4, 4, 8, 4});
    float sum = 0;
    for (index_t i = 0; i < window.shape.elements(); ++i) sum += window.data[i];
    CHECK(window.at(0, 0, 0, 0, 0) == 0);
    CHECK(window.at(0, 1, 0, 1, 3) == 1);  // padded by 1 of 2, 0 of 1, 1 of 3 in front
    CHECK(window.at(0, 2, 2, 5, 3) == 1);
    CHECK(window.at(0, 3, 2, 5, 3) == 0);
    std::fill_n(out.data, out.shape.elements(), sum);
  };
  const auto result = predicted(sum_of_window, image, {.window = {4, 4, 8}});
  CHECK(result.values() == std::vector<float>(90, 120.0F));
}

TEST_CASE("a view with a channel pitch is read like a dense one") {
  const auto dense = image_of({6, 7, 9});
  HostTensor<float> padded({1, 6, 7, 9, 32}, 1e9F);
  for (index_t v = 0; v < dense.shape().voxels(); ++v) {
    std::copy_n(dense.values().data() + v * 4, 4, padded.values().data() + v * 32);
  }
  const View<const float> view{padded.values().data(), dense.shape(), 32};
  const auto expected = predicted(linear, dense, {.window = {4, 4, 4}});
  HostTensor<float> got(expected.shape());
  sliding_window(linear, view, {.window = {4, 4, 4}}, [&](index_t d, View<const float> planes) {
    std::copy_n(planes.data, planes.shape.elements(), got.view().row(0, d, 0));
  });
  CHECK(got.values() == expected.values());
}

TEST_CASE("memory does not grow with the depth of the volume") {
  const SlidingWindowOptions options{.window = {8, 16, 16}};
  const auto peak = [&](index_t depth) {
    const auto image = image_of({depth, 40, 48});
    heap_peak = heap_now.load();
    const std::size_t before = heap_now;
    sliding_window(linear, image.view(), options, [](index_t, View<const float>) {});
    return static_cast<double>(heap_peak - before);
  };
  // Window of image and of result, and 8 planes of the volume.
  const double buffers = sizeof(float) * (8.0 * 16 * 16 * (4 + 3) + 8.0 * 40 * 48 * 3);
  CHECK(peak(16) >= buffers);
  CHECK(peak(16) < buffers + 16384);
  CHECK(peak(160) < buffers + 16384);
}

TEST_CASE("progress counts windows") {
  std::vector<double> done;
  double total = 0;
  const SlidingWindowOptions options{.window = {8, 8, 8}, .progress = [&](const Progress& p) {
                                       done.push_back(p.done);
                                       total = p.total;
                                       CHECK(p.unit == "windows");
                                     }};
  predicted(linear, image_of({12, 8, 16}), options);
  CHECK(total == 6);
  CHECK(done == std::vector<double>{1, 2, 3, 4, 5, 6});
}

TEST_CASE(
    "windows without brain are not shown, outside the brain the result is 0, inside unchanged") {
  // Answers by the place in the window alone: something else in every window, tumour everywhere.
  int calls = 0;
  const auto by_place = [&](View<const float> window, View<float> out) {
    ++calls;
    for (index_t i = 0; i < out.shape.elements(); ++i)
      out.data[i] = 1.0F / static_cast<float>(1 + i % (window.shape.elements() / 3));
  };
  const Extent extent{8, 8, 40};
  const SlidingWindowOptions options{.window = {8, 8, 8}};
  const auto full = predicted(by_place, HostTensor<float>(make_shape(1, extent, 4), 1.0F), options);
  CHECK(calls == 9);  // at w = 0, 4, ..., 32

  // Brain at w < 10, with a hole, and a stray voxel at the other end: windows from 12 to 28 are
  // empty.
  HostTensor<float> image(make_shape(1, extent, 4));
  const auto is_brain = [](index_t d, index_t h, index_t w) {
    return (w < 10 && !(d == 3 && h == 3)) || (d == 7 && h == 7 && w == 39);
  };
  for (index_t d = 0; d < extent.d; ++d)
    for (index_t h = 0; h < extent.h; ++h)
      for (index_t w = 0; w < extent.w; ++w)
        if (is_brain(d, h, w)) image.view().at(0, d, h, w, (d + h + w) % 4) = -1;
  calls = 0;
  const auto found = predicted(by_place, image, options);
  CHECK(calls == 4);
  for (index_t d = 0; d < extent.d; ++d)
    for (index_t h = 0; h < extent.h; ++h)
      for (index_t w = 0; w < extent.w; ++w)
        for (index_t c = 0; c < region::count; ++c)
          REQUIRE(found.view().at(0, d, h, w, c) ==
                  (is_brain(d, h, w) ? full.view().at(0, d, h, w, c) : 0.0F));
}

TEST_CASE("the window is that of the training, where the predictor knows it") {
  struct Trained {
    TrainedOn on;
    std::vector<Extent>* seen;
    [[nodiscard]] const TrainedOn& trained_on() const { return on; }
    void operator()(View<const float> image, View<float> out) const {
      seen->push_back(image.shape.extent());
      linear(image, out);
    }
  };
  std::vector<Extent> seen;
  const auto image = image_of({4, 4, 4});
  predicted(Trained{{Extent{4, 6, 8}, false}, &seen}, image, {});
  predicted(Trained{{Extent{4, 6, 8}, {}}, &seen}, image, {.window = {5, 5, 5}});
  CHECK(seen == std::vector<Extent>{{4, 6, 8}, {5, 5, 5}});

  const auto message = [&](auto predictor, SlidingWindowOptions options) {
    return test::message_of<UsageError>([&] {
      sliding_window(predictor, image.view(), options, [](index_t, View<const float>) {});
    });
  };
  CHECK(test::holds(message(linear, {}), "window: got none, expected one"));
  CHECK(test::holds(message(Trained{{Extent{4, 4, 4}, true}, &seen}, {.window = {4, 4, 4}}),
                    "trained on whole volumes", "wrap it in WholeVolume"));
  CHECK(seen.size() == 2);
}

TEST_CASE("windows that cannot be are refused with what was expected") {
  struct Divided {
    index_t divisor() const { return 16; }
    void operator()(View<const float>, View<float>) const {}
  };
  const auto image = image_of({4, 4, 4});
  const auto message = [&](auto predictor, View<const float> view, SlidingWindowOptions options) {
    return test::message_of<UsageError>(
        [&] { sliding_window(predictor, view, options, [](index_t, View<const float>) {}); });
  };
  CHECK(message(Divided{}, image.view(), {.window = {32, 32, 40}}) ==
        "sliding window: window: got 40x32x32, expected positive multiples of 16");
  CHECK(test::holds(message(linear, image.view(), {.window = {0, 8, 8}}), "got 8x8x0"));
  CHECK(test::holds(message(linear, image.view(), {.window = {4, 4, 4}, .overlap = 1}), "overlap",
                    "below 1"));
  CHECK(
      test::holds(message(linear, image.view(), {.window = {4, 4, 4}, .overlap = NAN}), "overlap"));
  CHECK(test::holds(message(linear, HostTensor<float>({2, 4, 4, 4, 4}).view(), {}), "one volume"));
  CHECK(test::holds(message(linear, HostTensor<float>({1, 0, 4, 4, 4}).view(), {}), "not empty"));
}

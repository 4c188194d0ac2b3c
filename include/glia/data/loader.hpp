#pragma once

#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/number_text.hpp"
#include "glia/data/augment.hpp"
#include "glia/data/batch.hpp"
#include "glia/data/patch_sampler.hpp"
#include "glia/data/patch_transform.hpp"
#include "glia/data/prepared_case.hpp"

namespace glia {

struct LoaderOptions {
  Extent patch = published_patch;
  index_t batch = 2;
  /// Of patches and augmentation; without it a trainer's is that of its context, a loader's 0.
  std::optional<std::uint64_t> seed{};
  int threads = 1;           ///< threads that prepare batches, besides the caller's
  int ahead = 4;             ///< batches that may wait or be in the making
  double foreground = 0.34;  ///< share of tumour-centred samples, see PatchSamplerOptions
  std::optional<double> labelled_share{};  ///< of samples from cases that a person labelled
  AugmentOptions augment{};

  [[nodiscard]] PatchSamplerOptions sampling() const {
    return {patch, batch, foreground, seed.value_or(0), labelled_share};
  }
  template <class F>
  void options(F&& f) const {
    f("", sampling());
    f("threads", threads, unrecorded(at_least(1)));
    f("ahead", ahead, unrecorded(at_least(1)));
    f("augment", augment);
  }
};

/// Prepares batches of augmented patches on threads of its own, ahead of their use.
///
/// The batch of a step depends on (cases, options.seed, step) alone: it is the same for any number
/// of threads, and training that goes on at `first_step` sees what it would have seen.
class PatchLoader {
 public:
  /// Requires that `cases` outlives the loader and does not change. Throws UsageError for options
  /// that make no sense, and as PatchSampler does.
  PatchLoader(const std::vector<PreparedCase>& cases, const LoaderOptions& options,
              index_t first_step = 0)
      : cases_(cases),
        options_(options),
        sampler_(cases, options.sampling()),
        claimed_(first_step),
        delivered_(first_step) {
    if (first_step < 0)
      throw UsageError("loader: first step: expected 0 or more, got " + std::to_string(first_step));
    require_valid("loader", options);
    try {
      for (int i = 0; i < options.threads; ++i)
        workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    } catch (const std::system_error&) {
      throw OutOfMemory("loader: threads: got " + std::to_string(options.threads) +
                        ", the system gives no more than " + std::to_string(workers_.size()));
    }
  }
  PatchLoader(std::vector<PreparedCase>&&, const LoaderOptions&, index_t = 0) = delete;
  PatchLoader(const PatchLoader&) = delete;
  PatchLoader& operator=(const PatchLoader&) = delete;
  ~PatchLoader() = default;  // workers_, the last member, stops and joins its threads first

  /// The batch of the next step. Rethrows what its preparation threw, now and at every later call.
  [[nodiscard]] Batch next() {
    std::unique_lock lock(mutex_);
    became_ready_.wait(lock, [&] { return ready_.contains(delivered_); });
    const auto found = ready_.find(delivered_);
    if (const auto* failure = std::get_if<std::exception_ptr>(&found->second))
      std::rethrow_exception(*failure);
    Batch batch = std::get<Batch>(std::move(found->second));
    ready_.erase(found);
    ++delivered_;
    lock.unlock();
    room_.notify_one();
    return batch;
  }

  /// The step that next() will return.
  [[nodiscard]] index_t step() const { return delivered_; }

 private:
  using Outcome = std::variant<Batch, std::exception_ptr>;

  void work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (room_.wait(lock, stop, [&] { return claimed_ < delivered_ + options_.ahead; })) {
      if (stop.stop_requested()) return;
      const index_t step = claimed_++;
      lock.unlock();
      Outcome outcome = prepare(step);
      lock.lock();
      ready_.emplace(step, std::move(outcome));
      became_ready_.notify_one();
    }
  }

  [[nodiscard]] Outcome prepare(index_t step) const {
    try {
      return make(step);
    } catch (...) {
      return std::current_exception();
    }
  }

  [[nodiscard]] Batch make(index_t step) const {
    Batch batch = allocate();
    for (index_t n = 0; n < options_.batch; ++n) {
      const PatchPosition position = sampler_(step, n);
      const PreparedCase& source = cases_[static_cast<std::size_t>(position.case_index)];
      Random random = sampler_.generator(step, n, purpose::augmentation);
      const PatchTransform transform = augment_geometry(
          crop_transform(position.first, options_.patch), source.spacing, options_.augment, random);
      sample_patch(source, transform, batch.image.view(), batch.target.view(), n);
      augment_intensity(batch.image.view(), n, options_.augment, random);
      batch.ids.push_back(source.id);
      batch.pseudo_labelled.push_back(source.pseudo_labelled);
    }
    return batch;
  }

  [[nodiscard]] Batch allocate() const {
    const Shape image = make_shape(options_.batch, options_.patch, modality::count);
    const Shape target = with_channels(image, region::count);
    const auto failed = [&] {
      const double bytes =
          (static_cast<double>(image.elements()) + static_cast<double>(target.elements())) *
          sizeof(float);
      return OutOfMemory("loader: a batch of " + to_string(image) + " needs " +
                         number_text(bytes / 1e9) + " GB");
    };
    try {
      return {HostTensor<float>{image}, HostTensor<float>{target}, {}, {}};
    } catch (const std::bad_alloc&) {
      throw failed();
    } catch (const std::length_error&) {
      throw failed();
    }
  }

  const std::vector<PreparedCase>& cases_;
  LoaderOptions options_;
  PatchSampler sampler_;
  std::mutex mutex_;
  std::condition_variable became_ready_;
  std::condition_variable_any room_;
  index_t claimed_;    // steps below are prepared or in the making
  index_t delivered_;  // steps below have been taken by next()
  std::map<index_t, Outcome> ready_;
  std::vector<std::jthread> workers_;
};

}  // namespace glia

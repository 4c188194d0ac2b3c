#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "glia/backend/cpu/exponential.hpp"
#include "glia/backend/descriptors.hpp"
#include "glia/backend/softened.hpp"
#include "glia/tensor/context.hpp"
#include "glia/tensor/view.hpp"

/// Losses over regions. Regions are few (3), so vectors run along voxels: blocks of one channel are
/// gathered into contiguous floats first. A task is a fixed run of voxels; partial sums are merged
/// in task order.
namespace glia::cpu {

inline constexpr index_t region_task_voxels = 2048;
inline constexpr index_t region_block = 256;

/// One channel of a run of voxels, `pitch` elements apart.
template <class T>
struct ChannelRun {
  T* data;
  index_t pitch, voxels;
};

/// out[i] = run[i] for one block, `filler` behind the end.
template <class T>
[[gnu::always_inline]] inline void gather_block(const ChannelRun<const T>& run, index_t first,
                                                float filler, float* out) {
  const index_t count = (std::min)(region_block, run.voxels - first);
  const T* in = run.data + first * run.pitch;
  for (index_t i = 0; i < count; ++i) out[i] = static_cast<float>(in[i * run.pitch]);
  std::fill(out + count, out + region_block, filler);
}
template <class T>
[[gnu::always_inline]] inline void scatter_block(const float* in, const ChannelRun<T>& run,
                                                 index_t first) {
  const index_t count = (std::min)(region_block, run.voxels - first);
  T* out = run.data + first * run.pitch;
  for (index_t i = 0; i < count; ++i) out[i * run.pitch] = static_cast<T>(in[i]);
}

struct RegionSumsKernel {
  template <class Set, class T>
  [[gnu::always_inline]] static void run(const ChannelRun<const T>& logits,
                                         const ChannelRun<const float>& target, RegionSums& sums) {
    constexpr int lanes = Set::bytes / 4;
    using V = Floats<lanes>;
    // Behind the end, and where the target is not counted, stand logits that add nothing to any
    // sum: probability and cross entropy vanish.
    constexpr float nothing = -200.0F;
    float x[region_block], g[region_block];
    for (index_t first = 0; first < logits.voxels; first += region_block) {
      gather_block(logits, first, nothing, x);
      gather_block(target, first, 0.0F, g);
      V pg{}, pp{}, gg{}, p{}, sum_g{}, bce{};
      for (index_t i = 0; i < region_block; i += lanes) {
        V logit, truth;
        load<lanes>(logit, x + i);
        load<lanes>(truth, g + i);
        logit = truth < 0.0F ? V{} + nothing : logit;
        truth = truth < 0.0F ? V{} : truth;
        Logistic<lanes> logistic_of_x;
        logistic<lanes>(logit, logistic_of_x);
        const V& probability = logistic_of_x.probability;
        pg += probability * truth;
        pp += probability * probability;
        gg += truth * truth;
        p += probability;
        sum_g += truth;
        bce += (logit > 0.0F ? logit : V{}) - logit * truth + logistic_of_x.log_term;
      }
      for (index_t lane = 0; lane < lanes; ++lane) {
        sums.pg += static_cast<double>(pg[lane]);
        sums.pp += static_cast<double>(pp[lane]);
        sums.gg += static_cast<double>(gg[lane]);
        sums.p += static_cast<double>(p[lane]);
        sums.g += static_cast<double>(sum_g[lane]);
        sums.bce += static_cast<double>(bce[lane]);
      }
    }
  }
};

/// out[i] = on_softened (p_T - g_T). Scalar: only distillation asks for it.
inline void soften_block(const RegionCoefficients& k, const float* x, const float* g, float* out) {
  for (index_t i = 0; i < region_block; ++i) {
    out[i] = static_cast<float>(
        k.on_softened * glia::detail::softened_difference(
                            static_cast<double>(x[i]), static_cast<double>(g[i]), k.temperature));
  }
}

struct RegionGradientKernel {
  template <class Set, class T>
  [[gnu::always_inline]] static void run(const ChannelRun<const T>& logits,
                                         const ChannelRun<const float>& target,
                                         const RegionCoefficients& k, const ChannelRun<T>& grad) {
    constexpr int lanes = Set::bytes / 4;
    using V = Floats<lanes>;
    const auto on_target = static_cast<float>(k.on_target),
               on_probability = static_cast<float>(k.on_probability);
    const auto constant = static_cast<float>(k.constant),
               on_difference = static_cast<float>(k.on_difference);
    float x[region_block], g[region_block], softened[region_block]{};
    for (index_t first = 0; first < logits.voxels; first += region_block) {
      gather_block(logits, first, 0.0F, x);
      gather_block(target, first, 0.0F, g);
      if (k.on_softened != 0) soften_block(k, x, g, softened);
      for (index_t i = 0; i < region_block; i += lanes) {
        V logit, truth, on_softened;
        load<lanes>(logit, x + i);
        load<lanes>(truth, g + i);
        load<lanes>(on_softened, softened + i);
        Logistic<lanes> logistic_of_x;
        logistic<lanes>(logit, logistic_of_x);
        const V& p = logistic_of_x.probability;
        const V gradient =
            (on_target * truth + on_probability * p + constant) * p * logistic_of_x.complement +
            on_difference * (p - truth) + on_softened;
        save<lanes>(x + i, truth < 0.0F ? V{} : gradient);
      }
      scatter_block(x, grad, first);
    }
  }
};

struct ProbabilitiesKernel {
  template <class Set, class T>
  [[gnu::always_inline]] static void run(const ChannelRun<const T>& logits,
                                         const ChannelRun<float>& out) {
    constexpr int lanes = Set::bytes / 4;
    using V = Floats<lanes>;
    float x[region_block];
    for (index_t first = 0; first < logits.voxels; first += region_block) {
      gather_block(logits, first, 0.0F, x);
      for (index_t i = 0; i < region_block; i += lanes) {
        V logit;
        load<lanes>(logit, x + i);
        Logistic<lanes> logistic_of_x;
        logistic<lanes>(logit, logistic_of_x);
        save<lanes>(x + i, logistic_of_x.probability);
      }
      scatter_block(x, out, first);
    }
  }
};

/// The tasks of a tensor: fixed runs of voxels of one sample.
class RegionTasks {
 public:
  explicit RegionTasks(Shape shape)
      : shape_(shape),
        per_sample_((shape.voxels() + region_task_voxels - 1) / region_task_voxels) {}
  [[nodiscard]] index_t count() const { return shape_.n * per_sample_; }
  [[nodiscard]] index_t per_sample() const { return per_sample_; }
  [[nodiscard]] index_t sample(index_t task) const { return task / per_sample_; }
  template <class T>
  [[nodiscard]] ChannelRun<T> run(const View<T>& x, index_t task, index_t channel) const {
    const index_t first = task % per_sample_ * region_task_voxels;
    return {x.data + (sample(task) * shape_.voxels() + first) * x.pitch + channel, x.pitch,
            (std::min)(region_task_voxels, shape_.voxels() - first)};
  }

 private:
  Shape shape_;
  index_t per_sample_;
};

/// sums [N * C] of p = sigmoid(logit) and targets, over the voxels of each sample and channel.
template <class T>
void region_sums(Context& context, Isa isa, View<const T> logits, View<const float> target,
                 std::span<RegionSums> sums) {
  const RegionTasks tasks(logits.shape);
  const index_t channels = logits.shape.c;
  std::vector<RegionSums> partial(static_cast<std::size_t>(tasks.count() * channels));
  context.pool().for_each(tasks.count(), [&](index_t task, int) {
    for (index_t c = 0; c < channels; ++c) {
      run_on<RegionSumsKernel>(isa, tasks.run(logits, task, c), tasks.run(target, task, c),
                               partial[static_cast<std::size_t>(task * channels + c)]);
    }
  });
  std::fill(sums.begin(), sums.end(), RegionSums{});
  for (index_t task = 0; task < tasks.count(); ++task) {
    for (index_t c = 0; c < channels; ++c) {
      RegionSums& sum = sums[static_cast<std::size_t>(tasks.sample(task) * channels + c)];
      const RegionSums& part = partial[static_cast<std::size_t>(task * channels + c)];
      sum.pg += part.pg;
      sum.pp += part.pp;
      sum.gg += part.gg;
      sum.p += part.p;
      sum.g += part.g;
      sum.bce += part.bce;
    }
  }
}

/// Adds KL(g_T || p_T) to the divergences [N * C] of the voxels of each sample and channel.
template <class T>
void divergence_sums(Context& context, View<const T> logits, View<const float> target,
                     double temperature, std::span<RegionSums> sums) {
  const RegionTasks tasks(logits.shape);
  const index_t channels = logits.shape.c;
  std::vector<double> partial(static_cast<std::size_t>(tasks.count() * channels));
  context.pool().for_each(tasks.count(), [&](index_t task, int) {
    for (index_t c = 0; c < channels; ++c) {
      const ChannelRun<const T> x = tasks.run(logits, task, c);
      const ChannelRun<const float> g = tasks.run(target, task, c);
      double& sum = partial[static_cast<std::size_t>(task * channels + c)];
      for (index_t i = 0; i < x.voxels; ++i) {
        const auto truth = static_cast<double>(g.data[i * g.pitch]);
        if (truth < 0) continue;
        sum += glia::detail::bernoulli_divergence(
            glia::detail::soften(truth, temperature),
            static_cast<double>(x.data[i * x.pitch]) / temperature);
      }
    }
  });
  for (std::size_t i = 0; i < partial.size(); ++i) {
    const auto at = static_cast<index_t>(i);
    sums[static_cast<std::size_t>(tasks.sample(at / channels) * channels + at % channels)]
        .divergence += partial[i];
  }
}

/// grad = dL/dlogit for the coefficients [N * C] of each sample and channel.
template <class T>
void region_gradient(Context& context, Isa isa, View<const T> logits, View<const float> target,
                     std::span<const RegionCoefficients> coefficients, View<T> grad) {
  const RegionTasks tasks(logits.shape);
  context.pool().for_each(tasks.count(), [&](index_t task, int) {
    for (index_t c = 0; c < logits.shape.c; ++c) {
      run_on<RegionGradientKernel>(
          isa, tasks.run(logits, task, c), tasks.run(target, task, c),
          coefficients[static_cast<std::size_t>(tasks.sample(task) * logits.shape.c + c)],
          tasks.run(grad, task, c));
    }
  });
}

/// out = 1 / (1 + exp(-logit)).
template <class T>
void probabilities(Context& context, Isa isa, View<const T> logits, View<float> out) {
  const RegionTasks tasks(logits.shape);
  context.pool().for_each(tasks.count(), [&](index_t task, int) {
    for (index_t c = 0; c < logits.shape.c; ++c) {
      run_on<ProbabilitiesKernel>(isa, tasks.run(logits, task, c), tasks.run(out, task, c));
    }
  });
}

}  // namespace glia::cpu

#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <numeric>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>

#include "glia/core/error.hpp"
#include "glia/ensemble/combination.hpp"
#include "glia/infer/predictor.hpp"
#include "glia/tensor/host_tensor.hpp"

namespace glia {

/// A member of an ensemble: a predictor, or a range of predictors, whose number run time decides.
template <class M>
concept EnsembleMember = Predictor<M> ||
    (std::ranges::input_range<M>&& Predictor<std::ranges::range_value_t<M>>);

namespace detail {

/// The predictor that a member of an ensemble is, or is a range of.
template <class M>
struct MemberPredictor : std::type_identity<M> {};
template <std::ranges::input_range M>
struct MemberPredictor<M> : std::type_identity<std::ranges::range_value_t<M>> {};

template <class M>
inline constexpr bool member_wants_whole_volumes =
    wants_whole_volumes<typename MemberPredictor<M>::type>;

}  // namespace detail

/// Several predictors as one: models, `Mirrored<...>`, lambdas, other ensembles, vectors of these,
/// in any mix. A Predictor itself.
///
/// `Ensemble{a, b, c}` refers to lvalues and owns rvalues; `Ensemble{MeanOfLogits{}, a, b}`
/// combines them otherwise than by the mean of probabilities. Either all members read windows or
/// all want whole volumes, which `Windowed` makes of the former. Members run one after another,
/// each into one result that is kept from call to call: beside their weights, more members need no
/// more memory.
template <Combination C, EnsembleMember... Members>
class Ensemble {
 public:
  static constexpr bool whole_volumes = (detail::member_wants_whole_volumes<Members> || ...);
  static_assert(!whole_volumes || (detail::member_wants_whole_volumes<Members> && ...),
                "Ensemble: some members read windows, others whole volumes: wrap the former in "
                "Windowed");

  explicit Ensemble(Members&&... members) requires std::default_initializable<C>
      : members_(std::forward<Members>(members)...) {}
  explicit Ensemble(C combination, Members&&... members)
      : combination_(std::move(combination)), members_(std::forward<Members>(members)...) {}

  /// The least common multiple of the members' divisors.
  [[nodiscard]] index_t divisor() const {
    index_t divisor = 1;
    for_each_member(members_,
                    [&](const auto& member) { divisor = std::lcm(divisor, divisor_of(member)); });
    return divisor;
  }
  /// The largest patch along each axis that a member was trained on, made a multiple of the
  /// divisor; on whole volumes if a member was.
  [[nodiscard]] TrainedOn trained_on() const {
    TrainedOn all;
    for_each_member(members_, [&](const auto& member) {
      const TrainedOn one = glia::trained_on(member);
      if (one.patch) all.patch = largest(all.patch.value_or(Extent{0, 0, 0}), *one.patch);
      if (one.whole_volumes) all.whole_volumes = *one.whole_volumes || all.whole_volumes == true;
    });
    const index_t step = divisor();
    const auto round_up = [&](index_t length) { return (length + step - 1) / step * step; };
    if (all.patch)
      all.patch = {round_up(all.patch->d), round_up(all.patch->h), round_up(all.patch->w)};
    return all;
  }
  [[nodiscard]] std::size_t size() const {
    std::size_t count = 0;
    for_each_member(members_, [&](const auto&) { ++count; });
    return count;
  }

  /// image [N, D, H, W, modalities], probabilities [N, D, H, W, regions]. Throws UsageError without
  /// members, or with other weights than members.
  void operator()(View<const float> image, View<float> probabilities) {
    const std::size_t members = size();
    if (members == 0) throw UsageError("ensemble: expected at least one member, got none");
    if (result_.shape() != probabilities.shape) result_ = HostTensor<float>(probabilities.shape);
    float total = 0;
    std::size_t index = 0;
    for_each_member(members_, [&](auto& member) {
      const float weight = combination_.weight(index, members);
      total += weight;
      member(image, index == 0 ? probabilities : result_.view());
      if (index++ == 0) {
        for_each_value(probabilities, [&](float& p, index_t) { p = weight * combination_.to(p); });
      } else {
        const float* next = result_.values().data();
        for_each_value(probabilities,
                       [&](float& sum, index_t at) { sum += weight * combination_.to(next[at]); });
      }
    });
    for_each_value(probabilities,
                   [&](float& sum, index_t) { sum = combination_.back(sum / total); });
  }

 private:
  template <class Tuple, class Visit>
  static void for_each_member(Tuple& members, Visit&& visit) {
    const auto one = [&](auto& member) {
      if constexpr (Predictor<std::remove_cvref_t<decltype(member)>>) {
        visit(member);
      } else {
        for (auto& each : member) visit(each);
      }
    };
    std::apply([&](auto&... member) { (one(member), ...); }, members);
  }

  static Extent largest(Extent a, Extent b) {
    return {(std::max)(a.d, b.d), (std::max)(a.h, b.h), (std::max)(a.w, b.w)};
  }

  /// Calls visit(value, its index in a dense tensor).
  template <class Visit>
  static void for_each_value(View<float> view, Visit&& visit) {
    const index_t channels = view.shape.c;
    for (index_t voxel = 0; voxel < view.shape.n * view.shape.voxels(); ++voxel) {
      index_t at = voxel * channels;
      for (float& value : view.voxel(voxel)) visit(value, at++);
    }
  }

  C combination_{};
  std::tuple<Members...> members_;
  HostTensor<float> result_;
};

template <EnsembleMember... Members>
Ensemble(Members&&...) -> Ensemble<MeanOfProbabilities, Members...>;
template <Combination C, EnsembleMember... Members>
Ensemble(C, Members&&...) -> Ensemble<C, Members...>;

}  // namespace glia

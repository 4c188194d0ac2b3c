#include "glia/losses/distillation.hpp"
#include "glia/train/training_step.hpp"
#include "gradients/numeric_gradient.hpp"

using namespace glia;

namespace {

using B = Reference<double>;

/// dL/dlogits against differences, with hard targets, soft targets with voxels that are not
/// counted, and a region that is empty in one sample.
template <Loss L>
void check_loss(const std::string& name, const L& loss) {
  CAPTURE(name);
  Context k{{.threads = 1}};
  const Shape s{2, 2, 3, 2, 3};
  auto logits = test::random_tensor<double>(s, 1);
  HostTensor<double> grad(s, 99.0);
  for (const bool soft : {false, true}) {
    CAPTURE(soft);
    HostTensor<float> target(s);
    Random random{2};
    for (float& g : target.values())
      g = static_cast<float>(soft ? random.uniform() : random.bernoulli(0.4));
    for (index_t v = 0; v < 12; ++v) target.values()[static_cast<std::size_t>(3 * v + 2)] = 0;
    if (soft) {
      for (std::size_t i = 1; i < target.values().size(); i += 5) target.values()[i] = -1;
    }
    std::vector<RegionSums> sums(6);
    std::vector<RegionCoefficients> coefficients(6);
    const auto value = [&] {
      std::fill(coefficients.begin(), coefficients.end(), RegionCoefficients{});
      B::region_sums(k, std::as_const(logits).view(), std::as_const(target).view(), sums);
      if constexpr (SoftenedLoss<L>) {
        B::divergence_sums(k, std::as_const(logits).view(), std::as_const(target).view(),
                           loss.temperature, sums);
      }
      return loss.evaluate(sums, s, coefficients);
    };
    (void)value();
    B::region_gradient(k, std::as_const(logits).view(), std::as_const(target).view(), coefficients,
                       grad.view());
    CHECK(test::worst_gradient_error(logits.values(), grad.values(), value) <
          test::gradient_tolerance);
  }
}

}  // namespace

TEST_CASE("gradients of soft Dice under each of its five switches") {
  check_loss("defaults", SoftDice{});
  for (const bool squared_prediction : {false, true})
    for (const bool squared_target : {false, true})
      for (const auto pooling : {SoftDice::Pooling::batch, SoftDice::Pooling::sample})
        for (const auto form : {SoftDice::Form::one_minus, SoftDice::Form::negative})
          for (const double smooth : {0.0, 1.0}) {
            check_loss("a choice of switches", SoftDice{.squared_prediction = squared_prediction,
                                                        .squared_target = squared_target,
                                                        .smooth_numerator = smooth,
                                                        .smooth_denominator = smooth + 1e-5,
                                                        .pooling = pooling,
                                                        .form = form});
          }
}

TEST_CASE("gradients of binary cross entropy and of the compound") {
  check_loss("per voxel", BinaryCrossEntropy{});
  check_loss("mean", BinaryCrossEntropy{BinaryCrossEntropy::Normaliser::voxels_and_regions});
  check_loss("the paper's loss", DiceAndCrossEntropy{});
  check_loss("any sum", Compound<SoftDice, SoftDice, BinaryCrossEntropy>{});
}

TEST_CASE("gradients of distillation, of the divergence alone and mixed with the task") {
  check_loss("divergence", Distillation<>{.temperature = 3, .alpha = 1});
  check_loss("mixed", Distillation<>{.temperature = 2, .alpha = 0.3});
  check_loss("mean", Distillation<BinaryCrossEntropy>{.temperature = 1, .alpha = 0.5});
}

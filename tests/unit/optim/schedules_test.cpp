#include "glia/optim/schedules.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "glia/core/random.hpp"

using namespace glia;

static_assert(Schedule<ConstantRate> && Schedule<StepDecay> && Schedule<PolynomialDecay> &&
              Schedule<Plateau> && Schedule<AnySchedule>);

TEST_CASE("stepped decay over the paper's 280 epochs") {
  const auto last = TrainingClock{.epoch = 279, .epochs = 280};
  CHECK(StepDecay{.decay = 0.60, .every = 30}.factor(last) ==
        doctest::Approx(0.010078).epsilon(1e-4));
  const auto end = TrainingClock{.epoch = 280, .epochs = 280};
  CHECK(StepDecay{.decay = 0.85, .every = 10}.factor(end) ==
        doctest::Approx(0.01056).epsilon(1e-3));
  const StepDecay decay{.decay = 0.5, .every = 10};
  CHECK(decay.factor({.epoch = 0}) == 1);
  CHECK(decay.factor({.epoch = 9}) == 1);
  CHECK(decay.factor({.epoch = 10}) == 0.5);
  CHECK(decay.factor({.epoch = 25, .update = 1000}) == 0.25);
  CHECK(StepDecay{.decay = 0.5, .every = 10, .unit = StepDecay::Unit::updates}.factor(
            {.epoch = 9, .update = 31}) == 0.125);
  CHECK_THROWS_WITH_AS((void)StepDecay{.every = 0}.factor({}),
                       "step decay: every: got 0, expected 1 or more", UsageError);
}

TEST_CASE("polynomial decay with power .9") {
  const PolynomialDecay decay;
  CHECK(decay.factor({.epoch = 0, .epochs = 300}) == 1);
  CHECK(decay.factor({.epoch = 150, .epochs = 300}) == doctest::Approx(0.53589).epsilon(1e-5));
  CHECK(decay.factor({.epoch = 75, .epochs = 300}) == doctest::Approx(0.77189).epsilon(1e-5));
  CHECK(decay.factor({.epoch = 299, .epochs = 300}) == doctest::Approx(0.005896).epsilon(1e-4));
  CHECK(decay.factor({.epoch = 300, .epochs = 300}) == 0);
  const PolynomialDecay updates{.power = 2, .unit = StepDecay::Unit::updates};
  CHECK(updates.factor({.epoch = 9, .epochs = 10, .update = 50, .updates = 100}) == 0.25);
}

TEST_CASE("plateau waits for `patience` epochs without progress, then decays and waits again") {
  Plateau plateau;
  plateau.decay = 0.2;
  plateau.patience = 2;
  plateau.threshold = 0.1;
  plateau.smoothing = 0;
  const auto factor_after = [&](double loss) {
    plateau.observe(loss);
    return plateau.factor({});
  };
  CHECK(factor_after(1.0) == 1);   // best
  CHECK(factor_after(0.95) == 1);  // not better by more than the threshold: 1
  CHECK(factor_after(0.95) == 1);  // 2
  CHECK(factor_after(0.5) == 1);   // best, the count starts again
  CHECK(factor_after(0.6) == 1);
  CHECK(factor_after(0.45) == 1);
  CHECK(factor_after(0.45) == 0.2);  // the third in a row
  CHECK(factor_after(0.45) == 0.2);
  CHECK(factor_after(0.45) == 0.2);
  CHECK(factor_after(0.45) == doctest::Approx(0.04));
}

TEST_CASE("plateau watches the exponential average of the losses, as nnU-Net does") {
  Plateau plateau;
  plateau.decay = 0.5;
  plateau.patience = 0;
  plateau.threshold = 0;
  plateau.smoothing = 0.75;
  const auto factor_after = [&](double loss) {
    plateau.observe(loss);
    return plateau.factor({});
  };
  CHECK(factor_after(4) == 1);    // 4
  CHECK(factor_after(0) == 1);    // 3
  CHECK(factor_after(2.5) == 1);  // 2.875: the loss rose, its average fell
  CHECK(factor_after(3) == 0.5);  // 2.90625
  CHECK(factor_after(1) == 0.5);  // 2.4296875
  CHECK(factor_after(2.5) == 0.25);
  // Losses that fall by 0.001 an epoch under noise of 0.15: the average sees them fall for longer.
  const auto cuts = [](double smoothing) {
    Plateau watching;
    watching.smoothing = smoothing;
    Random random(1);
    for (int epoch = 0; epoch < 500; ++epoch)
      watching.observe(1 - 0.001 * epoch + 0.15 * random.normal());
    return std::lround(std::log(watching.factor({})) / std::log(watching.decay));
  };
  CHECK(cuts(0) > cuts(0.93));
}

TEST_CASE("only schedules that know the end depend on it") {
  CHECK(depends_on_length(AnySchedule{PolynomialDecay{}}));
  CHECK_FALSE(depends_on_length(AnySchedule{StepDecay{}}));
  CHECK_FALSE(depends_on_length(Plateau{}));
  CHECK_FALSE(depends_on_length(ConstantRate{}));
}

TEST_CASE("a plateau's state is complete: a copy of it continues in step") {
  AnySchedule a{Plateau{}}, b{Plateau{}};
  for (int epoch = 0; epoch < 50; ++epoch) a.observe(1.0);
  REQUIRE(a.state().size() == b.state().size());
  std::copy(a.state().begin(), a.state().end(), b.state().begin());
  CHECK(b.factor({}) == a.factor({}));
  for (int epoch = 0; epoch < 15; ++epoch) {
    a.observe(1.0);
    b.observe(1.0);
    CHECK(b.factor({}) == a.factor({}));
  }
  CHECK(b.factor({}) < 0.2);
}

TEST_CASE("a schedule chosen at run time does what the chosen one does") {
  const TrainingClock clock{.epoch = 60, .epochs = 100};
  CHECK(AnySchedule{StepDecay{}}.factor(clock) == StepDecay{}.factor(clock));
  CHECK(AnySchedule{PolynomialDecay{}}.factor(clock) == PolynomialDecay{}.factor(clock));
  AnySchedule constant{ConstantRate{}};
  constant.observe(1);
  CHECK(constant.factor(clock) == 1);
  CHECK(constant.state().empty());
}

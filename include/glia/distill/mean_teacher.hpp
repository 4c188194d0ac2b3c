#pragma once

#include <algorithm>

#include "glia/models/model.hpp"

namespace glia {

/// A teacher whose weights are the moving average of its student's (Tarvainen & Valpola 2017), for
/// a Distiller in online mode: after t steps average = a average + (1 - a) student, with a = min(1
/// - 1 / (t + 1), decay).
///
/// It is no part of the student's checkpoints: a resumed run starts it from the student's weights.
template <Network Net>
class MeanTeacher {
 public:
  /// Refers to the student.
  explicit MeanTeacher(const Model<Net>& student, double decay = 0.99)
      : student_(student), average_(student.context()), decay_(decay) {}

  [[nodiscard]] static constexpr index_t divisor() { return Model<Net>::divisor(); }
  [[nodiscard]] const TrainedOn& trained_on() const { return student_.trained_on(); }
  void operator()(View<const float> image, View<float> probabilities) {
    average_(image, probabilities);
  }
  /// Takes the student's weights in, once per step.
  void follow() {
    const double young = 1 - 1 / static_cast<double>(++steps_);
    Net::Engine::blend(student_.context(), average_.parameters().flat(),
                       student_.parameters().flat(), (std::min)(young, decay_));
  }

 private:
  const Model<Net>& student_;
  Model<Net> average_;
  double decay_;
  index_t steps_ = 0;
};

}  // namespace glia

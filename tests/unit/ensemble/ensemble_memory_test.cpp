#include <doctest/doctest.h>

#include <vector>

#include "glia/backend/reference.hpp"
#include "glia/ensemble/ensemble.hpp"
#include "glia/models/model.hpp"
#include "glia/models/unet.hpp"
#include "support/tensors.hpp"

using namespace glia;

namespace {

using Small = UNet<Reference<float>, Channels<4, 3>, Widths<3, 4>>;

}  // namespace

TEST_CASE("three networks in one ensemble need the memory of one") {
  const Shape shape{1, 4, 6, 8, 4};
  const auto image = test::random_tensor<float>(shape, 1);
  Context context{{.threads = 1, .seed = 1}};
  std::vector<Model<Small>> models;
  for (int i = 0; i < 3; ++i) {
    models.emplace_back(context);
    test::randomise(models.back().parameters().flat(), static_cast<std::uint32_t>(i));
  }
  HostTensor<float> one(with_channels(shape, 3)), mean(one.shape());
  models[0](image.view(), one.view());
  const std::size_t alone = context.memory_bytes();
  CHECK(alone == plan_inference<Small>(context, shape).memory.bytes);

  Ensemble ensemble{models};
  ensemble(image.view(), mean.view());
  CHECK(context.memory_bytes() == alone);
  for (const Model<Small>& model : models) CHECK(model.measured_bytes() == alone);

  // What shares the memory does not see what the one before left there.
  HostTensor<float> sum(one.shape());
  for (int i = 0; i < 3; ++i) {
    Context own{{.threads = 1}};
    Model<Small> model{own};
    test::randomise(model.parameters().flat(), static_cast<std::uint32_t>(i));
    model(image.view(), one.view());
    for (std::size_t v = 0; v < sum.values().size(); ++v) sum.values()[v] += one.values()[v];
  }
  for (float& v : sum.values()) v /= 3;
  CHECK(mean.values() == sum.values());
}

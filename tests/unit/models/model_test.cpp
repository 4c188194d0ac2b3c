#include "glia/models/model.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "glia/backend/reference.hpp"
#include "glia/models/unet.hpp"
#include "support/expect.hpp"
#include "support/tensors.hpp"

using namespace glia;
using test::holds;
using test::message_of;

TEST_CASE("a model refuses probabilities of another shape and writes nothing into them") {
  using Net = UNet<Reference<float>, Channels<4, 3>, Widths<2, 4>>;
  Context context{{.threads = 1}};
  Model<Net> model{context};
  auto image = test::random_tensor<float>({1, 4, 6, 8, 4}, 1);
  for (const Shape wrong : {Shape{1, 4, 6, 8, 4}, Shape{1, 4, 6, 6, 3}, Shape{1, 8, 6, 4, 3},
                            Shape{2, 4, 6, 8, 3}, Shape{0, 0, 0, 0, 0}}) {
    HostTensor<float> probabilities(wrong, 7.0F);
    CHECK(holds(message_of<UsageError>([&] { model(image.view(), probabilities.view()); }),
                "probabilities", "got " + to_string(wrong), "expected [1, 4, 6, 8, 3]"));
    CHECK(std::ranges::all_of(probabilities.values(), [](float p) { return p == 7; }));
  }
  HostTensor<float> probabilities({1, 4, 6, 8, 3}, 7.0F);
  model(image.view(), probabilities.view());
  CHECK(std::ranges::all_of(probabilities.values(), [](float p) { return p > 0 && p < 1; }));
}

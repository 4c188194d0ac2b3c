#include "glia/train/weights.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <numbers>

#include "glia/models/res_unet.hpp"
#include "small_training.hpp"
#include "support/expect.hpp"
#include "support/temporary_directory.hpp"

using namespace glia;
using namespace glia::test;

TEST_CASE("weights read back bit for bit, with what the file says about itself") {
  const TemporaryDirectory folder;
  const auto path = folder / "weights.safetensors";
  Context context{{.threads = 1, .seed = 1}};
  Model<SmallNet> saved{context};
  auto flat = saved.parameters().flat();
  flat[0] = std::numbers::pi_v<float>;
  flat[1] = -0.0F;
  flat[2] = 1e-42F;  // subnormal
  save_weights(path, saved, {{"glia.network", "small"}, {"note", "ä \"quoted\" \n"}});

  Context other{{.threads = 1, .seed = 2}};
  Model<SmallNet> loaded{other};
  REQUIRE(bits(loaded) != bits(saved));
  load_weights(path, loaded);
  CHECK(bits(loaded) == bits(saved));

  const SafetensorsFile file = SafetensorsFile::open(path);
  CHECK(file.metadata().at("glia.network") == "small");
  CHECK(file.metadata().at("note") == "ä \"quoted\" \n");
  CHECK(file.metadata().at("glia.version") == GLIA_VERSION_STRING);
  const TensorEntry& first = file.find("encoder.0.0.conv.weight");
  CHECK(first.dtype == "F32");
  CHECK(first.shape == std::vector<index_t>{4, 4, 3, 3, 3});  // PyTorch: out, in, d, h, w
}

TEST_CASE("weights say what they were trained on, of which older files hold less or nothing") {
  const TemporaryDirectory folder;
  const auto path = folder / "weights.safetensors";
  Context context{{.threads = 1, .seed = 1}};
  Model<SmallNet> model{context}, loaded{context};
  const auto metadata = [&] { return SafetensorsFile::open(path).metadata(); };
  model.trained_on() = {Extent{64, 64, 64}, false};
  save_weights(path, model);
  CHECK(metadata().at("glia.patch") == "64");
  CHECK(metadata().at("glia.whole_volumes") == "no");
  CHECK_FALSE(metadata().contains("glia.spacing"));
  model.trained_on().spacing = {1, 1, 1};
  save_weights(path, model);
  CHECK(metadata().at("glia.spacing") == "1");
  for (const TrainedOn& trained : {TrainedOn{Extent{48, 32, 64}, true, Spacing{2.5, 0.1, 1}},
                                   TrainedOn{Extent{64, 64, 64}, {}}, TrainedOn{}}) {
    model.trained_on() = trained;
    save_weights(path, model);
    loaded.trained_on() = {Extent{1, 1, 1}, false};
    load_weights(path, loaded);
    CHECK(loaded.trained_on() == trained);
  }
  save_weights(path, model, {{"glia.patch", "48"}});  // as files of version 0.1 have it
  load_weights(path, loaded);
  CHECK(loaded.trained_on() == TrainedOn{Extent{48, 48, 48}, {}});

  const auto refusal = [&](const std::string& key, const std::string& text) {
    save_weights(path, model, {{key, text}});
    return message_of<DataError>([&] { load_weights(path, loaded); });
  };
  for (const std::string text :
       {"", "0", "-8", "8 8", "8 8 8 8", "8,8,8", "8.5", "nan", "inf", "1e300", " 8", "8x"})
    CHECK(holds(refusal("glia.patch", text), path.string(), "glia.patch: got \"" + text + "\""));
  CHECK(holds(refusal("glia.spacing", "1 0 1"), "glia.spacing: got \"1 0 1\""));
  CHECK(holds(refusal("glia.whole_volumes", "maybe"), "got \"maybe\", expected yes or no"));
  CHECK(loaded.trained_on() == TrainedOn{Extent{48, 48, 48}, {}});
}

TEST_CASE(
    "a ResUNet without its autoencoder reads weights that were trained with it, not the rest") {
  const TemporaryDirectory folder;
  const auto path = folder / "weights.safetensors";
  using Net =
      ResUNet<Reference<float>, Channels<4, 3>, Widths<4, 8>, GroupNorm<2>, EncoderBlocks<1, 1>>;
  using Trained = ResUNet<Reference<float>, Channels<4, 3>, Widths<4, 8>, GroupNorm<2>,
                          EncoderBlocks<1, 1>, VaeBranch<4, 4, 4>>;
  Context context{{.threads = 1, .seed = 1}}, other{{.threads = 1, .seed = 2}};
  Model<Trained> trained{context};
  Model<Net> model{other};
  save_weights(path, trained);
  load_weights(path, model);
  const auto from = trained.parameters().flat(), to = model.parameters().flat();
  CHECK(std::equal(to.begin(), to.end(), from.begin()));  // the branch's come last

  save_weights(path, model);
  CHECK(holds(message_of<UsageError>([&] { load_weights(path, trained); }), "vae.", "got none"));
}

TEST_CASE(
    "weights of another network are refused with the first difference, and the model stays as it "
    "was") {
  const TemporaryDirectory folder;
  const auto path = folder / "weights.safetensors";
  Context context{{.threads = 1}};
  Model<SmallNet> model{context};
  const auto before = bits(model);
  const auto message = [&] { return message_of<UsageError>([&] { load_weights(path, model); }); };

  Model<UNet<Reference<float>, Channels<4, 3>, Widths<4, 6>>> narrow{context};
  save_weights(path, narrow);
  CHECK(holds(message(), path.string(), "another network", "got F32 [", "expected F32 ["));

  Model<UNet<Reference<float>, Channels<4, 3>, Widths<4, 8, 8>>> deep{context};
  save_weights(path, deep);
  CHECK(holds(message(), path.string(), "another network"));

  write_safetensors(path, {}, {});
  CHECK(holds(message(), path.string(), "got none", "expected F32 ["));
  CHECK(bits(model) == before);
}

TEST_CASE("a file with one tensor too many is refused by the name of that tensor") {
  const TemporaryDirectory folder;
  const auto path = folder / "weights.safetensors";
  Context context{{.threads = 1}};
  Model<SmallNet> model{context};
  std::vector<TensorEntry> entries;
  detail::append_entries(entries, "", model.parameters());
  const float more = 1;
  entries.push_back({"decoder.7.extra", "F32", {1}, std::as_bytes(std::span(&more, 1))});
  write_safetensors(path, {}, entries);
  CHECK(holds(message_of<UsageError>([&] { load_weights(path, model); }), "decoder.7.extra"));
}

TEST_CASE(
    "weights of a newer version of the library are refused with both versions, older ones read") {
  const TemporaryDirectory folder;
  const auto path = folder / "weights.safetensors";
  Context context{{.threads = 1, .seed = 1}}, other{{.threads = 1, .seed = 2}};
  Model<SmallNet> saved{context}, loaded{other};
  std::vector<TensorEntry> entries;
  detail::append_entries(entries, "", saved.parameters());
  const auto load = [&](const std::string& version) {
    write_safetensors(path, {{"glia.version", version}}, entries);
    load_weights(path, loaded);
  };
  const auto before = bits(loaded);
  const std::string major = std::to_string(GLIA_VERSION_MAJOR) + ".";
  for (const std::string& newer :
       {std::string("9.0.0"), major + std::to_string(GLIA_VERSION_MINOR + 1) + ".0",
        major + std::to_string(GLIA_VERSION_MINOR + 10) + ".0"}) {
    CHECK(holds(message_of<UsageError>([&] { load(newer); }), path.string(),
                "glia.version: got " + newer + ", this is " GLIA_VERSION_STRING));
  }
  for (const std::string malformed :
       {"", "nine", "0", "0.", "0.x.1", "v0.1.0", " 0.1.0", "99999999999999999999.0.0"}) {
    CHECK(holds(message_of<DataError>([&] { load(malformed); }), path.string(),
                "glia.version: got \"" + malformed + "\""));
  }
  CHECK(bits(loaded) == before);
  const std::string of_this_minor = major + std::to_string(GLIA_VERSION_MINOR) + ".99";
  for (const std::string& known : {std::string("0.0.1"), of_this_minor}) {
    std::ranges::fill(loaded.parameters().flat(), 0.0F);
    load(known);
    CHECK(bits(loaded) == bits(saved));
  }
}

TEST_CASE("a missing file and one that is not safetensors are errors of their own kinds") {
  const TemporaryDirectory folder;
  Context context{{.threads = 1}};
  Model<SmallNet> model{context};
  CHECK(holds(message_of<IoError>([&] { load_weights(folder / "none", model); }), "none"));
  std::ofstream(folder / "text") << "not a file of weights";
  CHECK(holds(message_of<DataError>([&] { load_weights(folder / "text", model); }), "text",
              "safetensors"));
  CHECK(holds(message_of<IoError>([&] { save_weights(folder / "none" / "weights", model); }),
              "none"));
}

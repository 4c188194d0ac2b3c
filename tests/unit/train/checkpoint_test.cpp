#include "glia/train/checkpoint.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "small_training.hpp"
#include "support/expect.hpp"
#include "support/temporary_directory.hpp"
#include "support/tensors.hpp"

using namespace glia;
using namespace glia::test;

namespace {

/// A state in which every number differs and some are awkward.
TrainingState<SmallNet> odd_state() {
  TrainingState<SmallNet> state(2, true);
  randomise(state.moments[0]->flat(), 1);
  randomise(state.moments[1]->flat(), 2);
  randomise(state.average->flat(), 3);
  state.step = (index_t{1} << 53) - 1;
  state.updates = 12;
  state.epoch_steps = 3;
  state.epoch_skipped = 2;
  state.skipped_in_a_row = 1;
  state.epoch_loss = 0.1 + 0.2;
  state.rate = 1e-300;
  state.best_dice = 2.0 / 3;
  state.history = {{1, std::nextafter(1.0, 2.0), 0.1, 0, {}},
                   {2, -1e-9, 3e-4, 7, {0.25, 1.0 / 3, 1}}};
  return state;
}

}  // namespace

TEST_CASE("a checkpoint reads back every array and every number to the last bit") {
  const TemporaryDirectory folder;
  const auto path = folder / "last.safetensors";
  const Metadata description{{"glia.network", "small"}};
  Context context{{.threads = 1, .seed = 7}};
  Model<SmallNet> model{context}, loaded{context};
  randomise(model.parameters().flat(), 4);
  const TrainingState<SmallNet> state = odd_state();
  const std::vector<double> schedule{0.04, std::numeric_limits<double>::max(), 5};
  save_checkpoint(path, model, state, schedule, description);

  TrainingState<SmallNet> copy(2, true);
  copy.history.resize(5);
  std::vector<double> rates(3);
  load_checkpoint(path, loaded, copy, rates, description);
  CHECK(bits(loaded) == bits(model));
  for (std::size_t i = 0; i < 2; ++i)
    CHECK(bits(copy.moments[i]->flat()) == bits(state.moments[i]->flat()));
  CHECK(bits(copy.average->flat()) == bits(state.average->flat()));
  CHECK(rates == schedule);
  CHECK(copy.step == state.step);
  CHECK(copy.updates == state.updates);
  CHECK(copy.epoch_steps == state.epoch_steps);
  CHECK(copy.epoch_skipped == state.epoch_skipped);
  CHECK(copy.skipped_in_a_row == state.skipped_in_a_row);
  CHECK(copy.epoch_loss == state.epoch_loss);
  CHECK(copy.rate == state.rate);
  CHECK(copy.best_dice == state.best_dice);
  REQUIRE(copy.history.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(copy.history[i].epoch == state.history[i].epoch);
    CHECK(copy.history[i].loss == state.history[i].loss);
    CHECK(copy.history[i].rate == state.history[i].rate);
    CHECK(copy.history[i].skipped == state.history[i].skipped);
    CHECK(copy.history[i].dice == state.history[i].dice);
  }

  const auto again = folder / "again.safetensors";
  save_checkpoint(again, loaded, copy, rates, description);
  CHECK(read_file(again) == read_file(path));
}

TEST_CASE(
    "checkpoints of another seed, description, optimiser or average, and plain weights, are "
    "refused with the reason") {
  const TemporaryDirectory folder;
  const auto path = folder / "last.safetensors";
  Context context{{.threads = 1, .seed = 7}};
  Model<SmallNet> model{context};
  save_checkpoint(path, model, odd_state(), {},
                  {{"glia.network", "small"}, {"glia.settings", "{}"}});
  const auto refusal = [&](Model<SmallNet>& into, TrainingState<SmallNet>&& state,
                           const Metadata& description) {
    const auto before = bits(into);
    const std::string text =
        message_of<UsageError>([&] { load_checkpoint(path, into, state, {}, description); });
    CHECK(bits(into) == before);
    CHECK(holds(text, path.string()));
    return text;
  };
  CHECK(holds(refusal(model, {2, true}, {{"glia.network", "large"}}),
              "glia.network: got small, expected large"));
  CHECK(holds(refusal(model, {2, true}, {{"glia.patch", "64"}}),
              "glia.patch: got none, expected 64"));
  CHECK(holds(refusal(model, {1, true}, {}), "another optimiser or average"));
  CHECK(holds(refusal(model, {2, false}, {}), "another optimiser or average"));
  Context other{{.threads = 1, .seed = 8}};
  Model<SmallNet> seeded{other};
  CHECK(holds(refusal(seeded, {2, true}, {}), "glia.seed: got 7, expected 8"));

  save_checkpoint(path, model, {1, false}, {}, {});
  CHECK(holds(refusal(model, {2, false}, {}), "moment1.", "got none"));
  Metadata older = SafetensorsFile::open(path).metadata();
  older.at("glia.checkpoint") = "1";  // it did not record what decides its numbers
  write_safetensors(path, older, SafetensorsFile::open(path).tensors());
  CHECK(holds(refusal(model, {1, false}, {}), "glia.checkpoint: got 1, expected 2"));
  save_weights(path, model);
  CHECK(holds(refusal(model, {2, true}, {}), "no checkpoint", "glia.checkpoint is missing"));
}

TEST_CASE("counters of a damaged checkpoint that are no counts are refused with the number") {
  const TemporaryDirectory folder;
  const auto path = folder / "last.safetensors", changed = folder / "changed.safetensors";
  Context context{{.threads = 1, .seed = 7}};
  Model<SmallNet> model{context};
  TrainingState<SmallNet> state = odd_state();
  state.step = 3;
  save_checkpoint(path, model, state, {}, {});
  const SafetensorsFile file = SafetensorsFile::open(path);
  REQUIRE(file.metadata().at("glia.state").starts_with("3 12 "));
  REQUIRE(file.metadata().at("glia.history").starts_with("1 "));
  const auto load = [&](const std::string& key, const std::string& first) {
    Metadata metadata = file.metadata();
    std::string& text = metadata.at(key);
    text = first + text.substr(text.find(' '));
    write_safetensors(changed, metadata, file.tensors());
    load_checkpoint(changed, model, state, {}, {});
  };
  const auto check_refused = [&](const char* written, const char* got) {
    for (const char* key : {"glia.state", "glia.history"}) {
      const auto before = bits(model);
      CHECK(holds(message_of<DataError>([&] { load(key, written); }), changed.string(), key, got,
                  "expected a count"));
      CHECK(bits(model) == before);
    }
  };
  check_refused("1.5", "got 1.5,");
  check_refused("-1", "got -1,");
  check_refused("1e300", "got 1e+300,");
  check_refused("-1e300", "got -1e+300,");
  check_refused("9007199254740994", "got 9007199254740994,");
  check_refused("nan", "got nan,");
  check_refused("inf", "got inf,");
  load("glia.state", "9007199254740992");
  CHECK(state.step == index_t{1} << 53);
}

TEST_CASE(
    "checkpoints of a newer version of the library are refused, older ones read, others damaged") {
  const TemporaryDirectory folder;
  const auto path = folder / "last.safetensors", changed = folder / "changed.safetensors";
  Context context{{.threads = 1, .seed = 7}};
  Model<SmallNet> model{context}, loaded{context};
  randomise(model.parameters().flat(), 4);
  const TrainingState<SmallNet> state = odd_state();
  save_checkpoint(path, model, state, {}, {});
  const SafetensorsFile file = SafetensorsFile::open(path);
  const auto before = bits(loaded);
  const auto load = [&](const std::string& version) {
    Metadata metadata = file.metadata();
    metadata.at("glia.version") = version;
    metadata.at("glia.checkpoint") = version == "9.0.0" ? "3" : "2";  // what is new about it
    write_safetensors(changed, metadata, file.tensors());
    TrainingState<SmallNet> read(2, true);
    load_checkpoint(changed, loaded, read, {}, {});
    return read.updates;
  };
  CHECK(holds(message_of<UsageError>([&] { load("9.0.0"); }), changed.string(),
              "glia.version: got 9.0.0, this is " GLIA_VERSION_STRING));
  CHECK(holds(message_of<DataError>([&] { load("nine"); }), changed.string(),
              "glia.version: got \"nine\""));
  CHECK(bits(loaded) == before);
  CHECK(load("0.0.1") == 12);
  CHECK(bits(loaded) == bits(model));
}

TEST_CASE("numbers as text: every double comes back, anything else is refused where it stands") {
  const double values[]{0,
                        -0.0,
                        0.1,
                        1.0 / 3,
                        1e308,
                        5e-324,
                        -123456789.125,
                        std::numeric_limits<double>::infinity()};
  detail::NumberWriter writer;
  for (const double value : values) writer(value);
  writer(index_t{42});
  detail::NumberReader reader(writer.text(), "state");
  for (const double value : values) {
    double back = 99;
    reader(back);
    CHECK(back == value);
    CHECK(std::signbit(back) == std::signbit(value));
  }
  index_t integer = 0;
  CHECK_FALSE(reader.at_end());
  reader(integer);
  CHECK(integer == 42);
  CHECK(reader.at_end());

  double value = 0;
  CHECK(holds(message_of<DataError>([&] { reader(value); }), "state", "expected a number"));
  detail::NumberReader words("1 two 3", "file: glia.state");
  words(value);
  CHECK(holds(message_of<DataError>([&] { words(value); }), "file: glia.state", "got \"two 3\"",
              "expected a number"));
  detail::NumberReader huge("1e999", "state");
  CHECK(holds(message_of<DataError>([&] { huge(value); }), "1e999"));
}

#include "glia/io/safetensors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "glia/core/random.hpp"
#include "support/expect.hpp"
#include "support/temporary_directory.hpp"
#include "unit/io/write_bytes.hpp"

using namespace glia;
using glia::test::holds;
using glia::test::message_of;
using glia::test::write_bytes;

namespace {

using Bytes = std::vector<std::byte>;

template <class T>
std::span<const std::byte> bytes_of(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

Bytes file_of(std::string_view header, std::size_t data_bytes) {
  Bytes bytes(8 + header.size() + data_bytes);
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(header.size() >> (8 * i));
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  for (std::size_t i = 0; i < data_bytes; ++i)
    bytes[8 + header.size() + i] = static_cast<std::byte>(i);
  return bytes;
}

SafetensorsFile open(const Bytes& bytes) {
  const test::TemporaryDirectory folder;
  write_bytes(folder / "w.safetensors", bytes);
  return SafetensorsFile::open(folder / "w.safetensors");
}

std::string refusal(const Bytes& bytes) {
  const auto message = message_of<DataError>([&] { (void)open(bytes); });
  CHECK(holds(message, "w.safetensors"));
  return message;
}

std::string refusal(std::string_view header, std::size_t data_bytes = 0) {
  return refusal(file_of(header, data_bytes));
}

const std::vector<float> weights{1, 2, 3, -4, 5.5F, 6};
const std::vector<std::uint8_t> labels{7, 8, 9};

Bytes small_file() {
  const test::TemporaryDirectory folder;
  write_safetensors(folder / "a", {{"epoch", "12"}, {"note", "\"quoted\" \xc3\xa9\n"}},
                    {{"labels", "U8", {3}, bytes_of(labels)},
                     {"weight.0", "F32", {2, 3}, bytes_of(weights)},
                     {"empty", "I64", {0, 5}, {}},
                     {"scalar", "F32", {}, bytes_of(weights).first(4)}});
  return read_file(folder / "a");
}

}  // namespace

TEST_CASE("safetensors: round trip of tensors and metadata") {
  const auto file = open(small_file());
  CHECK(file.names() == std::vector<std::string>{"empty", "labels", "scalar", "weight.0"});
  CHECK(file.metadata() ==
        std::map<std::string, std::string>{{"epoch", "12"}, {"note", "\"quoted\" \xc3\xa9\n"}});
  const auto& weight = file.find("weight.0");
  CHECK(weight.dtype == "F32");
  CHECK(weight.shape == std::vector<index_t>{2, 3});
  CHECK(std::equal(weight.bytes.begin(), weight.bytes.end(), bytes_of(weights).begin(),
                   bytes_of(weights).end()));
  CHECK(file.find("labels").bytes[2] == std::byte{9});
  CHECK(file.find("empty").bytes.empty());
  CHECK(file.find("scalar").shape.empty());
  CHECK(file.contains("scalar"));
  CHECK_FALSE(file.contains("scala"));
  CHECK(holds(message_of<DataError>([&] { (void)file.find("weight.1"); }), "weight.1", "missing"));
}

TEST_CASE(
    "safetensors: the order of tensors does not change the file; alignment follows the type") {
  const test::TemporaryDirectory folder;
  const TensorEntry a{"a", "U8", {3}, bytes_of(labels)}, b{"b", "F32", {6}, bytes_of(weights)};
  write_safetensors(folder / "1", {}, {a, b});
  write_safetensors(folder / "2", {}, {b, a});
  CHECK(read_file(folder / "1") == read_file(folder / "2"));
  const auto bytes = read_file(folder / "1");
  const auto header = detail::load<std::uint64_t>(bytes.data());
  CHECK(header % 8 == 0);
  CHECK(bytes[8 + header + 24] == std::byte{7});  // the bytes come after the floats
}

TEST_CASE("safetensors: files of other writers, without check sums") {
  // As the Python package writes {"a": int16 [[1, 2]], "b": empty}.
  const auto file = open(file_of(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},)"
      R"("a":{"dtype":"I16","shape":[1,2],"data_offsets":[0,4]}}    )",
      4));
  CHECK(file.metadata().at("format") == "pt");
  CHECK(file.find("a").bytes[3] == std::byte{3});
  CHECK(open(file_of("{}", 0)).tensors().empty());
  CHECK(open(file_of(R"({"__metadata__":{"crc32":"mine"}} )", 0)).metadata().size() == 1);
}

TEST_CASE("safetensors: the file and its header length") {
  CHECK(holds(refusal(Bytes{}), "0 bytes", "at least 8"));
  CHECK(holds(refusal(Bytes(7)), "7 bytes"));
  CHECK(holds(refusal(Bytes(8)), "{"));
  auto bytes = file_of("{}", 0);
  bytes[0] = std::byte{3};
  CHECK(holds(refusal(bytes), "header length: got 3, expected at most 2"));
  bytes[7] = std::byte{0xff};
  CHECK(holds(refusal(bytes), "header length"));
  // More than the cap, with a file that is long enough (a hole on the disk).
  const test::TemporaryDirectory folder;
  Bytes start(8);
  start[3] = std::byte{0x10};
  write_bytes(folder / "big", start);
  std::filesystem::resize_file(folder / "big", std::uintmax_t{1} << 33);
  CHECK(holds(message_of<DataError>([&] { (void)SafetensorsFile::open(folder / "big"); }),
              "got 268435456, expected at most 100000000"));
  CHECK_THROWS_AS((void)SafetensorsFile::open(folder / "none"), IoError);
  CHECK_THROWS_AS((void)SafetensorsFile::open(folder.path()), DataError);
}

TEST_CASE("safetensors: the structure of the header") {
  CHECK(holds(refusal(" {}"), "first byte"));
  CHECK(holds(refusal("[]"), "first byte"));
  CHECK(holds(refusal("{"), "JSON"));
  CHECK(holds(refusal("{} x"), "JSON"));
  CHECK(holds(refusal("{\"\xff\":1}"), "UTF-8"));
  CHECK(holds(refusal(R"({"a":1})"), "number"));
  CHECK(holds(refusal(R"({"a":null})"), "null"));
  CHECK(holds(refusal(R"({"a":[]})"), "array"));
  CHECK(holds(refusal(R"({"a":{}})"), "without dtype", "\"a\""));
  CHECK(holds(refusal(R"({"a":{"dtype":"U8","shape":[1]}})"), "without"));
  CHECK(holds(refusal(R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1),
              "dtype"));
  CHECK(
      holds(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}})", 1), "\"x\""));
  CHECK(holds(refusal(R"({"a":{"dtype":5,"shape":[1],"data_offsets":[0,1]}})", 1), "number"));
  CHECK(holds(refusal(R"({"a":{"dtype":"U8","shape":"1","data_offsets":[0,1]}})", 1), "string"));
  CHECK(holds(refusal(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 1), "negative"));
  CHECK(
      holds(refusal(R"({"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}})", 1), "fraction"));
  CHECK(holds(refusal(R"({"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}})", 1), "array"));
  CHECK(holds(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}})", 1), "two numbers"));
  CHECK(holds(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}})", 1), "number"));
  CHECK(
      holds(refusal(R"({"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})", 1),
            "axes"));
  CHECK(holds(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                      R"("a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                      2),
              "twice"));
  CHECK(holds(refusal(R"({"__metadata__":{"k":1}})"), "number"));
  CHECK(holds(refusal(R"({"__metadata__":{"k":"1","k":"2"}})"), "twice"));
  CHECK(holds(refusal(R"({"__metadata__":{"k":{}}})"), "object"));
  CHECK(holds(refusal(R"({"__metadata__":"x"})"), "string"));
  CHECK(holds(refusal("{\"" + std::string(2000, 'n') + "\":1}"), "name of 2000 bytes"));
  // Depth costs nothing: it is refused at the first wrong bracket.
  CHECK(holds(refusal("{\"a\":" + std::string(1000000, '[')), "array"));
  CHECK(holds(refusal("{\"a\":{\"dtype\":" + std::string(1000000, '{')), "object"));
}

TEST_CASE("safetensors: shapes, offsets and coverage") {
  const auto one = [](const char* dtype, const char* shape, const char* offsets) {
    return std::string(R"({"a":{"dtype":")") + dtype + R"(","shape":)" + shape +
           R"(,"data_offsets":)" + offsets + "}}";
  };
  CHECK(open(file_of(one("BF16", "[2,2]", "[0,8]"), 8)).contains("a"));
  CHECK(holds(refusal(one("Q7", "[8]", "[0,8]"), 8), "Q7", "known dtype"));
  CHECK(holds(refusal(one("F32", "[3]", "[0,8]"), 8), "8 bytes", "12 for its shape"));
  CHECK(holds(refusal(one("F32", "[2]", "[0,8]"), 9), "data", "9 bytes"));
  CHECK(holds(refusal(one("F32", "[2]", "[1,9]"), 9), "from 0"));
  CHECK(holds(refusal(one("F32", "[2]", "[0,8]"), 7), "within 7"));
  CHECK(holds(refusal(one("F32", "[2]", "[8,0]"), 8), "bytes 8 to 0"));
  CHECK(
      holds(refusal(one("F32", "[4294967296,4294967296,4294967296]", "[0,8]"), 8), "fits memory"));
  CHECK(holds(refusal(one("F64", "[2305843009213693953]", "[0,8]"), 8), "fits memory"));
  CHECK(holds(refusal(one("U8", "[18446744073709551615]", "[0,8]"), 8), "huge"));
  CHECK(holds(refusal(one("U8", "[8]", "[0,18446744073709551615]"), 8), "within 8"));
  CHECK(holds(refusal(one("U8", "[8]", "[0,18446744073709551616]"), 8), "fraction"));
  const auto two = [](const char* first, const char* second) {
    return std::string(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)") + first +
           R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}";
  };
  CHECK(open(file_of(two("[4,8]", "[0,4]"), 8)).tensors().size() == 2);
  CHECK(holds(refusal(two("[0,4]", "[3,7]"), 7), "from 4"));
  CHECK(holds(refusal(two("[0,4]", "[5,9]"), 9), "from 4"));
  CHECK(holds(refusal(two("[0,4]", "[0,4]"), 4), "from 4"));
}

TEST_CASE("safetensors: every cut and every flipped bit of an own file is noticed") {
  const test::TemporaryDirectory folder;
  const auto bytes = small_file();
  const auto refused = [&](const Bytes& changed) {
    write_bytes(folder / "a", changed);
    try {
      (void)SafetensorsFile::open(folder / "a");
    } catch (const DataError&) {
      return true;
    }
    return false;
  };
  CHECK_FALSE(refused(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK(refused({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}));
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = bytes;
      changed[i] ^= static_cast<std::byte>(1 << bit);
      CAPTURE(i);
      CHECK(refused(changed));
    }
  }
}

TEST_CASE("safetensors: random changes give a file or a DataError, nothing else") {
  const test::TemporaryDirectory folder;
  // Without check sums, so that changes reach the deeper checks.
  const auto original =
      file_of(R"({"__metadata__":{"k":"v"},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
              R"("b":{"dtype":"I16","shape":[1,2],"data_offsets":[4,8]}})",
              8);
  const std::string_view interesting = "{}[]\",:0123456789-.eU8F32I64";
  Random random(5);
  for (int round = 0; round < 4000; ++round) {
    auto bytes = original;
    const auto changes = 1 + random.below(4);
    for (index_t change = 0; change < changes; ++change) {
      const auto at = static_cast<std::size_t>(random.below(static_cast<index_t>(bytes.size())));
      bytes[at] = random.bernoulli(0.7)
                      ? static_cast<std::byte>(interesting[static_cast<std::size_t>(
                            random.below(static_cast<index_t>(interesting.size())))])
                      : static_cast<std::byte>(random() & 255);
    }
    write_bytes(folder / "a", bytes);
    try {
      const auto file = SafetensorsFile::open(folder / "a");
      std::size_t total = 0;
      for (const auto& tensor : file.tensors()) total += tensor.bytes.size();
      CHECK(total <= 8);
    } catch (const DataError&) {
    }
  }
}

TEST_CASE("safetensors: what cannot be written") {
  const test::TemporaryDirectory folder;
  const auto refused = [&](const std::map<std::string, std::string>& metadata,
                           const std::vector<TensorEntry>& tensors) {
    return message_of<UsageError>([&] { write_safetensors(folder / "a", metadata, tensors); });
  };
  const auto data = bytes_of(weights);
  CHECK(holds(refused({}, {{"a", "F32", {5}, data}}), "\"a\"", "24 bytes", "20"));
  CHECK(holds(refused({}, {{"a", "F31", {6}, data}}), "F31"));
  CHECK(holds(refused({}, {{"a", "F32", {-6}, data}}), "24 bytes"));
  CHECK(holds(refused({}, {{"a", "F32", {1, 1, 1, 1, 1, 1, 1, 1, 6}, data}}), "9 axes"));
  CHECK(holds(refused({}, {{"__metadata__", "F32", {6}, data}}), "__metadata__"));
  CHECK(holds(
      refused({}, {{"a", "F32", {6}, data}, {"b", "F32", {6}, data}, {"a", "U8", {24}, data}}),
      "twice"));
  CHECK(holds(refused({{"glia.crc32", "1"}}, {}), "reserved"));
  CHECK(holds(refused({{"k", "\xff"}}, {}), "UTF-8"));
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("safetensors: numbers that are not finite are counted in every floating type") {
  const auto count = [](const char* dtype, auto values) {
    return count_nonfinite({"a", dtype, {}, bytes_of(values)});
  };
  CHECK(count("F32", std::vector<float>{1, NAN, -HUGE_VALF, 3.4e38F, 0, -0.0F}) == 2);
  CHECK(count("F64", std::vector<double>{1, NAN, HUGE_VAL, -HUGE_VAL, 1.7e308}) == 3);
  CHECK(count("BF16", std::vector<std::uint16_t>{0x3f80, 0x7f80, 0xff80, 0x7fc0, 0x7f7f}) == 3);
  CHECK(count("F16", std::vector<std::uint16_t>{0x3c00, 0x7c00, 0xfc01, 0x7bff}) == 2);
  CHECK(count("I32", std::vector<std::int32_t>{0x7f800000}) == 0);
}

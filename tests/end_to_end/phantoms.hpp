#pragma once

#include <doctest/doctest.h>

#include <bit>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "glia/io/atomic_file.hpp"
#include "glia/io/gzip.hpp"
#include "glia/io/nifti.hpp"
#include "support/program.hpp"
#include "support/temporary_directory.hpp"
#include "unit/io/nifti_bytes.hpp"

namespace glia::test {

inline constexpr const char* phantom_suffixes[]{"t1n", "t1c", "t2w", "t2f", "seg"};

/// The words of one command line followed by more.
inline std::vector<std::string> joined(std::vector<std::string> words,
                                       const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// A folder with three small phantoms, made by the program once and copied for each use, and with
/// weights of one update.
class Phantoms {
 public:
  static constexpr const char* extent = "24x22x20";

  Phantoms() {
    static const Prototype prototype;
    std::filesystem::copy(prototype.folder.path(), folder_.path(),
                          std::filesystem::copy_options::recursive);
  }

  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return folder_ / name;
  }
  [[nodiscard]] std::string data() const { return folder_ / "data"; }
  [[nodiscard]] std::string weights() const { return folder_ / "run" / "best.safetensors"; }
  [[nodiscard]] static std::string id(int index) {
    return "BraTS-GLI-0000" + std::to_string(index) + "-000";
  }
  [[nodiscard]] std::filesystem::path home(int index) const { return folder_ / "data" / id(index); }
  [[nodiscard]] std::filesystem::path file(int index, const std::string& suffix) const {
    return home(index) / (id(index) + "-" + suffix + ".nii.gz");
  }

  [[nodiscard]] Outcome run(std::vector<std::string> arguments) const {
    arguments.emplace_back("--quiet");
    return run_glia(folder_.path(), std::move(arguments));
  }
  [[nodiscard]] Outcome check(std::vector<std::string> more = {}) const {
    return run(joined({"check", data()}, more));
  }
  [[nodiscard]] Outcome train(const std::string& out, std::vector<std::string> more = {}) const {
    return run(joined(training(data(), folder_ / out), more));
  }
  [[nodiscard]] Outcome segment(const std::string& out, std::vector<std::string> more = {}) const {
    return run(joined({"segment", data(), "--model", weights(), "--out", folder_ / out}, more));
  }

 private:
  struct Prototype {
    Prototype() {
      const Outcome made = run_glia(folder.path(), {"phantom", folder / "data", "--count", "3",
                                                    "--extent", extent, "--seed", "5"});
      REQUIRE_MESSAGE(made.code == 0, made.err);
      const Outcome trained = run_glia(folder.path(), training(folder / "data", folder / "run"));
      REQUIRE_MESSAGE(trained.code == 0, trained.err);
    }
    TemporaryDirectory folder;
  };

  static std::vector<std::string> training(const std::string& data, const std::string& out) {
    return {"train",
            data,
            "--out",
            out,
            "--network",
            "unet-tiny",
            "--patch",
            "16",
            "--batch",
            "1",
            "--epochs",
            "1",
            "--steps-per-epoch",
            "1",
            "--validation-fraction",
            "0"};
  }

  TemporaryDirectory folder_;
};

/// The decompressed bytes of a NIfTI-1 file, which a test damages and writes back.
class NiftiDamage {
 public:
  explicit NiftiDamage(std::filesystem::path path)
      : bytes(gzip_decompress(read_file(path))), path_(std::move(path)) {}

  template <class T>
  NiftiDamage& put(std::size_t where, T value) {
    const auto raw = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
    std::copy(raw.begin(), raw.end(), bytes.begin() + static_cast<std::ptrdiff_t>(where));
    return *this;
  }
  void save() const { write_file_atomically(path_, gzip_compress(bytes)); }

  std::vector<std::byte> bytes;

 private:
  std::filesystem::path path_;
};

/// Replaces an image by another of the same geometry, whose voxels `change` makes from the old
/// ones.
inline void rewrite(const std::filesystem::path& path,
                    const std::function<void(std::vector<float>&)>& change) {
  NiftiImage image = read_nifti(path);
  change(image.frames.front().voxels);
  write_nifti_image(path, image.frames.front(), image.header);
}

/// Names of the files in a folder, sorted; none if there is no folder.
inline std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  if (!std::filesystem::exists(folder)) return names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace glia::test

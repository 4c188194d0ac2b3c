#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "glia/core/types.hpp"
#include "glia/io/atomic_file.hpp"
#include "glia/io/folder_lock.hpp"

namespace glia {

/// What a trainer leaves in its folder: the best weights, its last state and the state before.
inline constexpr const char* weights_name = "best.safetensors";
inline constexpr const char* checkpoint_name = "last.safetensors";
inline constexpr const char* previous_name = "previous.safetensors";

/// The folder of a run: its files, who may write them, and which of them hold what.
class RunFolder {
 public:
  /// Takes the folder for itself; with an empty path there is none. Throws IoError if another
  /// trainer has it.
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {
    if (!path_.empty()) lock_.emplace(path_);
  }

  [[nodiscard]] bool exists() const { return lock_.has_value(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path best() const { return path_ / weights_name; }
  [[nodiscard]] std::filesystem::path last() const { return path_ / checkpoint_name; }
  [[nodiscard]] std::filesystem::path previous() const { return path_ / previous_name; }

  /// The first of a run's files that is there; empty if none is.
  [[nodiscard]] std::filesystem::path first_file() const {
    for (const auto& file : files())
      if (exists() && std::filesystem::exists(file)) return file;
    return {};
  }

  /// Removes what a killed run was writing.
  void remove_unfinished() const {
    if (!exists()) return;
    for (const auto& file : files()) remove_leftovers(file);
  }

  /// Removes another run.
  void clear() const {
    if (!exists()) return;
    for (const auto& file : files()) std::filesystem::remove(file);
  }

  /// The run's last checkpoint gets a second name, which it keeps when a newer one takes the first.
  /// Where a file system knows no such names, there is no previous checkpoint.
  void keep_previous() const {
    std::error_code ignored;
    std::filesystem::remove(previous(), ignored);
    if (last_) std::filesystem::create_hard_link(last(), previous(), ignored);
  }

  void saved_last(index_t step, index_t updates) { last_ = {step, updates}; }
  void saved_best(index_t epoch, index_t updates) { best_ = {epoch, updates}; }

  /// For people whose run failed after so many updates: what is kept of it. Weights that are as old
  /// as those that failed are no better.
  [[nodiscard]] std::string kept(index_t updates) const {
    if (!exists()) return "nothing was kept, because the run has no folder";
    const auto describe = [&](const std::filesystem::path& file, const char* of,
                              const Saved& saved) {
      return file.string() + " holds the weights " + of + std::to_string(saved.when) +
             (saved.updates == updates ? ", which already fail" : "");
    };
    std::string text;
    if (best_) text = describe(best(), "of epoch ", *best_);
    if (last_) text += (best_ ? "; " : "") + describe(last(), "after step ", *last_);
    return text.empty() ? "nothing of this run was saved yet" : text;
  }

 private:
  struct Saved {
    index_t when, updates;
  };
  [[nodiscard]] std::array<std::filesystem::path, 3> files() const {
    return {last(), best(), previous()};
  }

  std::filesystem::path path_;
  std::optional<FolderLock> lock_;
  std::optional<Saved> last_, best_;
};

}  // namespace glia

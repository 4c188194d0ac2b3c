#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace glia::test {

/// Writes a file and the folders above it.
inline void write_text(const std::filesystem::path& file, const std::string& text = "") {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

/// Empty files folder/PREFIX + ending for each ending: enough for a search, which looks at names
/// alone.
inline void touch_all(const std::filesystem::path& folder, const std::string& prefix,
                      const std::vector<std::string>& endings) {
  for (const std::string& ending : endings) write_text(folder / (prefix + ending));
}

inline const std::vector<std::string> names_2018{"_t1.nii.gz", "_t1ce.nii.gz", "_t2.nii.gz",
                                                 "_flair.nii.gz", "_seg.nii.gz"};
inline const std::vector<std::string> names_2023{"-t1n.nii.gz", "-t1c.nii.gz", "-t2w.nii.gz",
                                                 "-t2f.nii.gz", "-seg.nii.gz"};

}  // namespace glia::test

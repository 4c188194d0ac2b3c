#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/log.hpp"
#include "glia/data/label_scheme.hpp"
#include "glia/data/phantom.hpp"
#include "glia/io/affine.hpp"
#include "glia/io/folder.hpp"
#include "glia/io/nifti.hpp"

namespace glia {

struct PhantomDatasetOptions {
  PhantomOptions phantom{};
  std::uint64_t seed = 0;
  index_t count = 16;      ///< cases to write
  index_t first = 0;       ///< index of the first; other indices of one seed are other cases
  bool labels = true;      ///< false makes an unlabelled data set, for distillation
  bool overwrite = false;  ///< replace the files of cases that exist
  ProgressSink progress{};
};

/// Writes phantoms as a data set in the layout of BraTS 2023,
/// BraTS-GLI-00000-000/BraTS-GLI-00000-000-t1n.nii.gz and so on: int16 images, uint8 labels 1 NCR,
/// 2 ED, 3 ET, 1 mm voxels in BraTS' orientation. Returns the cases' ids. Throws UsageError for
/// options out of range and if a case exists and may not be replaced, before anything is written;
/// IoError if a file cannot be written.
inline std::vector<std::string> write_phantom_dataset(const std::filesystem::path& folder,
                                                      const PhantomDatasetOptions& options) {
  namespace fs = std::filesystem;
  if (options.count < 1 || options.first < 0 || options.first + options.count > 100000) {
    throw UsageError("phantom data set: expected cases between 0 and 99999, got " +
                     std::to_string(options.count) + " from " + std::to_string(options.first));
  }
  std::vector<std::string> ids;
  for (index_t index = options.first; index < options.first + options.count; ++index) {
    ids.push_back(phantom_id(index));
    if (!options.overwrite && fs::exists(folder / ids.back())) {
      throw UsageError((folder / ids.back()).string() +
                       ": exists already, and overwriting was not asked for");
    }
  }

  const Extent extent = options.phantom.extent;
  const Affine brats{
      {{{-1, 0, 0, 0}, {0, -1, 0, static_cast<double>(extent.h - 1)}, {0, 0, 1, 0}}}};
  const NiftiHeader geometry = make_nifti_header(extent, brats);
  constexpr std::array<const char*, modality::count> suffixes{"t1n", "t1c", "t2w", "t2f"};
  for (index_t done = 0; done < options.count; ++done) {
    const PhantomCase phantom = make_phantom(options.phantom, options.seed, options.first + done);
    const fs::path place = folder / phantom.id;
    make_folder(place);
    const auto file = [&](const char* suffix) {
      return place / (phantom.id + "-" + suffix + ".nii.gz");
    };
    for (std::size_t m = 0; m < suffixes.size(); ++m) {
      Volume<std::int16_t> stored(extent);
      for (std::size_t v = 0; v < stored.voxels.size(); ++v) {
        stored.voxels[v] = static_cast<std::int16_t>(phantom.images[m].voxels[v]);
      }
      write_nifti_image(file(suffixes[m]), stored, geometry);
    }
    if (options.labels) {
      write_nifti_labels(file("seg"), from_internal(phantom.labels, label_scheme("brats2023")),
                         geometry);
    } else {
      std::error_code ignored;
      fs::remove(file("seg"), ignored);  // of a labelled case that is being replaced
    }
    if (options.progress) {
      options.progress(
          {"phantom", static_cast<double>(done + 1), static_cast<double>(options.count), "cases"});
    }
  }
  return ids;
}

}  // namespace glia

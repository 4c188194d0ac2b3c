#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "glia/core/log.hpp"
#include "glia/data/case.hpp"
#include "glia/data/dataset.hpp"
#include "glia/data/label_scheme.hpp"

namespace glia {

namespace detail {

/// The folder whose cases were labelled by one convention: that of the case folders.
inline std::filesystem::path collection_of(const CaseFiles& files) {
  const std::filesystem::path folder = folder_of(files);
  return folder.filename() == files.id ? folder.parent_path() : folder;
}

/// Why the labels of a case are of another scheme than the one that its name implies; nothing if
/// they are not, if no scheme fits them, or if they cannot be read: whoever reads the case says so.
inline std::optional<std::string> why_other_scheme(CaseFiles files) {
  files.images.fill({});
  const CaseReading reading = inspect_case(files);
  const LabelCounts& values = reading.contents.label_values;
  if (reading.problems.empty() || fits(files.scheme, values) || fitting_schemes(values).empty())
    return std::nullopt;
  return reading.problems.front();
}

}  // namespace detail

/// Refuses the labelled cases of a folder if one of them has values that the scheme which their
/// names imply lacks: the names of BraTS 2023 are also those of schemes in which 1, 2 and 3 mean
/// something else, and a case without the value that gives these away must not be read as another
/// than its neighbours. Reads all label files with such names, unless `options` name the scheme.
inline void require_agreed_schemes(Dataset& dataset, const FindCasesOptions& options,
                                   const ProgressSink& progress = {}) {
  if (options.scheme) return;
  std::map<std::filesystem::path, std::map<std::string, std::string>> others;  // reasons by id
  for (std::size_t i = 0; i < dataset.cases.size(); ++i) {
    const CaseFiles& files = dataset.cases[i];
    if (files.layout != Layout::brats2023 || files.label.empty()) continue;
    if (progress) {
      progress({"label values", static_cast<double>(i), static_cast<double>(dataset.cases.size()),
                "cases"});
    }
    if (auto reason = detail::why_other_scheme(files))
      others[detail::collection_of(files)].emplace(files.id, std::move(*reason));
  }
  if (others.empty()) return;
  std::vector<CaseFiles> agreed;
  for (CaseFiles& files : dataset.cases) {
    const auto found = others.find(detail::collection_of(files));
    if (files.layout != Layout::brats2023 || files.label.empty() || found == others.end()) {
      agreed.push_back(std::move(files));
      continue;
    }
    const auto& [folder, reasons] = *found;
    const auto own = reasons.find(files.id);
    const std::string text =
        own != reasons.end()
            ? own->second
            : files.label.string() + ": label scheme: case " + reasons.begin()->first + " of " +
                  folder.string() + " has values that '" + files.scheme.name +
                  "' lacks, expected one scheme for all cases of the folder; " +
                  std::string(name_the_scheme);
    dataset.problems.push_back({files.id, text, true});
    dataset.refused.push_back(std::move(files));
  }
  dataset.cases = std::move(agreed);
}

}  // namespace glia

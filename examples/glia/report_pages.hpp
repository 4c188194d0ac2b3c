#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "program.hpp"
#include "scoring.hpp"

namespace glia::program {

struct ReportOptions : ScoringOptions {
  std::filesystem::path folder, out;  ///< of a run or an experiment; the page
  index_t worst = 6;                  ///< cases that are shown as pictures
};

/// A page; `refused` counts the cases that should be on it and are not.
struct ReportPage {
  std::string html;
  std::size_t refused = 0;
};

/// About a training run, and about predictions if they and their truth are given.
ReportPage run_page(const ReportOptions& options, const CommonOptions& common);

/// About an experiment, with pictures if the truth is given.
ReportPage experiment_page(const ReportOptions& options, const CommonOptions& common);

/// What made the page, and when.
std::string page_origin();

/// What the pictures of predictions show.
std::string picture_legend();

}  // namespace glia::program

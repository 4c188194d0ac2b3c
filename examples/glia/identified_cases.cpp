#include "identified_cases.hpp"

#include <utility>

#include "glia/core/error.hpp"
#include "glia/data/content_id.hpp"
#include "program.hpp"
#include "terminal.hpp"

namespace glia::program {

std::vector<PreparedCase> identify(std::vector<CaseFiles>& files, const IdentifyOptions& options,
                                   std::size_t& refused) {
  ProgressBar bar(options.stage, "cases", options.quiet);
  std::vector<PreparedCase> cases;
  std::vector<CaseFiles> readable;
  for (std::size_t i = 0; i < files.size(); ++i) {
    try {
      const ContentId content =
          content_id(read_case(files[i], options.reading, options.keep_going).images);
      PreparedCase& made = cases.emplace_back();
      made.id = files[i].id;
      made.content = content;
      readable.push_back(files[i]);
    } catch (const DataError& error) {
      if (!options.keep_going) throw;
      complain(error.what());
      ++refused;
    }
    bar.update(static_cast<double>(i + 1), static_cast<double>(files.size()));
  }
  files = std::move(readable);
  return cases;
}

}  // namespace glia::program

#include <string>

#include "all_headers.hpp"

std::string version_seen_by_other_unit();
std::string version_seen_by_other_unit() { return GLIA_VERSION_STRING; }

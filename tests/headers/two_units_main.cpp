#include <string>

#include "all_headers.hpp"

std::string version_seen_by_other_unit();

int main() { return version_seen_by_other_unit() == GLIA_VERSION_STRING ? 0 : 1; }

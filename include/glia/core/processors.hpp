#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace glia {

namespace detail {

/// True if a comma separated list holds the word.
inline bool lists_word(const std::string& list, const std::string& word) {
  return ("," + list + ",").find("," + word + ",") != std::string::npos;
}

/// Processors' worth of time that the files of one control group allow, infinity without a limit:
/// cpu.max of version 2, cpu.cfs_quota_us over cpu.cfs_period_us of version 1 (Linux,
/// admin-guide/cgroup-v2 and scheduler/sched-bwc).
inline double group_quota(const std::filesystem::path& folder) {
  double quota = 0, period = 0;
  const bool limited = (std::ifstream(folder / "cpu.max") >> quota >> period) ||
                       (std::ifstream(folder / "cpu.cfs_quota_us") >> quota &&
                        std::ifstream(folder / "cpu.cfs_period_us") >> period);
  return limited && quota > 0 && period > 0 ? quota / period
                                            : std::numeric_limits<double>::infinity();
}

/// The folder in which this process's group of a hierarchy lies below `mount`, which shows the
/// hierarchy from `root` on. A container's mount is its own group, whatever the group's name.
inline std::filesystem::path group_folder(const std::filesystem::path& mount,
                                          const std::filesystem::path& root,
                                          const std::filesystem::path& group) {
  const auto inside = group.lexically_relative(root);
  return inside.empty() || *inside.begin() == ".." ? mount : (mount / inside).lexically_normal();
}

/// This process's group in the hierarchy of version 2, or in the one of version 1 that has the
/// controller cpu, from a file such as /proc/self/cgroup; empty if it is in none.
inline std::string group_path(const std::filesystem::path& file, bool second) {
  std::ifstream groups(file);
  std::string number, controllers, path;
  while (std::getline(groups, number, ':') && std::getline(groups, controllers, ':') &&
         std::getline(groups, path)) {
    if (second ? controllers.empty() : lists_word(controllers, "cpu")) return path;
  }
  return {};
}

/// The least quota of this process's control groups and of the groups that hold them, of either
/// version, as /proc/self/mountinfo and /proc/self/cgroup below `system` name them (proc(5),
/// cgroups(7)); infinity without a limit.
inline double cpu_quota(const std::filesystem::path& system = "/") {
  double least = std::numeric_limits<double>::infinity();
  std::ifstream mounts(system / "proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const auto dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream place(line.substr(0, dash)), kind(line.substr(dash + 3));
    std::string skipped, root, mount, type, options;
    place >> skipped >> skipped >> skipped >> root >> mount;
    kind >> type >> skipped >> options;
    const bool second = type == "cgroup2", first = type == "cgroup" && lists_word(options, "cpu");
    const std::string group =
        first || second ? group_path(system / "proc/self/cgroup", second) : std::string();
    if (group.empty()) continue;
    const auto top = system / std::filesystem::path(mount).relative_path();
    auto folder = group_folder(top, root, group);
    for (; folder != top && folder.has_relative_path(); folder = folder.parent_path())
      least = (std::min)(least, group_quota(folder));
    least = (std::min)(least, group_quota(top));
  }
  return least;
}

}  // namespace detail

/// Processors that this process may use: those that it may be scheduled on, but no more than the
/// CPU quota of its control groups (containers, batch systems) allows, rounded up. At least 1.
[[nodiscard]] inline int available_processors() {
  int processors = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) processors = CPU_COUNT(&allowed);
#endif
  const double quota = std::ceil(detail::cpu_quota());
  if (quota < processors) processors = static_cast<int>(quota);
  return (std::max)(1, processors);
}

}  // namespace glia

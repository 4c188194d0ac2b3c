// How many processors a process may use: its affinity, and the quota of its control groups. The
// trees below are written down from machines and from the kernel's documentation.
#include "glia/core/processors.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <string>

#if defined(__linux__)
#include <sched.h>
#endif

#include "glia/tensor/context.hpp"
#include "support/temporary_directory.hpp"

using namespace glia;
using namespace glia::test;

namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

/// The quota on a machine that has these files.
double quota(const std::map<std::string, std::string>& files) {
  const TemporaryDirectory machine;
  for (const auto& [name, text] : files) {
    std::filesystem::create_directories((machine / name).parent_path());
    std::ofstream(machine / name) << text;
  }
  return detail::cpu_quota(machine.path());
}

const std::string version_2 =
    "24 30 0:22 / /proc rw,nosuid shared:14 - proc proc rw\n"
    "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

}  // namespace

TEST_CASE("cgroup 2: the least quota of a group and of those that hold it") {
  const std::string groups = "0::/job.slice/step_0\n";
  const std::string top = "sys/fs/cgroup/";
  CHECK(quota({}) == unlimited);
  CHECK(quota({{"proc/self/mountinfo", version_2},
               {"proc/self/cgroup", groups},
               {top + "job.slice/step_0/cpu.max", "max 100000\n"}}) == unlimited);
  CHECK(quota({{"proc/self/mountinfo", version_2},
               {"proc/self/cgroup", groups},
               {top + "job.slice/step_0/cpu.max", "150000 100000\n"},
               {top + "job.slice/cpu.max", "max 100000\n"},
               {top + "other.slice/cpu.max", "10000 100000\n"}}) == 1.5);
  CHECK(quota({{"proc/self/mountinfo", version_2},
               {"proc/self/cgroup", groups},
               {top + "job.slice/step_0/cpu.max", "800000 100000\n"},
               {top + "job.slice/cpu.max", "400000 100000\n"}}) == 4);
  // In a container the mount shows the container's own group, which may be named from outside.
  CHECK(quota({{"proc/self/mountinfo", version_2},
               {"proc/self/cgroup", "0::/\n"},
               {top + "cpu.max", "200000 100000\n"}}) == 2);
  CHECK(quota({{"proc/self/mountinfo", version_2},
               {"proc/self/cgroup", "0::/docker/0123abcd\n"},
               {top + "cpu.max", "200000 100000\n"}}) == 2);
}

TEST_CASE("cgroup 1: the quota of the hierarchy that has the controller cpu") {
  const std::string mounts =
      "31 23 0:28 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n"
      "32 31 0:29 /docker/ab /sys/fs/cgroup/cpu,cpuacct ro shared:9 - cgroup cgroup "
      "rw,cpu,cpuacct\n"
      "34 31 0:31 / /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
  const std::string groups = "7:cpuset:/x\n4:cpu,cpuacct:/docker/ab/job\n1:name=systemd:/\n0::/\n";
  const std::string cpu = "sys/fs/cgroup/cpu,cpuacct/";
  const auto with = [&](const std::string& folder, const std::string& limit) {
    return quota({{"proc/self/mountinfo", mounts},
                  {"proc/self/cgroup", groups},
                  {folder + "cpu.cfs_quota_us", limit},
                  {folder + "cpu.cfs_period_us", "50000\n"}});
  };
  CHECK(with(cpu + "job/", "-1\n") == unlimited);
  CHECK(with(cpu + "job/", "125000\n") == 2.5);
  CHECK(with(cpu, "100000\n") == 2);
  CHECK(with("sys/fs/cgroup/cpuset/x/", "100000\n") == unlimited);
}

#if defined(__linux__)
TEST_CASE("a process that may run on one processor has one, and so has a context by default") {
  CHECK(available_processors() >= 1);
  cpu_set_t all, one;
  REQUIRE(sched_getaffinity(0, sizeof all, &all) == 0);
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
  }
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
  CHECK(available_processors() == 1);
  CHECK(Context{}.threads() == 1);
  CHECK(ThreadPool{}.size() == 1);
  REQUIRE(sched_setaffinity(0, sizeof all, &all) == 0);
}
#endif

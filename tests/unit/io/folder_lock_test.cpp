#include "glia/io/folder_lock.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <optional>

#include "support/expect.hpp"
#include "support/temporary_directory.hpp"

using namespace glia;
using glia::test::holds;
using glia::test::message_of;

TEST_CASE("a folder is made and locked by one at a time, until the lock is gone") {
  const test::TemporaryDirectory root;
  const auto folder = root / "runs" / "first";
  std::optional<FolderLock> lock(std::in_place, folder);
  CHECK(std::filesystem::is_directory(folder));
  CHECK(holds(message_of<IoError>([&] { FolderLock second(folder); }), folder.string(),
              "is writing in this folder"));
  CHECK_NOTHROW(FolderLock(root / "runs" / "second"));
  CHECK_NOTHROW(FolderLock(root / "runs"));
  CHECK_THROWS_AS(FolderLock{folder}, IoError);  // as before: a refusal takes nothing away
  lock.reset();
  CHECK_NOTHROW(FolderLock{folder});
  CHECK_NOTHROW(FolderLock{folder});
}

TEST_CASE("the lock of another process holds, and ends when that process is killed") {
  const test::TemporaryDirectory folder;
  std::array<int, 2> locked{};
  REQUIRE(::pipe(locked.data()) == 0);
  const pid_t other = ::fork();
  REQUIRE(other >= 0);
  if (other == 0) {
    const FolderLock lock(folder.path());
    if (::write(locked[1], "x", 1) == 1) ::pause();
    ::_exit(1);
  }
  char word = 0;
  REQUIRE(::read(locked[0], &word, 1) == 1);
  CHECK(holds(message_of<IoError>([&] { FolderLock second(folder.path()); }),
              folder.path().string(), "another process"));
  ::kill(other, SIGKILL);
  REQUIRE(::waitpid(other, nullptr, 0) == other);
  CHECK_NOTHROW(FolderLock{folder.path()});
  ::close(locked[0]);
  ::close(locked[1]);
}

TEST_CASE("what is no folder cannot be locked") {
  const test::TemporaryDirectory root;
  std::ofstream(root / "file") << "x";
  CHECK(holds(message_of<IoError>([&] { FolderLock lock(root / "file"); }), "file"));
  CHECK(holds(message_of<IoError>([&] { FolderLock lock(root / "file" / "run"); }), "file/run",
              "cannot make the folder"));
}

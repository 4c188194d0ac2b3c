#include "glia/io/atomic_file.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iterator>
#include <string>
#include <vector>

#include "support/expect.hpp"
#include "support/temporary_directory.hpp"

using namespace glia;
using glia::test::holds;
using glia::test::message_of;
namespace fs = std::filesystem;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string text_of(const fs::path& path) {
  const auto bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::ptrdiff_t entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

/// What a flush of a folder answers instead of being done; 0 does it.
int folder_answer = 0;

}  // namespace

// Instead of the C library's, for file systems that no test machine has.
extern "C" int fsync(int descriptor) {
  struct stat status {};
  if (folder_answer != 0 && ::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
    errno = folder_answer;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

TEST_CASE(
    "atomic file: a folder that cannot be flushed leaves a complete file, one that lost data "
    "fails") {
  const test::TemporaryDirectory folder;
  for (const int answer : {EINVAL, ENOTSUP, EBADF, EACCES, ENOSYS, EROFS}) {
    CAPTURE(answer);
    folder_answer = answer;
    CHECK_NOTHROW(write_file_atomically(folder / "a", bytes_of(std::to_string(answer))));
    folder_answer = 0;
    CHECK(text_of(folder / "a") == std::to_string(answer));
  }
  for (const int answer : {EIO, ENOSPC, EDQUOT}) {
    CAPTURE(answer);
    folder_answer = answer;
    CHECK_THROWS_AS(write_file_atomically(folder / "a", bytes_of("x")), IoError);
    folder_answer = 0;
  }
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("flush: a pipe and a closed descriptor have nothing that could be lost") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  CHECK(detail::flush(ends[1]) == 0);
  ::close(ends[0]);
  ::close(ends[1]);
  CHECK(detail::flush(ends[1]) == 0);
}

TEST_CASE("atomic file: content, replacement and no temporary file") {
  const test::TemporaryDirectory folder;
  const fs::path path = folder / "name with spaces \xc3\xa9.txt";
  write_file_atomically(path, bytes_of("first"));
  CHECK(text_of(path) == "first");
  write_file_atomically(path, bytes_of("second, longer"));
  CHECK(text_of(path) == "second, longer");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("atomic file: without commit the old content stays") {
  const test::TemporaryDirectory folder;
  write_file_atomically(folder / "a", bytes_of("old"));
  {
    AtomicFile file(folder / "a");
    file.write(bytes_of("half"));
    CHECK(entries(folder.path()) == 2);
  }
  CHECK(text_of(folder / "a") == "old");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("atomic file: two writers of one name do not meet") {
  const test::TemporaryDirectory folder;
  AtomicFile first(folder / "a"), second(folder / "a");
  first.write(bytes_of("one"));
  second.write(bytes_of("two"));
  first.commit();
  CHECK(text_of(folder / "a") == "one");
  second.commit();
  CHECK(text_of(folder / "a") == "two");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("atomic file: permissions follow the umask, not a private temporary file") {
  const test::TemporaryDirectory folder;
  const mode_t before = ::umask(022);
  write_file_atomically(folder / "a", bytes_of("x"));
  ::umask(before);
  struct stat status {};
  REQUIRE(::stat((folder / "a").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0644);
}

TEST_CASE("atomic file: the longest name that a folder can hold") {
  const test::TemporaryDirectory folder;
  const fs::path path = folder / std::string(255, 'n');
  write_file_atomically(path, bytes_of("x"));
  CHECK(text_of(path) == "x");
  const auto message = message_of<IoError>(
      [&] { write_file_atomically(folder / std::string(4096, 'n'), bytes_of("x")); });
  CHECK(holds(message, "nnnn", "File name too long"));
}

TEST_CASE("atomic file: a symbolic link stays a link") {
  const test::TemporaryDirectory folder;
  fs::create_directory(folder / "real");
  write_file_atomically(folder / "real/a", bytes_of("old"));
  fs::create_symlink("real/a", folder / "link");
  write_file_atomically(folder / "link", bytes_of("new"));
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(text_of(folder / "real/a") == "new");
  fs::create_symlink("loop", folder / "loop");
  CHECK(holds(message_of<IoError>([&] { AtomicFile file(folder / "loop"); }), "loop",
              "Too many levels"));
}

TEST_CASE("atomic file: folders, devices and missing folders are refused") {
  const test::TemporaryDirectory folder;
  CHECK(holds(message_of<IoError>([&] { AtomicFile file(folder / "no/such/a"); }), "no/such/a",
              "No such file"));
  CHECK(holds(message_of<IoError>([&] { AtomicFile file(folder.path()); }), "not a regular file"));
  CHECK(holds(message_of<IoError>([] { AtomicFile file("/dev/full"); }), "/dev/full",
              "not a regular file"));
  CHECK(fs::is_character_file("/dev/full"));
}

TEST_CASE("atomic file: a file size limit leaves the old file and nothing else") {
  const test::TemporaryDirectory folder;
  write_file_atomically(folder / "a", bytes_of("old"));
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 1000;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::vector<std::byte> large(5000);
  const auto message = message_of<IoError>([&] { write_file_atomically(folder / "a", large); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  CHECK(holds(message, "/a: File too large", "after 1000 bytes"));
  CHECK(text_of(folder / "a") == "old");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("read_file: what is not a regular file, and the limit") {
  const test::TemporaryDirectory folder;
  CHECK(holds(message_of<IoError>([&] { (void)read_file(folder / "none"); }), "none",
              "No such file"));
  CHECK(holds(message_of<DataError>([&] { (void)read_file(folder.path()); }), "a directory"));
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(holds(message_of<DataError>([&] { (void)read_file(folder / "pipe"); }), "a pipe"));
  write_file_atomically(folder / "a", bytes_of("12345"));
  CHECK(read_file(folder / "a", 5).size() == 5);
  CHECK(holds(message_of<DataError>([&] { (void)read_file(folder / "a", 4); }), "5 bytes",
              "at most 4"));
}

TEST_CASE("leftovers of killed writers of a file are removed, other files stay") {
  const test::TemporaryDirectory folder;
  for (const char* name :
       {"a.bin", "a.bin.tmp.123.0", "a.bin.tmp.9.7", "ab.bin.tmp.1.0", "a.bin.tmpx"}) {
    write_file_atomically(folder / name, bytes_of("x"));
  }
  remove_leftovers(folder / "a.bin");
  CHECK(fs::exists(folder / "a.bin"));
  CHECK_FALSE(fs::exists(folder / "a.bin.tmp.123.0"));
  CHECK_FALSE(fs::exists(folder / "a.bin.tmp.9.7"));
  CHECK(fs::exists(folder / "ab.bin.tmp.1.0"));
  CHECK(fs::exists(folder / "a.bin.tmpx"));
  CHECK_NOTHROW(remove_leftovers(folder / "no" / "folder"));
}

TEST_CASE("the temporary file of a living writer is no leftover") {
  const test::TemporaryDirectory folder;
  write_file_atomically(folder / "a.tmp.1.0", bytes_of("x"));
  AtomicFile living(folder / "a");
  living.write(bytes_of("one "));
  CHECK(entries(folder.path()) == 2);
  remove_leftovers(folder / "a");
  CHECK_FALSE(fs::exists(folder / "a.tmp.1.0"));
  CHECK(entries(folder.path()) == 1);
  living.write(bytes_of("two"));
  living.commit();
  CHECK(text_of(folder / "a") == "one two");
  CHECK(entries(folder.path()) == 1);
}

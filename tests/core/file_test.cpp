#include "twofold/core/file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <ostream>

#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"

namespace twofold {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

std::vector<std::filesystem::path> entries(const std::filesystem::path& folder) {
  return {std::filesystem::directory_iterator(folder), {}};
}

TEST(WriteFile, ReplacesTheOldContentAndLeavesNothingElse) {
  const TemporaryFolder folder;
  write_file(folder.path() / "a.txt", "old");
  write_file(folder.path() / "a.txt", "new");
  EXPECT_EQ(read_file(folder.path() / "a.txt"), "new");
  EXPECT_THAT(entries(folder.path()), SizeIs(1));
}

TEST(WriteFile, KeepsTheOldContentWhenTheProducerFails) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.txt";
  write_file(path, "old");
  EXPECT_THROW(write_file(path,
                          [](std::ostream& out) {
                            out << "half";
                            throw std::runtime_error("stop");
                          }),
               std::runtime_error);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_THAT(entries(folder.path()), SizeIs(1));
}

TEST(WriteFile, SaysWhyItCannotWrite) {
  const TemporaryFolder folder;
  try {
    write_file(folder.path() / "absent" / "a.txt", "x");
    FAIL() << "no exception";
  } catch (const OutputError& e) {
    EXPECT_THAT(e.what(), HasSubstr("No such file or directory"));
    EXPECT_THAT(e.what(), HasSubstr("a.txt"));
  }
}

TEST(CheckPlace, WantsTheFolderToExistAndLeavesNothing) {
  const TemporaryFolder folder;
  EXPECT_NO_THROW(check_place(folder.path() / "a.txt"));
  EXPECT_THROW(check_place(folder.path() / "absent" / "a.txt"), OutputError);
  EXPECT_THROW(check_place("/proc/self/a.txt"), OutputError);
  EXPECT_THAT(entries(folder.path()), SizeIs(0));
}

// /dev/full fails every write with "no space left"; it cannot be renamed over, so the
// stream itself is what is tested here.
TEST(WriteFile, ReportsAFullDisk) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full on this system";
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.txt";
  std::filesystem::create_symlink("/dev/full",
                                  path.string() + ".part" + std::to_string(::getpid()));
  try {
    write_file(path, std::string(100'000, 'x'));
    FAIL() << "no exception";
  } catch (const OutputError& e) {
    EXPECT_THAT(e.what(), HasSubstr("No space left on device"));
  }
  EXPECT_THAT(entries(folder.path()), SizeIs(0));
}

TEST(WriteFile, KeepsALinkAndWritesItsTarget) {
  const TemporaryFolder folder;
  write_file(folder.path() / "target.txt", "old");
  std::filesystem::create_symlink("target.txt", folder.path() / "link.txt");
  write_file(folder.path() / "link.txt", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder.path() / "link.txt"));
  EXPECT_EQ(read_file(folder.path() / "target.txt"), "new");
  EXPECT_THAT(entries(folder.path()), SizeIs(2));
}

// As /dev/null and /dev/stdout must stay where they are.
TEST(WriteFile, WritesIntoAPipeAndLeavesItThere) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  write_file(path, "new");
  std::array<char, 8> text{};
  EXPECT_EQ(::read(reader, text.data(), text.size()), 3);
  EXPECT_STREQ(text.data(), "new");
  EXPECT_TRUE(std::filesystem::is_fifo(path));
  ::close(reader);
}

TEST(ReadFile, NamesAMissingFile) {
  EXPECT_THROW((void)read_file("/nonexistent/file"), DataError);
  EXPECT_THROW((void)read_file("/"), DataError);
}

TEST(CreateFolder, RefusesAFileInItsPlace) {
  const TemporaryFolder folder;
  write_file(folder.path() / "taken", "x");
  EXPECT_THROW(create_folder(folder.path() / "taken"), OutputError);
  create_folder(folder.path() / "a" / "b");
  EXPECT_TRUE(std::filesystem::is_directory(folder.path() / "a" / "b"));
}

}  // namespace
}  // namespace twofold

#include "twofold/experiment/run_folder.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "experiment/throws_with.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::experiment {
namespace {

namespace fs = std::filesystem;

class Listener : public Observer {
 public:
  void message(Severity, std::string_view text) override { said += text; }
  std::string said;
};

class RunFolderTest : public testing::Test {
 protected:
  RunFolder open(Existing existing, std::string_view spec = "a = 1\n") {
    return {path_, spec, existing, listener_};
  }

  // The files of a finished run.
  void finish_run() {
    const RunFolder folder = open(Existing::Refuse);
    for (const char* name : {"series", "arrays", "checkpoint"}) create_folder(path_ / name);
    write_file(path_ / "series/1-gain.csv", "");
    write_file(path_ / "record.json", "{}");
    folder.log("{}");
  }

  TemporaryFolder temporary_;
  fs::path path_ = temporary_.path() / "run";
  Listener listener_;
};

TEST_F(RunFolderTest, ANewFolderHoldsTheSpec) {
  const RunFolder folder = open(Existing::Refuse);
  EXPECT_EQ(read_file(path_ / "spec.resolved.toml"), "a = 1\n");
  EXPECT_FALSE(folder.complete());
  EXPECT_EQ(listener_.said, "");
}

TEST_F(RunFolderTest, TakesOneRunAtATime) {
  {
    const RunFolder first = open(Existing::Refuse);
    EXPECT_THROW(open(Existing::Resume), InvalidArgument);
    EXPECT_THROW(open(Existing::StartOver), InvalidArgument);
    EXPECT_TRUE(fs::exists(path_ / "spec.resolved.toml"));
  }
  EXPECT_NO_THROW(open(Existing::Resume));
}

TEST_F(RunFolderTest, AnEmptyFolderIsAsGoodAsNew) {
  create_folder(path_);
  EXPECT_NO_THROW(open(Existing::Refuse));
}

TEST_F(RunFolderTest, AFullFolderIsRefused) {
  finish_run();
  expect_throw<InvalidArgument>([&] { open(Existing::Refuse); },
                                {"run exists already", "--resume", "--force"});
}

TEST_F(RunFolderTest, ResumesTheSameSpecOnly) {
  finish_run();
  EXPECT_TRUE(open(Existing::Resume).complete());
  EXPECT_EQ(listener_.said, "");
  expect_throw<InvalidArgument>([&] { open(Existing::Resume, "a = 2\n"); },
                                {"another spec", "spec.resolved.toml"});
  EXPECT_EQ(read_file(path_ / "spec.resolved.toml"), "a = 1\n");
}

TEST_F(RunFolderTest, ResumingNothingSaysSo) {
  EXPECT_FALSE(open(Existing::Resume).complete());
  EXPECT_NE(listener_.said.find("starting from the beginning"), std::string::npos);
}

TEST_F(RunFolderTest, StartingOverRemovesTheRunAndNothingElse) {
  finish_run();
  write_file(path_ / "notes.txt", "mine");
  const RunFolder folder = open(Existing::StartOver, "a = 2\n");
  EXPECT_FALSE(folder.complete());
  EXPECT_EQ(read_file(path_ / "spec.resolved.toml"), "a = 2\n");
  EXPECT_FALSE(fs::exists(path_ / "series"));
  EXPECT_EQ(read_file(path_ / "notes.txt"), "mine");
}

TEST_F(RunFolderTest, AFolderThatIsNoRunKeepsItsFiles) {
  create_folder(path_ / "arrays");
  write_file(path_ / "arrays/a.npy", "mine");
  for (const Existing existing : {Existing::StartOver, Existing::Resume}) {
    expect_throw<InvalidArgument>([&] { open(existing); }, {"not a run folder", "arrays"});
  }
  EXPECT_EQ(read_file(path_ / "arrays/a.npy"), "mine");
  EXPECT_FALSE(fs::exists(path_ / "spec.resolved.toml"));
}

TEST_F(RunFolderTest, AFileInItsPlaceIsRefused) {
  write_file(path_, "mine");
  for (const Existing existing : {Existing::Refuse, Existing::Resume, Existing::StartOver}) {
    expect_throw<InvalidArgument>([&] { open(existing); }, {"is a file"});
  }
  path_ /= "inside";
  EXPECT_THROW(open(Existing::Refuse), OutputError);
}

TEST_F(RunFolderTest, WithdrawingLeavesNoTrace) {
  open(Existing::Refuse).withdraw();
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(RunFolderTest, WithdrawingKeepsForeignFilesAndCheckpoints) {
  create_folder(path_);
  write_file(path_ / "notes.txt", "mine");
  open(Existing::StartOver).withdraw();
  EXPECT_EQ(read_file(path_ / "notes.txt"), "mine");
  EXPECT_FALSE(fs::exists(path_ / "spec.resolved.toml"));

  const RunFolder folder = open(Existing::StartOver);
  create_folder(folder.checkpoint());
  folder.withdraw();
  EXPECT_TRUE(fs::exists(folder.checkpoint()));
  EXPECT_TRUE(fs::exists(path_ / "spec.resolved.toml"));
}

TEST_F(RunFolderTest, LogGrowsLineByLineAndTheCheckpointGoesAtTheEnd) {
  const RunFolder folder = open(Existing::Refuse);
  folder.log("{\"a\":1}");
  folder.log("{\"b\":2}");
  EXPECT_EQ(read_file(path_ / "log.jsonl"), "{\"a\":1}\n{\"b\":2}\n");
  create_folder(folder.checkpoint());
  folder.finish();
  EXPECT_FALSE(fs::exists(folder.checkpoint()));
}

}  // namespace
}  // namespace twofold::experiment

#include "twofold/core/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <thread>

#include "twofold/core/error.hpp"

namespace twofold {
namespace {

TEST(ThreadPool, EveryBlockRunsExactlyOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    for (const Index count : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> hits(static_cast<std::size_t>(count));
      pool.run(count, [&](Index block) { ++hits[static_cast<std::size_t>(block)]; });
      for (const auto& h : hits) EXPECT_EQ(h.load(), 1);
    }
  }
}

TEST(ThreadPool, SumsAreBitwiseTheSameForAnySize) {
  const auto sum = [](int threads) {
    ThreadPool pool(threads);
    return parallel_sum<double>(pool, 10'007, 64, [](Index begin, Index end) {
      double s = 0;
      for (Index i = begin; i < end; ++i) s += std::sin(static_cast<double>(i)) * 1e3;
      return s;
    });
  };
  const double one = sum(1);
  for (const int threads : {2, 3, 8}) EXPECT_EQ(sum(threads), one);
}

TEST(ThreadPool, RethrowsTheErrorOfTheLowestBlockAndStaysUsable) {
  ThreadPool pool(3);
  for (int repeat = 0; repeat < 20; ++repeat) {
    try {
      pool.run(50, [](Index block) {
        if (block % 10 == 7) throw std::runtime_error(std::to_string(block));
      });
      FAIL() << "no exception";
    } catch (const std::runtime_error& e) {
      EXPECT_STREQ(e.what(), "7");
    }
  }
  std::atomic<int> hits{0};
  pool.run(10, [&](Index) { ++hits; });
  EXPECT_EQ(hits.load(), 10);
}

TEST(ThreadPool, NestedRunsExecute) {
  ThreadPool pool(2);
  std::atomic<int> hits{0};
  pool.run(4, [&](Index) { pool.run(5, [&](Index) { ++hits; }); });
  EXPECT_EQ(hits.load(), 20);
}

// Waits until `hits` are so many; false if that does not come about, where it takes microseconds.
bool reaches(const std::atomic<int>& hits, int count) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (hits < count && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  return hits >= count;
}

TEST(ThreadPool, OthersRunWhatABusyThreadHasLeft) {
  ThreadPool pool(3);
  for (const Index busy : {0, 10, 29}) {
    std::atomic<int> others{0};
    bool all = false;
    pool.run(30, [&](Index block) {
      if (block != busy) {
        ++others;
      } else {
        all = reaches(others, 29);
      }
    });
    EXPECT_TRUE(all) << busy;
  }
}

TEST(ThreadPool, ThreadsThatFellAsleepAreWoken) {
  ThreadPool pool(3);
  for (int repeat = 0; repeat < 5; ++repeat) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::atomic<int> there{0}, met{0};
    pool.run(3, [&](Index) {
      ++there;
      if (reaches(there, 3)) ++met;
    });
    EXPECT_EQ(met, 3);
  }
}

TEST(ThreadPool, RefusesFewerThanOneThread) {
  EXPECT_THROW(ThreadPool(0), InvalidArgument);
}

TEST(TreeSum, HandlesEveryLength) {
  for (int n = 0; n < 20; ++n) {
    std::vector<int> values;
    for (int i = 0; i < n; ++i) values.push_back(i);
    EXPECT_EQ(tree_sum(values), n * (n - 1) / 2);
  }
}

TEST(AvailableThreads, IsAtLeastOne) {
  EXPECT_GE(available_threads(), 1);
}

}  // namespace
}  // namespace twofold

#include "twofold/core/parallel.hpp"

#include <sched.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <fstream>
#include <limits>
#include <mutex>
#include <string>
#include <thread>

#include "twofold/core/error.hpp"

namespace twofold {

namespace {

// Waits for what another thread may do at any moment, before a sleep: to be woken takes 20 to 40
// µs, as long as many a job. Yielding, since that thread may want this processor.
template <typename Happened>
void wait_awake(Happened&& happened) {
  constexpr std::chrono::microseconds kLonger{100};
  const auto end = std::chrono::steady_clock::now() + kLonger;
  while (!happened() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

}  // namespace

// One job at a time. Workers sleep on `wake`; a new job is announced by `generation`.
// Each thread takes the blocks of its own share, so that it works on the same data in one job after
// the other, then what is left of the others', and reports in `working`.
struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable wake, finished;
  std::atomic<std::uint64_t> generation{0};
  std::atomic<int> working{0};
  bool closing = false;
  std::atomic<bool> busy{false};

  void (*call)(void*, Index) = nullptr;
  void* body = nullptr;
  struct alignas(64) Share {  // a line of the cache for each
    std::atomic<Index> next{0};
    Index end = 0;
  };
  std::vector<Share> shares;

  std::exception_ptr error;
  Index error_block = std::numeric_limits<Index>::max();

  std::vector<std::thread> threads;

  void share_out(Index count) {
    const auto parts = static_cast<Index>(shares.size());
    for (Index i = 0; i < parts; ++i) {
      shares[static_cast<std::size_t>(i)].next = count * i / parts;
      shares[static_cast<std::size_t>(i)].end = count * (i + 1) / parts;
    }
  }

  void work(std::size_t thread) {
    for (std::size_t i = 0; i < shares.size(); ++i) {
      Share& share = shares[(thread + i) % shares.size()];
      for (Index block = share.next++; block < share.end; block = share.next++) run(block);
    }
  }

  void run(Index block) {
    try {
      call(body, block);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (block < error_block) {
        error_block = block;
        error = std::current_exception();
      }
    }
  }

  void worker(std::size_t thread) {
    for (std::uint64_t seen = 0;; ++seen) {
      const auto announced = [&] { return generation != seen; };
      wait_awake(announced);
      if (!announced()) {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return closing || announced(); });
        if (closing) return;
      }
      work(thread);
      if (--working == 0) {
        const std::lock_guard lock(mutex);  // not between the caller's look at `working` and sleep
        finished.notify_one();
      }
    }
  }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  require(threads >= 1, "core::ThreadPool",
          "number of threads must be >= 1, got " + std::to_string(threads));
  const auto count = static_cast<std::size_t>(threads);
  state_->shares = std::vector<State::Share>(count);
  for (std::size_t i = 1; i < count; ++i) {
    state_->threads.emplace_back([state = state_.get(), i] { state->worker(i); });
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->closing = true;
  }
  state_->wake.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

int ThreadPool::size() const noexcept {
  return static_cast<int>(state_->threads.size()) + 1;
}

void ThreadPool::run_blocks(Index num_blocks, void (*call)(void*, Index), void* body) {
  State& s = *state_;
  const bool nested = s.busy.exchange(true);
  if (nested || s.threads.empty() || num_blocks <= 1) {
    struct Release {
      std::atomic<bool>* flag;
      ~Release() {
        if (flag != nullptr) flag->store(false);
      }
    } release{nested ? nullptr : &s.busy};
    for (Index block = 0; block < num_blocks; ++block) call(body, block);
    return;
  }
  {
    const std::lock_guard lock(s.mutex);
    s.call = call;
    s.body = body;
    s.share_out(num_blocks);
    s.error = nullptr;
    s.error_block = std::numeric_limits<Index>::max();
    s.working = static_cast<int>(s.threads.size());
    ++s.generation;
  }
  s.wake.notify_all();
  s.work(0);
  const auto done = [&] { return s.working == 0; };
  wait_awake(done);
  if (!done()) {
    std::unique_lock lock(s.mutex);
    s.finished.wait(lock, done);
  }
  s.busy.store(false);
  if (s.error) std::rethrow_exception(s.error);
}

namespace {

// "max 100000" or "200000 100000" (quota and period in microseconds), cgroup v2.
int cgroup_threads() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0.0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0.0) {
    return std::numeric_limits<int>::max();
  }
  return std::max(1, static_cast<int>(std::stod(quota) / period));
}

}  // namespace

int available_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int affinity = sched_getaffinity(0, sizeof set, &set) == 0
                           ? CPU_COUNT(&set)
                           : static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, std::min(affinity, cgroup_threads()));
}

}  // namespace twofold

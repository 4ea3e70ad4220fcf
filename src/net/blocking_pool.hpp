#pragma once
/// Threads for what blocks: name look-ups, files. I/O threads await the result.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "net/loop.hpp"
#include "net/task.hpp"

namespace sluice::net {

class BlockingPool {
 public:
  static constexpr std::size_t queue_max = 4096;

  explicit BlockingPool(std::size_t threads);
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;
  /// `stop`.
  ~BlockingPool();
  /// Begins nothing more: what is queued is dropped, and never answered.
  void stop_soon();
  /// Likewise, and waits for what runs. Loops that asked for something are still there until this returned.
  void stop();

  /// Runs `work` on a thread of the pool, for nobody. False: the queue is full.
  [[nodiscard]] bool submit(std::function<void()> work);

  struct Bounds {
    TimePoint deadline = time_never;
    Descriptor* gone = nullptr;  // whose leaving ends the wait; the work itself runs on
  };
  /// Runs `work` on a thread of the pool. The reason it ended: `signalled` with a value, `timeout`, `gone`; `none` when
  /// the queue is full.
  template <class T>
  struct Outcome {
    Wake wake = Wake::none;
    std::optional<T> value;
  };
  template <class T>
  [[nodiscard]] Task<Outcome<T>> run(Loop& loop, Timer& timer, std::function<T()> work,
                                     Bounds bounds) {
    // Shared with the thread: the waiting coroutine may be gone before the answer is there.
    struct Job {
      std::optional<T> value;
      Signal done;
      std::atomic<bool> abandoned = false;  // set on the loop's thread
    };
    const auto job = std::make_shared<Job>();
    const bool queued = submit([job, &loop, work = std::move(work)] {
      // Behind a thread that hung, questions pile up whose askers have left.
      if (job->abandoned) return;
      job->value = work();
      loop.post([job] {
        if (!job->abandoned) job->done.fire();
      });
    });
    if (!queued) co_return Outcome<T>{};
    struct Abandon {
      Job& of;
      ~Abandon() { of.abandoned = true; }
    } const abandon{*job};
    const WaitFor what{.gone = bounds.gone, .signal = &job->done, .deadline = bounds.deadline};
    Outcome<T> outcome;
    outcome.wake = co_await Wait(loop, timer, what);
    if (outcome.wake == Wake::signalled) outcome.value = std::move(job->value);
    co_return outcome;
  }

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable more_;
  bool stopping_ = false;
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::net

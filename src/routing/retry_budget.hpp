#pragma once
/// How many guesses the whole process may make: a fifth of its recent requests, so that retries never become a storm. A
/// retry on an account that has just answered somebody is no guess, and is free.

#include <atomic>
#include <cstdint>

#include "base/clock.hpp"
#include "routing/recent_counts.hpp"

namespace sluice::routing {

class RetryBudget {
 public:
  static constexpr std::int64_t percent = 20;
  /// So that few requests have retries too: what is there at the start, and comes back at one a second.
  static constexpr std::int64_t reserve = 10;
  /// No more is saved up than a fifth of the requests of this time.
  static constexpr std::chrono::seconds window{10};

  /// A client's request came.
  void note_request(TimePoint now);
  /// False: too many retries already.
  [[nodiscard]] bool take(TimePoint now);

 private:
  [[nodiscard]] bool take_earned(TimePoint now);
  [[nodiscard]] bool take_reserve(TimePoint now);

  /// A request brings `percent`, a retry costs 100. More than the window allows is cut off when a retry asks.
  std::atomic<std::int64_t> earned_{0};
  RecentCounts<1, window.count()> requests_;
  /// The reserve is the time since then, a second each; 0: it was never asked, and is full.
  std::atomic<std::int64_t> reserve_since_{0};
};

}  // namespace sluice::routing

#pragma once
/// How many guesses the whole process may make: a fifth of its recent requests, so that retries never become a storm. A
/// retry on an account that has just answered somebody is no guess, and is free.

#include <atomic>
#include <cstdint>

#include "base/clock.hpp"

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
};

}  // namespace sluice::routing

#pragma once
/// How soon an account begins to answer, by itself and beside the others.

#include <atomic>
#include <cstdint>

#include "base/clock.hpp"

namespace sluice::routing {

/// Smoothed over about the last ten answers. Threads may overwrite each other's sample: one is as good as another.
class AnswerPace {
 public:
  static constexpr std::uint32_t samples_min = 10;
  static constexpr float slow_ratio = 2;
  static constexpr float slow_excess_ms = 500;
  /// A slow account without an answer for so long gets another chance, or it would stay slow for want of samples.
  static constexpr std::chrono::seconds slow_for{60};

  /// `usual`: of all accounts; 0: not known.
  void add(TimePoint now, Milliseconds first_event, Milliseconds usual);
  [[nodiscard]] bool slow(TimePoint now) const {
    return now.time_since_epoch().count() < slow_until_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] Milliseconds first_event() const {
    return Milliseconds(static_cast<std::int64_t>(first_event_ms_.load(std::memory_order_relaxed)));
  }
  /// Of the comparison; what was measured stays.
  void forgive();

 private:
  std::atomic<float> first_event_ms_{0};
  std::atomic<float> ratio_{0};      // to the usual
  std::atomic<float> excess_ms_{0};  // above the usual
  std::atomic<std::uint32_t> samples_{0};
  std::atomic<std::int64_t> slow_until_{0};  // of the steady clock; 0: isn't slow
};

}  // namespace sluice::routing

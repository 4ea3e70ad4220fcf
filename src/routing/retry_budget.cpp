#include "routing/retry_budget.hpp"

#include <algorithm>

namespace sluice::routing {
namespace {

constexpr std::int64_t retry_cost = 100;

}  // namespace

void RetryBudget::note_request(TimePoint now) {
  requests_.add(now, false);
  earned_.fetch_add(percent, std::memory_order_relaxed);
}

bool RetryBudget::take(TimePoint now) { return take_earned(now) || take_reserve(now); }

bool RetryBudget::take_earned(TimePoint now) {
  const std::int64_t earned_max = percent * requests_.sum(now).all;
  std::int64_t seen = earned_.load(std::memory_order_relaxed);
  std::int64_t left = 0;
  do {
    left = std::min(seen, earned_max) - retry_cost;
    if (left < 0) return false;
  } while (!earned_.compare_exchange_weak(seen, left, std::memory_order_relaxed));
  return true;
}

bool RetryBudget::take_reserve(TimePoint now) {
  constexpr std::int64_t second = std::chrono::nanoseconds(std::chrono::seconds(1)).count();
  const std::int64_t at = now.time_since_epoch().count();
  std::int64_t seen = reserve_since_.load(std::memory_order_relaxed);
  std::int64_t since = 0;
  do {
    const std::int64_t full = at - reserve * second;
    since = (seen == 0 ? full : std::max(seen, full)) + second;
    if (since > at) return false;
  } while (!reserve_since_.compare_exchange_weak(seen, since, std::memory_order_relaxed));
  return true;
}

}  // namespace sluice::routing

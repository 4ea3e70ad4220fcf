#include "routing/state_events.hpp"

#include <utility>

namespace sluice::routing {

std::string_view to_string(Condition condition) {
  switch (condition) {
    case Condition::ready: return "ready";
    case Condition::cooling: return "cooling";
    case Condition::unauthorized: return "unauthorized";
    case Condition::blocked: return "blocked";
  }
  return {};
}

void StateEvents::push(StateEvent event) {
  const std::lock_guard lock(mutex_);
  if (events_.size() >= events_max) {
    // A quarter at once: so that a full list isn't moved for each one more.
    constexpr std::size_t dropped_at_once = events_max / 4;
    events_.erase(events_.begin(), events_.begin() + dropped_at_once);
    dropped_ += dropped_at_once;
  }
  events_.push_back(std::move(event));
}

std::vector<StateEvent> StateEvents::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(events_, {});
}

std::uint64_t StateEvents::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace sluice::routing

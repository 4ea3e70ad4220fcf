#include "routing/answer_pace.hpp"

#include <algorithm>

namespace sluice::routing {
namespace {

constexpr float newest = 0.2F;

float smoothed(float before, float sample) { return before + newest * (sample - before); }

}  // namespace

void AnswerPace::add(TimePoint now, Milliseconds first_event, Milliseconds usual) {
  constexpr auto relaxed = std::memory_order_relaxed;
  if (first_event <= Milliseconds(0)) return;
  const auto sample = static_cast<float>(first_event.count());
  const float before = first_event_ms_.load(relaxed);
  first_event_ms_.store(before == 0 ? sample : smoothed(before, sample), relaxed);
  if (usual <= Milliseconds(0)) return;

  const std::int64_t slow_until = slow_until_.load(relaxed);
  if (slow_until != 0 && now.time_since_epoch().count() >= slow_until) forgive();
  const auto usual_ms = static_cast<float>(usual.count());
  const float ratio = sample / usual_ms;
  const float excess = sample - usual_ms;
  const std::uint32_t samples = samples_.load(relaxed);
  const bool first = samples == 0;
  const float ratio_now = first ? ratio : smoothed(ratio_.load(relaxed), ratio);
  const float excess_now = first ? excess : smoothed(excess_ms_.load(relaxed), excess);
  ratio_.store(ratio_now, relaxed);
  excess_ms_.store(excess_now, relaxed);
  if (samples < samples_min) samples_.store(samples + 1, relaxed);
  const bool slow =
      samples + 1 >= samples_min && ratio_now > slow_ratio && excess_now > slow_excess_ms;
  if (slow) {
    slow_until_.store((now + slow_for).time_since_epoch().count(), relaxed);
  } else if (slow_until_.load(relaxed) != 0) {
    slow_until_.store(0, relaxed);
  }
}

void AnswerPace::forgive() {
  samples_.store(0, std::memory_order_relaxed);
  slow_until_.store(0, std::memory_order_relaxed);
}

}  // namespace sluice::routing

#include "routing/model_pace.hpp"

#include <algorithm>

namespace sluice::routing {
namespace {

constexpr unsigned micros_bits = 40;  // 12 days
constexpr std::uint64_t micros_max = (std::uint64_t{1} << micros_bits) - 1;

}  // namespace

ModelPace::Pace* ModelPace::pace_of(std::uint64_t model) {
  if (model == 0) return nullptr;
  for (std::size_t i = 0; i < models_max; ++i) {
    Pace& pace = paces_[(model + i) % models_max];
    std::uint64_t there = pace.model.load(std::memory_order_relaxed);
    // Another thread may take the free one; then `there` is whose it is.
    if (there == 0 && pace.model.compare_exchange_strong(there, model)) return &pace;
    if (there == model) return &pace;
  }
  return nullptr;
}

Milliseconds ModelPace::observe(std::uint64_t model, Milliseconds first_event) {
  Pace* const pace = pace_of(model);
  if (pace == nullptr) return Milliseconds(0);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(first_event).count();
  const std::uint64_t figure =
      std::clamp<std::uint64_t>(micros < 0 ? 0 : static_cast<std::uint64_t>(micros), 1, micros_max);
  std::uint64_t seen = 0;
  std::uint64_t median = 0;
  std::uint64_t packed = pace->packed.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    seen = std::min<std::uint64_t>((packed >> micros_bits) + 1, figures_min);
    median = packed & micros_max;
    // A step up for each figure above it and a step down for each below: it rests where there are as many of both. The steps are
    // long at first.
    const std::uint64_t step = median / (seen < figures_min ? 4 : 32) + 1;
    if (seen == 1) {
      median = figure;
    } else if (figure > median) {
      median = std::min(median + step, figure);
    } else {
      median = std::max(median - std::min(median, step), figure);
    }
    next = (seen << micros_bits) | median;
  } while (!pace->packed.compare_exchange_weak(packed, next, std::memory_order_relaxed));
  if (seen < figures_min) return Milliseconds(0);
  return std::max(Milliseconds(1),
                  std::chrono::duration_cast<Milliseconds>(std::chrono::microseconds(median)));
}

}  // namespace sluice::routing

#pragma once
/// How much may be used in a time: of a key, an account or a pool. Plain data; `admit` enforces it.

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/quantity.hpp"

namespace sluice {

/// "60/1m": so many in each window.
struct RateLimit {
  std::int64_t amount = 0;
  std::chrono::seconds window{0};
  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

struct Limits {
  int concurrency = 0;  // 0 = no cap
  std::optional<RateLimit> requests;
  std::optional<RateLimit> input_tokens;
  std::optional<RateLimit> output_tokens;
  std::optional<RateLimit> total_tokens;  // input and output together
  friend bool operator==(const Limits&, const Limits&) = default;
};

/// Money in a window: rolling (`length` set) or by the calendar of its owner's time zone.
struct Budget {
  enum class Window : std::uint8_t { rolling, day, week, month, total };
  Window window = Window::total;
  std::chrono::seconds length{0};  // of a rolling window
  NanoUsd amount;
  friend bool operator==(const Budget&, const Budget&) = default;
};

}  // namespace sluice

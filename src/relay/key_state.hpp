#pragma once
/// What changes while a key is used. Outlives every snapshot that names the key; whoever keeps the store reads the times
/// and writes them down beside the key, never into it.

#include <atomic>
#include <cstdint>

#include "admit/slots.hpp"
#include "base/clock.hpp"
#include "base/fast_hash.hpp"
#include "base/quantity.hpp"

namespace sluice::relay {

struct KeyState {
  KeyState(net::FairLine& line, const KeyId& id) : hash(fast_hash(id.str())), slots(line) {}

  /// A request of this key was let in.
  void note_use(WallTime now) {
    const std::int64_t at = to_seconds(now);
    std::int64_t never = 0;
    if (first_used.load(std::memory_order_relaxed) == 0) {
      first_used.compare_exchange_strong(never, at, std::memory_order_relaxed);
    }
    if (last_used.load(std::memory_order_relaxed) != at) {
      last_used.store(at, std::memory_order_relaxed);
    }
  }
  /// From the store: an earlier first use than what was seen here counts.
  void know_first_use(WallTime at) {
    const std::int64_t seconds = to_seconds(at);
    std::int64_t known = first_used.load(std::memory_order_relaxed);
    while ((known == 0 || known > seconds) &&
           !first_used.compare_exchange_weak(known, seconds, std::memory_order_relaxed)) {
    }
  }

  [[nodiscard]] static std::int64_t to_seconds(WallTime time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  }
  [[nodiscard]] static std::optional<WallTime> from_seconds(std::int64_t seconds) {
    if (seconds == 0) return std::nullopt;
    return WallTime(std::chrono::seconds(seconds));
  }

  const std::uint64_t hash;  // stands for the key's id
  admit::Slots slots;
  std::atomic<std::int64_t> first_used{0};  // seconds since the epoch; 0: never
  std::atomic<std::int64_t> last_used{0};
};

}  // namespace sluice::relay

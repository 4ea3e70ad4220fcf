#pragma once
/// Two counts of the last few seconds, kept by many threads without a lock.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"

namespace sluice::routing {

/// Time is cut into `buckets` pieces of `width` seconds: what is told covers between buckets - 1 and buckets of them.
///
/// Limit   a piece counts to about a million of each, and stands there.
template <std::int64_t width, std::size_t buckets>
class RecentCounts {
 public:
  struct Sum {
    std::uint32_t all = 0;
    std::uint32_t marked = 0;
  };

  /// One more; `marked`: of the second count too.
  void add(TimePoint now, bool marked) {
    const std::uint64_t piece = piece_of(now);
    auto& bucket = buckets_[piece % buckets];
    std::uint64_t seen = bucket.load(std::memory_order_relaxed);
    std::uint64_t next = 0;
    do {
      next = seen >> piece_shift == piece ? seen : piece << piece_shift;
      if (all_of(next) < count_max) next += one;
      if (marked && marked_of(next) < count_max) ++next;
    } while (!bucket.compare_exchange_weak(seen, next, std::memory_order_relaxed));
  }

  [[nodiscard]] Sum sum(TimePoint now) const {
    const std::uint64_t piece = piece_of(now);
    Sum sum;
    for (const auto& bucket : buckets_) {
      const std::uint64_t seen = bucket.load(std::memory_order_relaxed);
      // Modulo the bits that there are; what another thread wrote of a later piece is left out.
      if (((piece - (seen >> piece_shift)) & piece_mask) >= buckets) continue;
      sum.all += all_of(seen);
      sum.marked += marked_of(seen);
    }
    return sum;
  }

  void clear() {
    for (auto& bucket : buckets_) bucket.store(0, std::memory_order_relaxed);
  }

 private:
  static constexpr unsigned count_bits = 20;
  static constexpr unsigned piece_shift = 2 * count_bits;
  static constexpr std::uint64_t one = std::uint64_t{1} << count_bits;
  static constexpr std::uint32_t count_max = (1U << count_bits) - 1;
  static constexpr std::uint64_t piece_mask = (std::uint64_t{1} << (64 - piece_shift)) - 1;

  static std::uint64_t piece_of(TimePoint now) {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    return static_cast<std::uint64_t>(seconds / width) & piece_mask;
  }
  static std::uint32_t all_of(std::uint64_t bucket) {
    return static_cast<std::uint32_t>(bucket >> count_bits) & count_max;
  }
  static std::uint32_t marked_of(std::uint64_t bucket) {
    return static_cast<std::uint32_t>(bucket) & count_max;
  }

  std::array<std::atomic<std::uint64_t>, buckets> buckets_{};  // piece, all, marked
};

}  // namespace sluice::routing

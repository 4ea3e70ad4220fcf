#pragma once
/// Chance that can be thrown again: everything the soak does at random follows from one seed.

#include <bit>
#include <cstdint>

namespace sluice::soak {

/// SplitMix64 (Steele, Lea, Flood 2014).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  /// From 0 to `count` - 1.
  std::uint64_t below(std::uint64_t count) { return next() % count; }
  /// From `first` to `last`, both included.
  std::uint64_t between(std::uint64_t first, std::uint64_t last) {
    return first + below(last - first + 1);
  }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  /// Like `between(0, last)`, but each power of two is as likely as the next: mostly small.
  std::uint64_t skewed(std::uint64_t last) {
    const auto bits = static_cast<std::uint64_t>(std::bit_width(last));
    const std::uint64_t cap = (std::uint64_t{1} << below(bits + 1)) - 1;
    return between(0, cap < last ? cap : last);
  }

 private:
  std::uint64_t state_;
};

/// The dice of one request of a run.
inline Dice dice_of(std::uint64_t seed, std::uint64_t id) {
  Dice mixed(seed ^ (id * 0xd1342543de82ef95U));
  return Dice(mixed.next());
}

}  // namespace sluice::soak

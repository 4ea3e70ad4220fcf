#pragma once
/// XXH3 of 64 bits: tells texts apart in tables and between the nodes of one installation, the same on all of them. Not against
/// someone who seeks collisions: what rests on it may only be a matter of speed or cost.

#include <cstdint>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace sluice {

[[nodiscard]] inline std::uint64_t fast_hash(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

/// Of two in this order.
[[nodiscard]] inline std::uint64_t fast_hash(std::uint64_t first, std::uint64_t second) {
  const std::uint64_t both[] = {first, second};
  return XXH3_64bits(both, sizeof both);
}

/// What `fast_hash` gives for all of the pieces in a row.
class FastHasher {
 public:
  FastHasher() { reset(); }
  void reset() { XXH3_64bits_reset(&state_); }
  void add(std::string_view bytes) { XXH3_64bits_update(&state_, bytes.data(), bytes.size()); }
  [[nodiscard]] std::uint64_t hash() const { return XXH3_64bits_digest(&state_); }

 private:
  XXH3_state_t state_;
};

}  // namespace sluice

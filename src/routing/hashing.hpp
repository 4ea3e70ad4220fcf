#pragma once
/// Hashes of names and the order that they give accounts for a conversation: whole numbers only, so that every node and
/// every machine comes to the same.

#include <bit>
#include <cstdint>
#include <string_view>

namespace sluice::routing {

/// The end of splitmix64: every bit depends on every bit.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

/// splitmix64: the next of a row of random numbers.
[[nodiscard]] constexpr std::uint64_t next_random(std::uint64_t& state) {
  return mix(state += 0x9e3779b97f4a7c15U);
}

/// Never 0.
[[nodiscard]] constexpr std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  for (const char c : text) {
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3U;
  }
  hash = mix(hash);
  return hash == 0 ? 1 : hash;
}

/// 1/weight, for `rendezvous_distance`.
[[nodiscard]] constexpr std::uint32_t inverse_weight(int weight) {
  return 0xffffffffU / static_cast<std::uint32_t>(weight < 1 ? 1 : weight);
}

// Weighted rendezvous hashing: of several accounts, the one with the least distance has the conversation, so that each gets as many
// as its weight says, and none moves but those of an account that leaves or comes. The distance is -log2(u)/weight for a u
// between 0 and 1 that is drawn from the two hashes.

/// u, in 2^-64.
[[nodiscard]] constexpr std::uint64_t rendezvous_draw(std::uint64_t session,
                                                      std::uint64_t account) {
  std::uint64_t u = (session ^ account) * 0x9e3779b97f4a7c15U;
  u = (u ^ (u >> 32U)) * 0xd6e8feb86659fd93U;
  return (u ^ (u >> 32U)) | 1U;
}

/// What the distance can't be less than, for less work: 1 - u, over the weight.
[[nodiscard]] constexpr std::uint64_t rendezvous_distance_min(std::uint64_t u,
                                                              std::uint32_t inverse_weight) {
  return (~u >> 40U) * inverse_weight;
}

/// Exactness  the logarithm is a polynomial between powers of two, off by 0.0005 at most and right at both ends.
[[nodiscard]] constexpr std::uint64_t rendezvous_distance(std::uint64_t u,
                                                          std::uint32_t inverse_weight) {
  constexpr std::int64_t one = 1 << 24;
  const auto times = [](std::int64_t a, std::int64_t b) { return (a * b) >> 24; };
  const int zeros = std::countl_zero(u);
  // u is (1 + x) / 2^(zeros + 1), and log2(1 + x) = x + x (1 - x) (a + b x + c x^2), by its slopes at both ends and its middle.
  const auto x =
      static_cast<std::int64_t>(((u << static_cast<unsigned>(zeros)) >> 39U) & (one - 1));
  constexpr std::int64_t a = 7427283;   // 0.44270
  constexpr std::int64_t b = -4151000;  // -0.24742
  constexpr std::int64_t c = 1400000;   // 0.08345
  const std::int64_t bend = a + times(x, b + times(x, c));
  const std::int64_t log = x + times(times(x, one - x), bend);
  return static_cast<std::uint64_t>((zeros + 1) * one - log) * inverse_weight;
}

}  // namespace sluice::routing

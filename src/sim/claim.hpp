#pragma once
/// What a provider says that an answer used: the figures that a ledger must agree with.

#include <cstdint>
#include <string>

namespace sluice::sim {

struct Claim {
  std::string model;
  std::uint64_t input = 0;  // not cached
  std::uint64_t output = 0;
  std::uint64_t cache_read = 0;
  std::uint64_t cache_write_5m = 0;
  std::uint64_t cache_write_1h = 0;

  [[nodiscard]] bool operator==(const Claim&) const = default;
  [[nodiscard]] std::uint64_t cache_write() const { return cache_write_5m + cache_write_1h; }
};

}  // namespace sluice::sim

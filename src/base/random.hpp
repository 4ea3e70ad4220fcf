#pragma once
/// Randomness, injected: ids and jitter come from here, so that a test can seed it and a failure reproduces.

#include <cstdint>
#include <span>

namespace sluice {

class Random {
 public:
  virtual ~Random() = default;
  [[nodiscard]] virtual std::uint64_t next() = 0;
};

/// xoshiro256**, seeded by hand or from the system. Not for secrets: see `fill_secret`.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  /// Seeded from the operating system.
  static SeededRandom from_system();
  [[nodiscard]] std::uint64_t next() override;
  /// Uniform in [0, bound); 0 for bound 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);

 private:
  std::uint64_t state_[4];
};

/// Bytes from getrandom(2), for keys and tokens. Aborts the process if the system has none to give.
void fill_secret(std::span<std::uint8_t> out);

}  // namespace sluice

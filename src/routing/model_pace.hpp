#pragma once
/// How long each model takes to its first event, over all accounts: what "slow" is measured against. Any thread.

#include <array>
#include <atomic>
#include <cstdint>

#include "base/clock.hpp"

namespace sluice::routing {

class ModelPace {
 public:
  static constexpr std::size_t models_max = 256;  // further models have no pace
  /// Figures that it takes to say what is usual.
  static constexpr std::uint32_t figures_min = 20;

  /// Takes the figure in, and gives what is usual by now; 0: too few were seen to say. Usual is the median, as it follows what
  /// most accounts do: those that are slow don't make slow usual.
  Milliseconds observe(std::uint64_t model, Milliseconds first_event);

 private:
  struct Pace {
    std::atomic<std::uint64_t> model{0};   // 0: free
    std::atomic<std::uint64_t> packed{0};  // figures seen, and the median in microseconds
  };
  [[nodiscard]] Pace* pace_of(std::uint64_t model);

  std::array<Pace, models_max> paces_;
};

}  // namespace sluice::routing

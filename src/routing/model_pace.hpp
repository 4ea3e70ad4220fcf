#pragma once
/// How long each model takes to its first event, over all accounts: what "slow" is measured against. Any thread.

#include <atomic>
#include <cstdint>

#include "base/clock.hpp"

namespace sluice::routing {

class ModelPace {
 public:
  static constexpr std::size_t models_max = 256;  // further models have no pace
  /// Takes the figure in, and gives what is usual by now; 0: too few were seen to say.
  Milliseconds observe(std::uint64_t model, Milliseconds first_event);
};

}  // namespace sluice::routing

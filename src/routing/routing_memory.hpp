#pragma once
/// What choosing remembers from one request to the next, and from one snapshot of the configuration to the next: one for the process.

#include "routing/model_pace.hpp"
#include "routing/prompt_cache.hpp"
#include "routing/resource_pins.hpp"
#include "routing/retry_budget.hpp"
#include "routing/session_table.hpp"

namespace sluice::routing {

struct RoutingMemory {
  SessionTable sessions;
  PromptCache prompt_cache;
  ModelPace pace;
  RetryBudget retries;
  ResourcePins pins;
};

}  // namespace sluice::routing

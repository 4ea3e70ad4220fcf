#include "sim/shared.hpp"

namespace sluice::sim {

bool FaultTurns::next_fails(std::string_view list, const Parameters& parameters) {
  if (parameters.n_of == 0) return true;
  const std::lock_guard lock(mutex_);
  auto found = counts_.find(list);
  if (found == counts_.end()) {
    if (counts_.size() >= lists_max) counts_.clear();
    found = counts_.emplace(list, 0).first;
  }
  return found->second++ % parameters.n_of < parameters.n_of_fault;
}

void FaultTurns::reset() {
  const std::lock_guard lock(mutex_);
  counts_.clear();
}

}  // namespace sluice::sim

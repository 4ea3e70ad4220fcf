#include "routing/account.hpp"

#include <algorithm>

#include "base/glob.hpp"

namespace sluice::routing {

bool AccountState::take_slot(int cap) {
  int used = in_flight.load(std::memory_order_relaxed);
  do {
    if (cap > 0 && used >= cap) return false;
  } while (!in_flight.compare_exchange_weak(used, used + 1));
  return true;
}

void AccountState::give_slot_back() {
  in_flight.fetch_sub(1);
  line.notify();
}

bool Account::serves(std::string_view model) const {
  const auto named = [&](const auto& entry) { return entry.first == model; };
  if (std::any_of(model_map.begin(), model_map.end(), named)) return true;
  return models.empty() ||
         std::any_of(models.begin(), models.end(),
                     [&](const std::string& pattern) { return glob_match(pattern, model); });
}

std::string_view Account::upstream_model(std::string_view model) const {
  for (const auto& [from, to] : model_map) {
    if (from == model) return to;
  }
  return model;
}

}  // namespace sluice::routing

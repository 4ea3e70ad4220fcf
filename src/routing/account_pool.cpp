#include "routing/account_pool.hpp"

#include <algorithm>

#include "base/glob.hpp"

namespace sluice::routing {
namespace {

bool share_a_pool(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& name) {
    return std::find(b.begin(), b.end(), name) != b.end();
  });
}

bool eligible(const Account& account, const Need& need) {
  return account.dialect == need.dialect && share_a_pool(account.pools, need.pools) &&
         (need.model.empty() || account.serves(need.model));
}

/// Counts us in, if the cap allows it.
bool take_slot(const Account& account) {
  if (account.state->in_flight.fetch_add(1) < account.max_concurrency ||
      account.max_concurrency == 0) {
    return true;
  }
  account.state->in_flight.fetch_sub(1);
  return false;
}

}  // namespace

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

Result<AccountLease> AccountPool::lease(const Need& need) const {
  bool any = false;
  // Once for each slot that another thread takes before us; then we see its account full, and choose again.
  for (;;) {
    const Account* best = nullptr;
    double best_load = 0;
    // Accounts are few enough to look at all of them; a full account is passed over, so that the next class serves.
    for (const Account& account : accounts_) {
      if (!eligible(account, need)) continue;
      any = true;
      const int in_flight = account.state->in_flight.load(std::memory_order_relaxed);
      if (account.max_concurrency > 0 && in_flight >= account.max_concurrency) continue;
      const double load = static_cast<double>(in_flight) / account.weight;
      const bool better = best == nullptr || account.priority < best->priority ||
                          (account.priority == best->priority && load < best_load);
      if (!better) continue;
      best = &account;
      best_load = load;
    }
    if (best == nullptr) break;
    if (take_slot(*best)) {
      return AccountLease(best->state, static_cast<std::size_t>(best - accounts_.data()));
    }
  }
  if (!any) {
    return fail(Errc::no_account, Side::gateway,
                need.model.empty()
                    ? "no account of this key's pools speaks this dialect"
                    : "no account of this key's pools serves the model " + std::string(need.model));
  }
  return fail(Errc::overloaded, Side::gateway, "every account that could serve this is at its cap");
}

}  // namespace sluice::routing

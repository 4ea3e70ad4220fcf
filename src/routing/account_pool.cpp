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
  struct Candidate {
    std::size_t index;
    double load;
  };
  std::vector<Candidate> candidates;
  bool any = false;
  int priority = 0;
  // Accounts are few enough to look at all of them; a full account is passed over, so that the next class serves.
  for (std::size_t i = 0; i < accounts_.size(); ++i) {
    const Account& account = accounts_[i];
    if (!eligible(account, need)) continue;
    any = true;
    const int in_flight = account.state->in_flight.load(std::memory_order_relaxed);
    if (account.max_concurrency > 0 && in_flight >= account.max_concurrency) continue;
    if (!candidates.empty() && account.priority > priority) continue;
    if (candidates.empty() || account.priority < priority) {
      candidates.clear();
      priority = account.priority;
    }
    candidates.push_back({i, static_cast<double>(in_flight) / account.weight});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.load != b.load ? a.load < b.load : a.index < b.index;
  });
  for (const Candidate& candidate : candidates) {
    const Account& account = accounts_[candidate.index];
    if (take_slot(account)) return AccountLease(account.state, candidate.index);
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

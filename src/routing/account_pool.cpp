#include "routing/account_pool.hpp"

#include <algorithm>
#include <span>

#include "base/glob.hpp"

namespace sluice::routing {
namespace {

/// Up to here it is as cheap to look at all.
constexpr std::size_t small_class = 8;
/// Pairs that are drawn from a larger one before all are looked at.
constexpr int draws_max = 4;

bool holds(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool reaches(const Account& account, const std::vector<std::string>& pools,
             const std::vector<std::string>& names) {
  if (!names.empty() && !holds(names, account.name)) return false;
  return std::any_of(pools.begin(), pools.end(),
                     [&](const std::string& pool) { return holds(account.pools, pool); });
}

/// splitmix64.
std::uint64_t next(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15U);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

bool is_full(const Account& account) {
  return account.max_concurrency > 0 &&
         account.state->in_flight.load(std::memory_order_relaxed) >= account.max_concurrency;
}

double load_of(const Account& account) {
  return static_cast<double>(account.state->in_flight.load(std::memory_order_relaxed)) /
         account.weight;
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

std::size_t AccountPool::route(std::vector<std::string> pools, std::vector<std::string> names) {
  std::sort(pools.begin(), pools.end());
  std::sort(names.begin(), names.end());
  const auto [known, added] = by_reach_.try_emplace({pools, names}, routes_.size());
  if (!added) return known->second;
  Route& made = routes_.emplace_back();
  made.pools = std::move(pools);
  made.names = std::move(names);
  for (std::uint32_t i = 0; i < accounts_.size(); ++i) {
    if (reaches(accounts_[i], made.pools, made.names)) add(made, i);
  }
  return known->second;
}

void AccountPool::add(Route& route, std::uint32_t index) const {
  const Account& account = accounts_[index];
  auto language = std::find_if(route.languages.begin(), route.languages.end(),
                               [&](const Language& l) { return l.dialect == account.dialect; });
  if (language == route.languages.end()) {
    language = route.languages.insert(language, {.dialect = account.dialect, .classes = {}});
  }
  auto& classes = language->classes;
  auto at = std::find_if(classes.begin(), classes.end(),
                         [&](const Class& c) { return c.priority >= account.priority; });
  if (at == classes.end() || at->priority != account.priority) {
    at = classes.insert(at, {.priority = account.priority, .members = {}, .weights_so_far = {}});
  }
  at->members.push_back(index);
  const std::uint64_t before = at->weights_so_far.empty() ? 0 : at->weights_so_far.back();
  at->weights_so_far.push_back(before + static_cast<std::uint64_t>(account.weight));
}

const Account* AccountPool::draw(const Class& of, std::uint64_t& random) const {
  const std::uint64_t point = next(random) % of.weights_so_far.back();
  const auto at = std::upper_bound(of.weights_so_far.begin(), of.weights_so_far.end(), point);
  return &accounts_[of.members[static_cast<std::size_t>(at - of.weights_so_far.begin())]];
}

const Account* AccountPool::better_of_two(const Class& of, const Need& need,
                                          std::uint64_t& random) const {
  const auto usable = [&](const Account* account) {
    return !is_full(*account) && (need.model.empty() || account->serves(need.model));
  };
  for (int i = 0; i < draws_max; ++i) {
    const Account* one = draw(of, random);
    const Account* other = draw(of, random);
    const bool one_can = usable(one);
    if (usable(other) && (!one_can || load_of(*other) < load_of(*one))) return other;
    if (one_can) return one;
  }
  return nullptr;
}

const Account* AccountPool::best_of_all(const Class& of, const Need& need, bool& any) const {
  const Account* best = nullptr;
  double best_load = 0;
  for (const std::uint32_t index : of.members) {
    const Account& account = accounts_[index];
    if (!need.model.empty() && !account.serves(need.model)) continue;
    any = true;
    if (is_full(account)) continue;
    const double load = load_of(account);
    if (best != nullptr && load >= best_load) continue;
    best = &account;
    best_load = load;
  }
  return best;
}

Result<AccountLease> AccountPool::lease(const Need& need) const {
  bool any = false;
  std::uint64_t random = need.draw;
  const auto lease_of = [this](const Account* account) {
    return AccountLease(account->state, static_cast<std::size_t>(account - accounts_.data()));
  };
  const auto& languages = routes_[need.route].languages;
  const auto language = std::find_if(languages.begin(), languages.end(),
                                     [&](const Language& l) { return l.dialect == need.dialect; });
  const auto none = std::span<const Class>();
  // A full class is passed over, so that the next one serves.
  for (const Class& of : language == languages.end() ? none : std::span(language->classes)) {
    if (of.members.size() > small_class) {
      const Account* drawn = better_of_two(of, need, random);
      if (drawn != nullptr && take_slot(*drawn)) return lease_of(drawn);
    }
    // Once for each slot that another thread takes before us; then we see its account full, and choose again.
    while (const Account* best = best_of_all(of, need, any)) {
      if (take_slot(*best)) return lease_of(best);
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

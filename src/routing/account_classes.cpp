#include "routing/account_classes.hpp"

#include <algorithm>

#include "routing/hashing.hpp"

namespace sluice::routing {
namespace {

bool holds(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool reaches(const Account& account, const std::vector<std::string>& pools,
             const std::vector<std::string>& names) {
  if (!names.empty() && !holds(names, account.name)) return false;
  return std::any_of(pools.begin(), pools.end(),
                     [&](const std::string& pool) { return holds(account.pools, pool); });
}

}  // namespace

std::size_t AccountClass::place_of(std::uint32_t index) const {
  const auto at = std::lower_bound(members.begin(), members.end(), index);
  if (at == members.end() || *at != index) return size();
  return static_cast<std::size_t>(at - members.begin());
}

std::size_t AccountClass::at_weight(std::uint64_t point) const {
  const auto at = std::upper_bound(weights_so_far.begin(), weights_so_far.end(), point);
  return static_cast<std::size_t>(at - weights_so_far.begin());
}

std::size_t AccountClasses::route(const std::vector<Account>& accounts, const AccountMenus& menus,
                                  SessionTable& sessions, std::vector<std::string> pools,
                                  std::vector<std::string> names) {
  std::sort(pools.begin(), pools.end());
  std::sort(names.begin(), names.end());
  const auto [known, added] = by_reach_.try_emplace({pools, names}, routes_.size());
  if (!added) return known->second;
  Route& made = routes_.emplace_back();
  for (std::uint32_t i = 0; i < accounts.size(); ++i) {
    if (reaches(accounts[i], pools, names)) add(made, accounts[i], i, menus.menu_of(i), sessions);
  }
  return known->second;
}

void AccountClasses::add(Route& route, const Account& account, std::uint32_t index,
                         std::uint32_t menu, SessionTable& sessions) {
  ++route.accounts;
  auto language = std::find_if(route.languages.begin(), route.languages.end(),
                               [&](const Language& l) { return l.dialect == account.dialect; });
  if (language == route.languages.end()) {
    language = route.languages.insert(language, {.dialect = account.dialect, .classes = {}});
  }
  auto& classes = language->classes;
  auto at = std::find_if(classes.begin(), classes.end(),
                         [&](const AccountClass& c) { return c.priority >= account.priority; });
  if (at == classes.end() || at->priority != account.priority) {
    at = classes.emplace(at);
    at->priority = account.priority;
  }
  const auto weight = static_cast<std::uint32_t>(std::max(account.weight, 1));
  const std::uint64_t before = at->weights_so_far.empty() ? 0 : at->weights_so_far.back();
  at->one_menu = at->menus.empty() || (at->one_menu && at->menus.back() == menu);
  at->members.push_back(index);
  at->menus.push_back(menu);
  at->hashes.push_back(account.state->hash);
  at->weights.push_back(weight);
  at->inverse_weights.push_back(inverse_weight(account.weight));
  at->weights_so_far.push_back(before + weight);
  at->sessions.push_back(&sessions.count_of(account.state->hash));
}

std::size_t AccountClasses::accounts_of(std::size_t route) const { return routes_[route].accounts; }

const std::vector<AccountClass>& AccountClasses::classes(std::size_t route,
                                                         std::string_view dialect) const {
  static const std::vector<AccountClass> none;
  for (const Language& language : routes_[route].languages) {
    if (language.dialect == dialect) return language.classes;
  }
  return none;
}

}  // namespace sluice::routing

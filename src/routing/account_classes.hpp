#pragma once
/// The accounts of a pool, laid out for choosing: by the route that a key has to them, the language they speak and their priority,
/// with what a choice reads of each side by side.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "routing/account.hpp"
#include "routing/account_menus.hpp"
#include "routing/session_table.hpp"

namespace sluice::routing {

/// Accounts of one dialect and priority.
struct AccountClass {
  int priority = 0;
  std::vector<std::uint32_t> members;  // indexes of accounts, ascending
  bool one_menu = true;                // all serve the same
  // Of the members, by place:
  std::vector<std::uint32_t> menus;
  std::vector<std::uint32_t> weights;
  std::vector<AccountHash> hashes;
  std::vector<std::uint32_t> inverse_weights;        // see `rendezvous_distance`
  std::vector<std::uint64_t> weights_so_far;         // of the members up to here
  std::vector<const SessionTable::Count*> sessions;  // that are with them
  [[nodiscard]] std::uint64_t weight() const { return weights_so_far.back(); }
  [[nodiscard]] std::size_t size() const { return members.size(); }
  /// The member's place; `size()`: it is none.
  [[nodiscard]] std::size_t place_of(std::uint32_t index) const;
  /// Whose turn it is at `point`, of those below `weight()`.
  [[nodiscard]] std::size_t at_weight(std::uint64_t point) const;
};

class AccountClasses {
 public:
  /// The way to the accounts that stand in one of `pools` and, where `names` isn't empty, have one of these names.
  [[nodiscard]] std::size_t route(const std::vector<Account>& accounts, const AccountMenus& menus,
                                  SessionTable& sessions, std::vector<std::string> pools,
                                  std::vector<std::string> names);
  /// How many accounts it leads to.
  [[nodiscard]] std::size_t accounts_of(std::size_t route) const;
  /// Those that speak `dialect`, best priority first.
  [[nodiscard]] const std::vector<AccountClass>& classes(std::size_t route,
                                                         std::string_view dialect) const;

 private:
  struct Language {
    std::string dialect;
    std::vector<AccountClass> classes;  // best first
  };
  struct Route {
    std::size_t accounts = 0;
    std::vector<Language> languages;
  };
  static void add(Route& route, const Account& account, std::uint32_t index, std::uint32_t menu,
                  SessionTable& sessions);

  std::vector<Route> routes_;
  std::map<std::pair<std::vector<std::string>, std::vector<std::string>>, std::size_t> by_reach_;
};

}  // namespace sluice::routing

#pragma once
/// The accounts that a request may go to, and the choice among them: by priority, then the account that the conversation
/// is with or would go to, else the better of two. docs/routing.md tells it in prose.

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/quantity.hpp"
#include "meter/prompt_prefix.hpp"
#include "routing/account.hpp"
#include "routing/account_classes.hpp"
#include "routing/account_lease.hpp"
#include "routing/account_menus.hpp"
#include "routing/routing_memory.hpp"

namespace sluice::routing {

struct Need {
  std::string_view dialect;
  std::string_view model;  // as the client says it; empty: any account of the dialect will do
  std::size_t route = 0;   // of the key: what `AccountPool::route` gave
  Moment at{};
  SessionHash session = 0;                          // 0: none
  std::span<const meter::PromptPrefix> prefixes{};  // shortest first
  /// The only account that has what the request goes on with; null: any.
  const AccountId* pinned = nullptr;
  /// Accounts that this request has asked already, by index: not again.
  std::span<const std::size_t> asked{};
  std::uint64_t draw = 0;  // random: whom it looks at where there are too many to look at all
};

/// Why nobody is to be had.
struct Unavailable {
  enum class Why : std::uint8_t {
    nobody,   // none serves this dialect and model, or none of the key's pools does
    asked,    // all that could have been asked already
    full,     // all that could are at their cap: worth waiting for
    probing,  // the only ones left are being tried out by another request: likewise, for a moment
    resting,  // until `soonest`
  };
  Why why = Why::nobody;
  TimePoint soonest = time_never;  // of resting
};

/// Immutable once shared, but for the states in it. Accounts are where they are for as long as it.
class AccountPool {
 public:
  AccountPool() = default;
  AccountPool(std::vector<Account> accounts, std::shared_ptr<RoutingMemory> memory);

  /// The way to the accounts that stand in one of `pools` and, where `names` isn't empty, have one of these names. Keys
  /// that may use the same accounts share one route. Before the pool is shared.
  [[nodiscard]] std::size_t route(std::vector<std::string> pools,
                                  std::vector<std::string> names = {});
  /// Whether there is a choice, so that it is worth to know the conversation.
  [[nodiscard]] bool has_choice(std::size_t route) const;

  /// Cost    under 5 us for 1,000 accounts: see bench/choosing.
  [[nodiscard]] std::expected<AccountLease, Unavailable> lease(const Need& need) const;
  [[nodiscard]] const std::vector<Account>& accounts() const { return accounts_; }
  [[nodiscard]] RoutingMemory& memory() const { return *memory_; }

 private:
  friend class AccountChoice;

  std::vector<Account> accounts_;
  std::shared_ptr<RoutingMemory> memory_;
  AccountMenus menus_;
  AccountClasses classes_;
  std::unordered_map<AccountHash, std::uint32_t> by_hash_;  // indexes
};

}  // namespace sluice::routing

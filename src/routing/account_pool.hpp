#pragma once
/// The accounts that a request may go to, and the choice among them. For now: eligible, by priority, then the least in
/// flight for its weight; of many, the better of two that are drawn.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/quantity.hpp"
#include "net/waiting_line.hpp"

namespace sluice::routing {

/// What changes while an account is used. Outlives every snapshot that names the account.
struct AccountState {
  explicit AccountState(net::WaitingLine& waiting) : line(waiting) {}
  std::atomic<int> in_flight{0};
  /// The provider refused the access token: whoever keeps it fresh looks, and takes this back.
  std::atomic<bool> wants_refresh{false};
  net::WaitingLine& line;
};

struct Account {
  AccountId id;
  std::string name;
  std::string dialect;  // that it speaks natively
  int priority = 10;    // lower first
  int weight = 1;
  int max_concurrency = 0;                                     // 0 = no cap
  std::vector<std::string> models;                             // patterns; empty = all
  std::vector<std::pair<std::string, std::string>> model_map;  // client's name, provider's name
  std::vector<std::string> pools;
  std::shared_ptr<AccountState> state;

  /// Whether a client may ask it for `model`: the map names it, or a pattern lets it in.
  [[nodiscard]] bool serves(std::string_view model) const;
  /// The provider's name for it.
  [[nodiscard]] std::string_view upstream_model(std::string_view model) const;
};

/// A running use of an account; the slot goes back with it.
class AccountLease {
 public:
  AccountLease() = default;
  AccountLease(std::shared_ptr<AccountState> state, std::size_t index)
      : state_(std::move(state)), index_(index) {}
  AccountLease(AccountLease&&) noexcept = default;
  AccountLease& operator=(AccountLease&& other) noexcept {
    if (this != &other) {
      release();
      state_ = std::move(other.state_);
      index_ = other.index_;
    }
    return *this;
  }
  ~AccountLease() { release(); }
  void release() {
    if (!state_) return;
    state_->in_flight.fetch_sub(1);
    state_->line.notify();
    state_.reset();
  }
  /// The provider refused the account's token.
  void want_refresh() const {
    if (state_) state_->wants_refresh.store(true, std::memory_order_relaxed);
  }
  /// Of the account, in the pool that gave the lease.
  [[nodiscard]] std::size_t index() const { return index_; }

 private:
  std::shared_ptr<AccountState> state_;
  std::size_t index_ = 0;
};

struct Need {
  std::string_view dialect;
  std::string_view model;  // empty: any account of the dialect will do
  std::size_t route = 0;   // of the key: what `AccountPool::route` gave
  std::uint64_t draw = 0;  // random: whom it looks at where there are too many to look at all
};

/// Immutable once shared, but for the states in it.
class AccountPool {
 public:
  AccountPool() = default;
  explicit AccountPool(std::vector<Account> accounts) : accounts_(std::move(accounts)) {}

  /// The way to the accounts that stand in one of `pools` and, where `names` isn't empty, have one of these names. Keys
  /// that may use the same accounts share one route. Before the pool is shared.
  [[nodiscard]] std::size_t route(std::vector<std::string> pools,
                                  std::vector<std::string> names = {});

  /// Errors  no_account (none serves this dialect and model, or none of the key's pools does);
  ///         overloaded (all that could are at their cap: worth waiting for).
  /// Cost    two looks, however many accounts there are; all of a class only where it is small, or most are full or serve
  ///         other models.
  [[nodiscard]] Result<AccountLease> lease(const Need& need) const;
  [[nodiscard]] const std::vector<Account>& accounts() const { return accounts_; }

 private:
  /// Accounts of one dialect and priority.
  struct Class {
    int priority = 0;
    std::vector<std::uint32_t> members;         // indexes of accounts
    std::vector<std::uint64_t> weights_so_far;  // of the members up to here
  };
  struct Language {
    std::string dialect;
    std::vector<Class> classes;  // best first
  };
  struct Route {
    std::vector<std::string> pools;
    std::vector<std::string> names;
    std::vector<Language> languages;
  };
  void add(Route& route, std::uint32_t index) const;
  [[nodiscard]] const Account* draw(const Class& of, std::uint64_t& random) const;
  [[nodiscard]] const Account* better_of_two(const Class& of, const Need& need,
                                             std::uint64_t& random) const;
  [[nodiscard]] const Account* best_of_all(const Class& of, const Need& need, bool& any) const;

  std::vector<Account> accounts_;
  std::vector<Route> routes_;
  std::map<std::pair<std::vector<std::string>, std::vector<std::string>>, std::size_t> by_reach_;
};

}  // namespace sluice::routing

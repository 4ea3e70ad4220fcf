#pragma once
/// The accounts that a request may go to, and the choice among them. For now: eligible, by priority, then the least in
/// flight for its weight.

#include <atomic>
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
  net::WaitingLine& line;
};

struct Account {
  AccountId id;
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
  /// Of the account, in the pool that gave the lease.
  [[nodiscard]] std::size_t index() const { return index_; }

 private:
  std::shared_ptr<AccountState> state_;
  std::size_t index_ = 0;
};

struct Need {
  std::string_view dialect;
  std::string_view model;  // empty: any account of the dialect will do
  const std::vector<std::string>& pools;
};

/// Immutable but for the states in it.
class AccountPool {
 public:
  AccountPool() = default;
  explicit AccountPool(std::vector<Account> accounts) : accounts_(std::move(accounts)) {}

  /// Errors  no_account (none serves this dialect and model, or none of the key's pools does);
  ///         overloaded (all that could are at their cap: worth waiting for).
  [[nodiscard]] Result<AccountLease> lease(const Need& need) const;
  [[nodiscard]] const std::vector<Account>& accounts() const { return accounts_; }

 private:
  std::vector<Account> accounts_;
};

}  // namespace sluice::routing

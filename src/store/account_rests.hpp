#pragma once
/// How accounts are, where that must outlive a restart or be known to other processes: what rests, and who was forgiven.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/transaction.hpp"

namespace sluice::store {

/// A pause of an account, or of one model on it.
struct AccountRest {
  std::string account;  // id
  std::string model;    // empty: the whole account
  std::string state;    // "cooling", "unauthorized", "blocked"
  std::string rule;     // "rate_limited", ...: see routing::RestRule
  std::string reason;
  WallTime since;
  std::optional<WallTime> until;  // nullopt: until someone acts
  std::int64_t level = 0;         // doublings so far

  friend bool operator==(const AccountRest&, const AccountRest&) = default;
};

/// One row an account and model: the last to write it is right.
class AccountRests {
 public:
  explicit AccountRests(Transaction& transaction) : transaction_(transaction) {}

  void put(const AccountRest& rest);
  /// Where it is still in that state: another process may have told of another one.
  void drop(const AccountRest& rest);
  /// Of those in `state`.
  void drop_state(std::string_view account, std::string_view state);
  void drop_all(std::string_view account);
  [[nodiscard]] std::vector<AccountRest> of(std::string_view account);
  [[nodiscard]] std::vector<AccountRest> all();

  /// Forgets what rests, and asks all running servers to do the same: the caller says `touch()`.
  void lift(std::string_view account, WallTime now);
  /// How often each account was lifted.
  [[nodiscard]] std::map<std::string, std::int64_t> lifts();

 private:
  Transaction& transaction_;
};

}  // namespace sluice::store

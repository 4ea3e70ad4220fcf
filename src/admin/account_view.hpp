#pragma once
/// An account for people: its document, the hint of its secret, and how it is.

#include <optional>
#include <string>

#include "admin/management.hpp"
#include "store/activity.hpp"

namespace sluice::admin {

struct AccountFacts {
  bool removed = false;
  std::string secret_hint;
  std::optional<store::AccountState> trouble;
};

/// The document with `credential.secret_hint`, `state` ("active", "disabled", "expired", "removed", or its trouble:
/// "unauthorized", "blocked") and `state_reason`.
[[nodiscard]] View account_view(const provider::AccountSettings& account, const AccountFacts& facts,
                                WallTime now);
/// Of the account with this id.
[[nodiscard]] std::optional<store::AccountState> find_trouble(store::Transaction& transaction,
                                                              std::string_view account);

}  // namespace sluice::admin

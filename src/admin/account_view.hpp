#pragma once
/// An account for people: its document, the hint of its secret, and how the store remembers it.

#include <string>
#include <vector>

#include "admin/management.hpp"
#include "store/account_rests.hpp"

namespace sluice::admin {

struct AccountFacts {
  bool removed = false;
  std::string secret_hint;
  std::vector<store::AccountRest> rests;
};

/// The document with `credential.secret_hint`, `state` ("active", "disabled", "expired", "removed", or why it rests:
/// "cooling", "unauthorized", "blocked") and `state_reason`. What running servers see is not in it: account_live.hpp.
[[nodiscard]] View account_view(const provider::AccountSettings& account, const AccountFacts& facts,
                                WallTime now);

}  // namespace sluice::admin

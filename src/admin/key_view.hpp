#pragma once
/// A key for people: its document, and what is known of it beside that.

#include <boost/json/value.hpp>
#include <vector>

#include "admin/management.hpp"
#include "identity/key.hpp"
#include "store/activity.hpp"
#include "store/hashed_secrets.hpp"

namespace sluice::admin {

struct KeyFacts {
  boost::json::value owner;  // null, or {"id", "name"}
  bool owner_is_active = true;
  bool removed = false;
  std::vector<store::HashedSecret> secrets;
  store::KeyActivity activity;
};

/// `owner`, the document, `state` ("active", "disabled", "expired", "removed"), `secret_hint`, `secrets`, `first_used`,
/// `last_used`. A key whose owner is disabled or removed is disabled.
[[nodiscard]] View key_view(const identity::Key& key, const KeyFacts& facts, WallTime now);

}  // namespace sluice::admin

#pragma once
/// Parts of views that several kinds have.

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <vector>

#include "admin/subject.hpp"
#include "store/hashed_secrets.hpp"

namespace sluice::admin {

/// A time, or null.
[[nodiscard]] boost::json::value time_json(std::optional<WallTime> time);
/// {"id", "name"} of a user, or null.
[[nodiscard]] boost::json::value owner_json(const Desk& desk, const std::string& owner);
/// Nobody's, or of a user who is neither removed nor disabled.
[[nodiscard]] bool owner_is_active(const Desk& desk, const std::string& owner);

/// "secrets": [{"hint", "created", "valid_until"}] of those that work, and "secret_hint" of the current one.
void show_hashed_secrets(View& view, const std::vector<store::HashedSecret>& secrets, WallTime now);

/// Of what can be switched off and can end: "removed", "disabled", "expired", "active".
struct Standing {
  bool removed = false;
  bool disabled = false;
  bool expired = false;
};
[[nodiscard]] std::string_view state_of(const Standing& standing);

}  // namespace sluice::admin

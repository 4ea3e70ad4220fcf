#pragma once
/// An admin token, with which programs use the admin API, as JSON: {"role": "viewer", "scopes": ["read"], "expires": "",
/// "note": "", "disabled": false}. Its owner is whoever made it, and it ends with him. Pure.

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "admin/refusal.hpp"
#include "base/clock.hpp"
#include "identity/roles.hpp"
#include "store/objects.hpp"

namespace sluice::admin {

struct AdminToken {
  std::string id;
  std::string name;
  std::string owner;  // id of a user; empty: of whoever runs the command line
  identity::Role role = identity::Role::viewer;
  identity::Scopes scopes = identity::Scopes::all();
  std::optional<WallTime> expires;
  std::string note;
  bool disabled = false;

  [[nodiscard]] bool usable(WallTime now) const {
    return !disabled && (!expires || now < *expires);
  }
};

[[nodiscard]] Outcome<void> apply_token_fields(const boost::json::object& fields,
                                               AdminToken& token);
/// All but name and owner.
[[nodiscard]] boost::json::object token_document(const AdminToken& token);
[[nodiscard]] Result<AdminToken> read_token(const store::Object& object);

}  // namespace sluice::admin

#pragma once
/// A person who may sign in, as JSON: {"role": "admin", "email": "", "note": "", "disabled": false}. The password and the
/// second factor are sealed secrets beside it. Pure.

#include <boost/json/object.hpp>
#include <string>

#include "admin/refusal.hpp"
#include "identity/roles.hpp"
#include "store/objects.hpp"

namespace sluice::admin {

struct User {
  std::string id;
  std::string name;
  identity::Role role = identity::Role::viewer;
  std::string email;
  std::string note;
  bool disabled = false;
};

[[nodiscard]] Outcome<void> apply_user_fields(const boost::json::object& fields, User& user);
/// All but the name.
[[nodiscard]] boost::json::object user_document(const User& user);
[[nodiscard]] Result<User> read_user(const store::Object& object);

}  // namespace sluice::admin

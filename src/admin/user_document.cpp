#include "admin/user_document.hpp"

#include "admin/document.hpp"
#include "admin/fields.hpp"
#include "admin/role_field.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

constexpr std::size_t email_bytes_max = 254;  // RFC 5321, erratum 1690

/// Something, an at sign, something: more only the mail server can tell.
bool is_email(std::string_view text) {
  const auto at = text.find('@');
  return at != 0 && at != std::string_view::npos && at + 1 < text.size() &&
         text.find_first_of(" \"\\<>") == std::string_view::npos;
}

}  // namespace

Outcome<void> apply_user_fields(const json::object& object, User& user) {
  Faults faults;
  Fields fields(object, faults);
  fields.name("name", user.name);
  read_role(fields, user.role);
  fields.text("email", user.email, email_bytes_max);
  if (!user.email.empty() && !is_email(user.email)) {
    fields.fault("email", "must be an address such as \"ada@example.org\"");
  }
  fields.text("note", user.note, note_bytes_max, Lines::many);
  fields.boolean("disabled", user.disabled);
  fields.refuse_unknown();
  return faults.outcome();
}

json::object user_document(const User& user) {
  json::object out;
  out["role"] = identity::to_string(user.role);
  out["email"] = user.email;
  out["note"] = user.note;
  out["disabled"] = user.disabled;
  return out;
}

Result<User> read_user(const store::Object& object) {
  User user;
  user.id = object.id;
  user.name = object.name;
  CHECK_OK(read_document(store::Kind::user, object, [&](const json::object& document) {
    return apply_user_fields(document, user);
  }));
  return user;
}

}  // namespace sluice::admin

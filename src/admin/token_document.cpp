#include "admin/token_document.hpp"

#include <boost/json/value_from.hpp>

#include "admin/document.hpp"
#include "admin/fields.hpp"
#include "admin/role_field.hpp"
#include "admin/time_field.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

void read_scopes(Fields& fields, identity::Scopes& scopes) {
  if (!fields.has("scopes")) {
    (void)fields.find("scopes");
    return;
  }
  std::vector<std::string> words;
  fields.texts("scopes", words, {.count_max = 64, .bytes_max = 64}, {"*"});
  if (fields.faults().any()) return;
  if (auto parsed = identity::Scopes::parse(words)) {
    scopes = *parsed;
  } else {
    fields.fault("scopes", parsed.error().context);
  }
}

}  // namespace

Outcome<void> apply_token_fields(const json::object& object, AdminToken& token) {
  Faults faults;
  Fields fields(object, faults);
  fields.name("name", token.name);
  read_role(fields, token.role);
  read_scopes(fields, token.scopes);
  read_time(fields, "expires", token.expires);
  fields.text("note", token.note, note_bytes_max, Lines::many);
  fields.boolean("disabled", token.disabled);
  fields.refuse_unknown();
  return faults.outcome();
}

json::object token_document(const AdminToken& token) {
  json::object out;
  out["role"] = identity::to_string(token.role);
  out["scopes"] = json::value_from(token.scopes.words());
  out["expires"] = time_text(token.expires);
  out["note"] = token.note;
  out["disabled"] = token.disabled;
  return out;
}

Result<AdminToken> read_token(const store::Object& object) {
  AdminToken token;
  token.id = object.id;
  token.name = object.name;
  token.owner = object.owner;
  CHECK_OK(read_document(store::Kind::token, object, [&](const json::object& document) {
    return apply_token_fields(document, token);
  }));
  return token;
}

}  // namespace sluice::admin

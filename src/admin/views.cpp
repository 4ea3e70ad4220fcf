#include "admin/views.hpp"

#include "admin/user_document.hpp"
#include "identity/key_grammar.hpp"

namespace sluice::admin {

namespace json = boost::json;

json::value time_json(std::optional<WallTime> time) {
  if (!time) return nullptr;
  return json::value(identity::rfc3339_text(*time));
}

json::value owner_json(const Desk& desk, const std::string& owner) {
  if (owner.empty()) return nullptr;
  const auto user = desk.objects(Kind::user).find(owner);
  return json::object{{"id", owner}, {"name", user ? user->name : std::string()}};
}

bool owner_is_active(const Desk& desk, const std::string& owner) {
  if (owner.empty()) return true;
  const auto object = desk.objects(Kind::user).find(owner);
  if (!object || object->removed) return false;
  const auto user = read_user(*object);
  return user && !user->disabled;
}

void show_hashed_secrets(View& view, const std::vector<store::HashedSecret>& secrets,
                         WallTime now) {
  json::array list;
  std::string current;
  for (const store::HashedSecret& secret : secrets) {
    if (secret.valid_until && *secret.valid_until <= now) continue;
    if (!secret.valid_until) current = secret.hint;
    list.push_back(json::object{{"hint", secret.hint},
                                {"created", time_json(secret.created)},
                                {"valid_until", time_json(secret.valid_until)}});
  }
  view["secret_hint"] = current;
  view["secrets"] = std::move(list);
}

std::string_view state_of(const Standing& standing) {
  if (standing.removed) return "removed";
  if (standing.disabled) return "disabled";
  return standing.expired ? "expired" : "active";
}

Outcome<View> view_of(const Desk& desk, Subject& subject, const store::Object& object) {
  View view;
  view["id"] = object.id;
  view["name"] = object.name;
  view["version"] = object.version;
  view["declared"] = false;
  TRY(const View fields, subject.view(desk, object));
  for (const auto& member : fields) view[member.key()] = member.value();
  view["created"] = time_json(object.created);
  view["updated"] = time_json(object.updated);
  if (object.removed) view["removed"] = time_json(object.removed);
  return view;
}

}  // namespace sluice::admin

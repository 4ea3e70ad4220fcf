// Accounts, pools, keys, users, admin tokens: what Management does, as routes.

#include <boost/json/array.hpp>

#include "admin/api_call.hpp"
#include "identity/key_grammar.hpp"

namespace sluice::admin::handlers {
namespace {

namespace json = boost::json;

Kind kind_of(const Route& route) {
  switch (route.resource) {
    case identity::Resource::accounts: return Kind::account;
    case identity::Resource::pools: return Kind::pool;
    case identity::Resource::keys: return Kind::key;
    case identity::Resource::users: return Kind::user;
    case identity::Resource::tokens: return Kind::token;
    case identity::Resource::prices:
    case identity::Resource::usage:
    case identity::Resource::requests:
    case identity::Resource::live:
    case identity::Resource::audit:
    case identity::Resource::settings:
    case identity::Resource::session:
    case identity::Resource::health: break;
  }
  std::abort();  // the table names one of the five for every route that comes here
}

/// The answer that is one object carries its version where If-Match takes it from.
Outcome<View> with_etag(ApiCall& call, Outcome<View> view) {
  if (!view) return view;
  const json::value* version = view->if_contains("version");
  if (version != nullptr && version->is_int64()) {
    call.fields += "etag: \"" + std::to_string(version->get_int64()) + "\"\r\n";
  }
  return view;
}

}  // namespace

Outcome<json::object> list_objects(ApiCall& call) {
  CHECK_OK(only_parameters(call, {"limit", "cursor", "q", "removed"}));
  ListQuery query;
  TRY(query.limit, limit_parameter(call));
  query.cursor = parameter(call, "cursor");
  query.text = parameter(call, "q");
  const std::string_view removed = parameter(call, "removed");
  if (!removed.empty() && removed != "0" && removed != "1") {
    return refuse_field("removed", "must be 0 or 1");
  }
  query.with_removed = removed == "1";
  TRY(Page page, call.management.list(call.actor, kind_of(call.route), query));
  json::array items;
  items.reserve(page.items.size());
  for (View& item : page.items) items.emplace_back(std::move(item));
  return json::object{
      {"items", std::move(items)},
      {"next_cursor", page.next_cursor.empty() ? json::value() : json::value(page.next_cursor)}};
}

Outcome<json::object> create_object(ApiCall& call) {
  auto view = with_etag(call, call.management.create(call.actor, kind_of(call.route), call.body));
  if (view) {
    ((call.fields += "location: ") += api_prefix) += call.route.path;
    (call.fields += '/') += std::string_view(view->at("id").as_string());
    call.fields += "\r\n";
  }
  return view;
}

Outcome<json::object> get_object(ApiCall& call) {
  return with_etag(call, call.management.get(call.actor, kind_of(call.route), call.id));
}

Outcome<json::object> update_object(ApiCall& call) {
  return with_etag(call, call.management.update(call.actor, kind_of(call.route), call.id,
                                                call.version, call.body));
}

Outcome<json::object> remove_object(ApiCall& call) {
  return with_etag(call,
                   call.management.remove(call.actor, kind_of(call.route), call.id, call.version));
}

Outcome<json::object> restore_object(ApiCall& call) {
  return with_etag(call,
                   call.management.restore(call.actor, kind_of(call.route), call.id, call.version));
}

Outcome<json::object> rotate_object(ApiCall& call) {
  CHECK_OK(only_members(call.body, {"grace"}));
  TRY(const std::string text, optional_text_member(call.body, "grace"));
  std::chrono::seconds grace{0};
  if (!text.empty()) {
    const auto window = identity::parse_window(text);
    if (!window) return refuse_field("grace", "must be a time like \"1h\"");
    grace = *window;
  }
  return with_etag(
      call, call.management.rotate(call.actor, kind_of(call.route), call.id, call.version, grace));
}

Outcome<json::object> reset_password(ApiCall& call) {
  CHECK_OK(only_members(call.body, {"password"}));
  TRY(std::string password, optional_text_member(call.body, "password"));
  std::optional<std::string> given;
  if (!password.empty()) given = std::move(password);
  return with_etag(call, call.management.reset_password(call.actor, call.id, std::move(given)));
}

Outcome<json::object> lift_account(ApiCall& call) {
  return with_etag(call, call.management.lift(call.actor, call.id));
}

Outcome<json::object> test_account(ApiCall& call) {
  TRY(const provider::AccountSettings account, call.management.account(call.actor, call.id));
  json::array steps = call.facts.test_account(account);
  bool ok = true;
  for (const json::value& step : steps) {
    const json::value* good = step.is_object() ? step.get_object().if_contains("ok") : nullptr;
    if (good == nullptr || !good->is_bool() || !good->get_bool()) ok = false;
  }
  return json::object{{"ok", ok}, {"steps", std::move(steps)}};
}

}  // namespace sluice::admin::handlers

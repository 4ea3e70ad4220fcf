#include "admin/api_routes.hpp"

#include <array>

#include "admin/api_call.hpp"

namespace sluice::admin {
namespace {

using namespace handlers;
using enum Access;
using A = identity::Action;
using R = identity::Resource;

constexpr Version versioned = Version::required;
constexpr Version anyhow = Version::none;
constexpr Paging objects = Paging::objects;

// clang-format off
constexpr std::array routes{
    Route{"POST", "/session", open, R::session, A::create, sign_in, "sign_in", "Sign in with user name, password and, where one is set up, a code", "Credentials", "Session"},
    Route{"GET", "/session", signed_in, R::session, A::read, show_session, "show_session", "Who is signed in, and the CSRF token for writes", "", "Session"},
    Route{"DELETE", "/session", Access::session, R::session, A::remove, sign_out, "sign_out", "Sign out", "", "", 204},
    Route{"POST", "/session/password", Access::session, R::session, A::update, change_password, "change_password", "Change one's own password; all other sessions end", "PasswordChange", "", 204},
    Route{"POST", "/session/totp", Access::session, R::session, A::update, offer_totp, "offer_totp", "A new second factor, not in force before it is confirmed", "", "TotpOffer"},
    Route{"POST", "/session/totp/confirm", Access::session, R::session, A::update, confirm_totp, "confirm_totp", "Confirm the second factor with a code; gives the recovery codes, once", "TotpCode", "RecoveryCodes"},
    Route{"DELETE", "/session/totp", Access::session, R::session, A::update, drop_totp, "drop_totp", "Remove one's own second factor", "PasswordConfirmation", "", 204},
    Route{"POST", "/setup", open, R::session, A::create, set_up, "set_up", "Create the first user with the token of the set-up link", "SetUp", "Session", 201},

    Route{"GET", "/accounts", by_role, R::accounts, A::read, list_objects, "list_accounts", "Accounts, page by page", "", "AccountPage", 200, anyhow, objects},
    Route{"POST", "/accounts", by_role, R::accounts, A::create, create_object, "create_account", "Create an account", "AccountFields", "Account", 201},
    Route{"GET", "/accounts/{id}", by_role, R::accounts, A::read, get_object, "get_account", "One account, by id or name", "", "Account"},
    Route{"PATCH", "/accounts/{id}", by_role, R::accounts, A::update, update_object, "update_account", "Change what the body names; null is the default", "AccountFields", "Account", 200, versioned},
    Route{"DELETE", "/accounts/{id}", by_role, R::accounts, A::remove, remove_object, "remove_account", "Remove an account; it can be restored", "", "Account", 200, versioned},
    Route{"POST", "/accounts/{id}/restore", by_role, R::accounts, A::restore, restore_object, "restore_account", "Bring a removed account back", "", "Account", 200, versioned},
    Route{"POST", "/accounts/{id}/lift", by_role, R::accounts, A::update, lift_account, "lift_account", "Forget what keeps an account from being used, in all running servers", "", "Account"},
    Route{"POST", "/accounts/{id}/test", by_role, R::accounts, A::update, test_account, "test_account", "What of the account works and what not, without billing anything", "", "AccountTest"},

    Route{"GET", "/pools", by_role, R::pools, A::read, list_objects, "list_pools", "Pools, page by page", "", "PoolPage", 200, anyhow, objects},
    Route{"POST", "/pools", by_role, R::pools, A::create, create_object, "create_pool", "Create a pool", "PoolFields", "Pool", 201},
    Route{"GET", "/pools/{id}", by_role, R::pools, A::read, get_object, "get_pool", "One pool, by id or name", "", "Pool"},
    Route{"PATCH", "/pools/{id}", by_role, R::pools, A::update, update_object, "update_pool", "Change what the body names; null is the default", "PoolFields", "Pool", 200, versioned},
    Route{"DELETE", "/pools/{id}", by_role, R::pools, A::remove, remove_object, "remove_pool", "Remove a pool; it can be restored", "", "Pool", 200, versioned},
    Route{"POST", "/pools/{id}/restore", by_role, R::pools, A::restore, restore_object, "restore_pool", "Bring a removed pool back", "", "Pool", 200, versioned},

    Route{"GET", "/keys", by_role, R::keys, A::read, list_objects, "list_keys", "Client keys, page by page", "", "KeyPage", 200, anyhow, objects},
    Route{"POST", "/keys", by_role, R::keys, A::create, create_object, "create_key", "Create a client key; the answer holds its secret, once", "KeyFields", "NewKey", 201},
    Route{"GET", "/keys/{id}", by_role, R::keys, A::read, get_object, "get_key", "One client key, by id or name", "", "Key"},
    Route{"PATCH", "/keys/{id}", by_role, R::keys, A::update, update_object, "update_key", "Change what the body names; null is the default", "KeyFields", "Key", 200, versioned},
    Route{"DELETE", "/keys/{id}", by_role, R::keys, A::remove, remove_object, "remove_key", "Remove a client key; its secret stops working at once", "", "Key", 200, versioned},
    Route{"POST", "/keys/{id}/restore", by_role, R::keys, A::restore, restore_object, "restore_key", "Bring a removed client key back, secret and all", "", "Key", 200, versioned},
    Route{"POST", "/keys/{id}/rotate", by_role, R::keys, A::rotate, rotate_object, "rotate_key", "A new secret; the old one works for `grace` more", "Rotation", "NewKey", 200, versioned, Paging::none, true},

    Route{"GET", "/users", by_role, R::users, A::read, list_objects, "list_users", "Users, page by page", "", "UserPage", 200, anyhow, objects},
    Route{"POST", "/users", by_role, R::users, A::create, create_object, "create_user", "Create a user; without a password one is made up and told, once", "UserFields", "NewUser", 201},
    Route{"GET", "/users/{id}", by_role, R::users, A::read, get_object, "get_user", "One user, by id or name", "", "User"},
    Route{"PATCH", "/users/{id}", by_role, R::users, A::update, update_object, "update_user", "Change what the body names; null is the default", "UserFields", "User", 200, versioned},
    Route{"DELETE", "/users/{id}", by_role, R::users, A::remove, remove_object, "remove_user", "Remove a user; all sessions end", "", "User", 200, versioned},
    Route{"POST", "/users/{id}/restore", by_role, R::users, A::restore, restore_object, "restore_user", "Bring a removed user back", "", "User", 200, versioned},
    Route{"POST", "/users/{id}/reset-password", by_role, R::users, A::update, reset_password, "reset_password", "A new password for a user, without a second factor; all sessions end", "PasswordReset", "NewUser", 200, anyhow, Paging::none, true},

    Route{"GET", "/tokens", by_role, R::tokens, A::read, list_objects, "list_tokens", "Admin tokens, page by page", "", "TokenPage", 200, anyhow, objects},
    Route{"POST", "/tokens", by_role, R::tokens, A::create, create_object, "create_token", "Create an admin token; the answer holds its secret, once", "TokenFields", "NewToken", 201},
    Route{"GET", "/tokens/{id}", by_role, R::tokens, A::read, get_object, "get_token", "One admin token, by id or name", "", "Token"},
    Route{"PATCH", "/tokens/{id}", by_role, R::tokens, A::update, update_object, "update_token", "Change what the body names; null is the default", "TokenFields", "Token", 200, versioned},
    Route{"DELETE", "/tokens/{id}", by_role, R::tokens, A::remove, remove_object, "remove_token", "Remove an admin token; it stops working at once", "", "Token", 200, versioned},
    Route{"POST", "/tokens/{id}/restore", by_role, R::tokens, A::restore, restore_object, "restore_token", "Bring a removed admin token back, secret and all", "", "Token", 200, versioned},
    Route{"POST", "/tokens/{id}/rotate", by_role, R::tokens, A::rotate, rotate_object, "rotate_token", "A new secret; the old one works for `grace` more", "Rotation", "NewToken", 200, versioned, Paging::none, true},

    Route{"GET", "/audit", by_role, R::audit, A::read, show_audit, "show_audit", "Who changed what, newest first", "", "AuditPage", 200, anyhow, Paging::audit},
    Route{"GET", "/settings", by_role, R::settings, A::read, show_settings, "show_settings", "The settings in effect", "", "Settings"},
    Route{"GET", "/health", by_role, R::health, A::read, show_health, "show_health", "How the program is", "", "Health"},
};
// clang-format on

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// One segment of a path, decoded: what would look like another path or hide a byte is none.
std::optional<std::string> decode_segment(std::string_view raw) {
  constexpr std::size_t bytes_max = 256;
  std::string text;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '%') {
      text += raw[i];
      continue;
    }
    if (i + 2 >= raw.size()) return std::nullopt;
    const int high = hex_digit(raw[i + 1]);
    const int low = hex_digit(raw[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    const char c = static_cast<char>(high * 16 + low);
    constexpr unsigned char blank = 0x20;
    if (static_cast<unsigned char>(c) < blank || c == '/' || c == '\\' || c == '.' || c == '%') {
      return std::nullopt;
    }
    text += c;
    i += 2;
  }
  if (text.empty() || text.size() > bytes_max) return std::nullopt;
  return text;
}

/// Whether `path` is `pattern`, with its {id}.
bool fits(std::string_view pattern, std::string_view path, std::string& id) {
  constexpr std::string_view place = "{id}";
  const auto at = pattern.find(place);
  if (at == std::string_view::npos) return pattern == path;
  const std::string_view tail = pattern.substr(at + place.size());
  if (!path.starts_with(pattern.substr(0, at))) return false;
  path.remove_prefix(at);
  const auto end = path.find('/');
  if (path.substr(std::min(end, path.size())) != tail) return false;
  const auto decoded = decode_segment(path.substr(0, end));
  if (!decoded) return false;
  id = *decoded;
  return true;
}

}  // namespace

std::span<const Route> api_routes() { return routes; }

RouteMatch match_api_route(std::string_view method, std::string_view path) {
  RouteMatch match;
  if (!path.starts_with(api_prefix)) return match;
  path.remove_prefix(api_prefix.size());
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  for (const Route& route : routes) {
    std::string id;
    if (!fits(route.path, path, id)) continue;
    if (route.method == wanted) {
      match.route = &route;
      match.id = std::move(id);
    }
    match.allow += route.method == "GET" ? "GET, HEAD, " : std::string(route.method) + ", ";
  }
  if (!match.allow.empty()) match.allow += "OPTIONS";
  return match;
}

}  // namespace sluice::admin

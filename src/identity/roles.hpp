#pragma once
/// Who may do what on the admin side: one table for the admin API and the command line.
///
///     switch (reach(actor.role, actor.scopes, Resource::keys, Action::rotate)) {
///       case Reach::nothing: return refuse(Errc::not_allowed, ...);
///       case Reach::own: ...      // only what belongs to the user behind the actor
///       case Reach::everything: ...
///     }
///
/// An admin token can do what its role may and its scopes let through, whichever is less.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace sluice::identity {

enum class Role : std::uint8_t {
  admin,      // everything
  operator_,  // runs the relay: no secrets of providers, no users, no admin tokens
  viewer,     // reads everything, changes nothing
  member,     // own keys and usage only
};

enum class Resource : std::uint8_t {
  accounts,
  pools,
  keys,
  users,
  tokens,
  prices,
  usage,
  requests,
  live,
  audit,
  settings,
  session,
  health
};

enum class Action : std::uint8_t {
  read,  // list and get
  create,
  update,
  remove,
  restore,
  rotate,      // of a key or token: a new secret
  set_secret,  // of an account: see `is_secret_field`
};

/// How far a right goes.
enum class Reach : std::uint8_t { nothing, own, everything };

inline constexpr std::array all_roles{Role::admin, Role::operator_, Role::viewer, Role::member};
inline constexpr std::array all_resources{
    Resource::accounts, Resource::pools,   Resource::keys,     Resource::users, Resource::tokens,
    Resource::prices,   Resource::usage,   Resource::requests, Resource::live,  Resource::audit,
    Resource::settings, Resource::session, Resource::health};
inline constexpr std::array all_actions{Action::read,      Action::create,  Action::update,
                                        Action::remove,    Action::restore, Action::rotate,
                                        Action::set_secret};

[[nodiscard]] std::string_view to_string(Role role);  // "admin", "operator", ...
[[nodiscard]] std::string_view to_string(Resource resource);
[[nodiscard]] std::string_view to_string(Action action);
[[nodiscard]] std::optional<Role> parse_role(std::string_view name);

[[nodiscard]] Reach reach(Role role, Resource resource, Action action);
[[nodiscard]] inline bool permits(Role role, Resource resource, Action action) {
  return reach(role, resource, action) != Reach::nothing;
}

/// Fields of an account that need `set_secret` to be written: the credential, and whatever decides where it is sent. Who
/// could point an account at a server of his own would be handed its credential with the next request.
[[nodiscard]] bool is_secret_field(std::string_view account_field);

/// What an admin token is limited to: "*", "read", "write", "RESOURCE:read", "RESOURCE:write". Write is every action but
/// read, and doesn't include it.
class Scopes {
 public:
  /// Lets nothing through.
  Scopes() = default;
  [[nodiscard]] static Scopes all();
  /// Errors  invalid_request, Side::client: an unknown word (with the nearest one that is known), or none at all.
  [[nodiscard]] static Result<Scopes> parse(std::span<const std::string> words);

  [[nodiscard]] bool permit(Resource resource, Action action) const;
  /// Whether `other` has nothing beyond this: a token may hand on what it has, and no more.
  [[nodiscard]] bool include(const Scopes& other) const;
  /// As `parse` reads them, the fewest that say it.
  [[nodiscard]] std::vector<std::string> words() const;
  friend bool operator==(const Scopes&, const Scopes&) = default;

 private:
  std::uint32_t read_ = 0;  // a bit a resource
  std::uint32_t write_ = 0;
};

[[nodiscard]] inline Reach reach(Role role, const Scopes& scopes, Resource resource,
                                 Action action) {
  return scopes.permit(resource, action) ? reach(role, resource, action) : Reach::nothing;
}

}  // namespace sluice::identity

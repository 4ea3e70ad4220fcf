#include "identity/roles.hpp"

#include <algorithm>

namespace sluice::identity {
namespace {

/// A set of actions, a bit each.
struct Actions {
  unsigned bits = 0;
  constexpr Actions() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): the table reads without it.
  constexpr Actions(Action action) : bits(1U << static_cast<unsigned>(action)) {}
  constexpr explicit Actions(unsigned all) : bits(all) {}
  [[nodiscard]] constexpr bool has(Action action) const {
    return (bits & Actions(action).bits) != 0;
  }
};
constexpr Actions operator|(Actions a, Actions b) { return Actions(a.bits | b.bits); }
constexpr Actions operator|(Action a, Action b) { return Actions(a) | Actions(b); }

struct Row {
  Resource resource;
  // To all there are.
  Actions admin;
  Actions operator_;
  Actions viewer;
  // To what is their own.
  Actions member;
  Actions everybody;
};

using enum Action;
constexpr Actions none;
constexpr Actions edit = read | create | update | remove;
constexpr Actions manage = edit | restore;

/// The one place where rights are written down, in the order of Resource.
///
/// An operator may create and rotate client keys, since handing them out is his work: such a secret opens no more than what
/// he may allow anyway. Users and admin tokens are how one becomes somebody else: those are the admin's.
// clang-format off
constexpr std::array table{
    //  resource            admin                operator         viewer member         everybody
    Row{Resource::accounts, manage | set_secret, manage,          read,  none,          none},
    Row{Resource::pools,    manage,              manage,          read,  none,          none},
    Row{Resource::keys,     manage | rotate,     manage | rotate, read,  read | rotate, none},
    Row{Resource::users,    manage,              none,            read,  none,          none},
    Row{Resource::tokens,   manage | rotate,     none,            read,  none,          none},
    Row{Resource::prices,   edit,                edit,            read,  none,          none},
    Row{Resource::usage,    read,                read,            read,  read,          none},
    Row{Resource::requests, read,                read,            read,  read,          none},
    Row{Resource::live,     read,                read,            read,  none,          none},
    Row{Resource::audit,    read,                read,            read,  none,          none},
    Row{Resource::settings, read | update,       read,            read,  none,          none},
    Row{Resource::session,  none,                none,            none,  none,          edit},
    Row{Resource::health,   read,                read,            read,  none,          read},
};
// clang-format on

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (static_cast<std::size_t>(table[i].resource) != i || all_resources[i] != table[i].resource)
      return false;
  }
  return table.size() == all_resources.size();
}
static_assert(in_order());

const Row& row_of(Resource resource) { return table[static_cast<std::size_t>(resource)]; }

constexpr std::array<std::string_view, all_roles.size()> role_names{"admin", "operator", "viewer",
                                                                    "member"};
constexpr std::array<std::string_view, all_resources.size()> resource_names{
    "accounts", "pools", "keys",  "users",    "tokens",  "prices", "usage",
    "requests", "live",  "audit", "settings", "session", "health"};
constexpr std::array<std::string_view, all_actions.size()> action_names{
    "read", "create", "update", "remove", "restore", "rotate", "set_secret"};

}  // namespace

std::string_view to_string(Role role) { return role_names[static_cast<std::size_t>(role)]; }
std::string_view to_string(Resource resource) {
  return resource_names[static_cast<std::size_t>(resource)];
}
std::string_view to_string(Action action) { return action_names[static_cast<std::size_t>(action)]; }

std::optional<Role> parse_role(std::string_view name) {
  const auto* const found =
      std::ranges::find(all_roles, name, [](Role role) { return to_string(role); });
  if (found == all_roles.end()) return std::nullopt;
  return *found;
}

Reach reach(Role role, Resource resource, Action action) {
  const Row& row = row_of(resource);
  if (role == Role::admin && row.admin.has(action)) return Reach::everything;
  if (role == Role::operator_ && row.operator_.has(action)) return Reach::everything;
  if (role == Role::viewer && row.viewer.has(action)) return Reach::everything;
  if (role == Role::member && row.member.has(action)) return Reach::own;
  return row.everybody.has(action) ? Reach::own : Reach::nothing;
}

bool is_secret_field(std::string_view account_field) {
  constexpr auto fields =
      std::to_array<std::string_view>({"credential", "provider", "base_url", "proxy", "ca_file"});
  return std::ranges::find(fields, account_field.substr(0, account_field.find('.'))) !=
         fields.end();
}

}  // namespace sluice::identity

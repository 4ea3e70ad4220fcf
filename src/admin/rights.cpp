#include "admin/rights.hpp"

#include <fmt/format.h>

namespace sluice::admin {
namespace {

using identity::Action;
using identity::Reach;
using identity::Resource;

Resource resource_of(store::Kind kind) {
  switch (kind) {
    case store::Kind::account: return Resource::accounts;
    case store::Kind::pool: return Resource::pools;
    case store::Kind::key: return Resource::keys;
    case store::Kind::user: return Resource::users;
    case store::Kind::token: return Resource::tokens;
  }
  return Resource::tokens;
}

std::string words_of(Resource resource, Action action) {
  if (action == Action::set_secret) return "set what decides about an account's credential";
  return fmt::format("{} {}", to_string(action), to_string(resource));
}

}  // namespace

Outcome<Reach> may(const Actor& actor, store::Kind kind, Action action) {
  const Resource resource = resource_of(kind);
  const Reach reach = identity::reach(actor.role, actor.scopes, resource, action);
  if (reach != Reach::nothing) return reach;
  const bool by_role = identity::permits(actor.role, resource, action);
  return refuse(Errc::not_allowed,
                by_role ? fmt::format("the scopes of this admin token don't let it {}",
                                      words_of(resource, action))
                        : fmt::format("the role {} may not {}", to_string(actor.role),
                                      words_of(resource, action)));
}

Outcome<void> may_write_account(const Actor& actor, const boost::json::object& fields,
                                IsNew is_new) {
  const auto right = may(actor, store::Kind::account, Action::set_secret);
  if (right) return {};
  for (const auto& member : fields) {
    const std::string_view field = member.key();
    const bool is_secret = field == "credential" || field == "proxy";
    if (!(is_new == IsNew::yes ? is_secret : identity::is_secret_field(field))) continue;
    return std::unexpected(Refusal(Errc::not_allowed, std::string(field), right.error().message));
  }
  return {};
}

}  // namespace sluice::admin

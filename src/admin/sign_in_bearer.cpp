// Programs, which sign in with an admin token.

#include <algorithm>

#include "admin/sign_in.hpp"
#include "admin/sign_in_person.hpp"
#include "admin/token_document.hpp"
#include "store/hashed_secrets.hpp"

namespace sluice::admin {
namespace {

using store::Transaction;

/// A token can do no more than who made it, whatever has become of him since.
identity::Role weaker(identity::Role one, identity::Role other) { return std::max(one, other); }
static_assert(identity::Role::admin < identity::Role::operator_ &&
              identity::Role::operator_ < identity::Role::viewer &&
              identity::Role::viewer < identity::Role::member);

Result<std::optional<Actor>> find_bearer(Transaction& transaction, std::string_view bearer,
                                         WallTime now) {
  const auto secret = store::HashedSecrets(transaction, store::Kind::token).find(sha256(bearer));
  if (!secret || (secret->valid_until && *secret->valid_until <= now)) return std::nullopt;
  const auto object = store::Objects(transaction, store::Kind::token).find(secret->owner);
  if (!object || object->removed) return std::nullopt;
  const auto token = read_token(*object);
  if (!token || !token->usable(now)) return std::nullopt;
  Actor actor{.id = "token:" + token->id,
              .name = token->name,
              .user = token->owner,
              .peer = {},
              .role = token->role,
              .scopes = token->scopes};
  if (token->owner.empty()) return actor;  // made on the command line
  const auto person = find_person(transaction, token->owner);
  if (!person) return std::nullopt;
  actor.role = weaker(actor.role, person->role);
  return actor;
}

}  // namespace

Outcome<Actor> SignIn::with_token(std::string_view bearer, const Visitor& visitor) {
  TRY(auto actor, database_.read<std::optional<Actor>>([&](Transaction& transaction) {
    return find_bearer(transaction, bearer, clock_.wall_now());
  }));
  if (!actor) {
    return refuse(Errc::not_signed_in,
                  "there is no such admin token, or it is disabled, expired or removed");
  }
  actor->peer = visitor.peer;
  return *std::move(actor);
}

}  // namespace sluice::admin

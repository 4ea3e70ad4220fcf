// Programs, which sign in with an admin token.

#include <boost/json/parse.hpp>

#include "admin/sign_in.hpp"
#include "admin/sign_in_person.hpp"
#include "identity/key_grammar.hpp"
#include "store/hashed_secrets.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using store::Transaction;

/// What the document of a token says; nullopt: it lets nobody in.
std::optional<identity::Scopes> scopes_in_force(const store::Object& token, WallTime now) {
  boost::system::error_code error;
  const json::value document = json::parse(token.document, error);
  if (error || !document.is_object() || token.removed) return std::nullopt;
  const json::object& fields = document.get_object();
  const json::value* disabled = fields.if_contains("disabled");
  if (disabled != nullptr && (!disabled->is_bool() || disabled->get_bool())) return std::nullopt;
  const json::value* expires = fields.if_contains("expires");
  if (expires != nullptr && !expires->is_null()) {
    if (!expires->is_string()) return std::nullopt;
    const std::string_view text = expires->get_string();
    const auto at = identity::parse_rfc3339(text);
    if (!text.empty() && (!at || *at <= now)) return std::nullopt;
  }
  const json::value* scopes = fields.if_contains("scopes");
  if (scopes == nullptr || !scopes->is_array()) return std::nullopt;
  std::vector<std::string> words;
  for (const json::value& word : scopes->get_array()) {
    if (!word.is_string()) return std::nullopt;
    words.emplace_back(word.get_string());
  }
  auto parsed = identity::Scopes::parse(words);
  if (!parsed) return std::nullopt;
  return *std::move(parsed);
}

Result<std::optional<Actor>> find_bearer(Transaction& transaction, std::string_view bearer,
                                         WallTime now) {
  const auto secret = store::HashedSecrets(transaction, store::Kind::token).find(sha256(bearer));
  if (!secret || (secret->valid_until && *secret->valid_until <= now)) return std::nullopt;
  const auto token = store::Objects(transaction, store::Kind::token).find(secret->owner);
  if (!token) return std::nullopt;
  auto scopes = scopes_in_force(*token, now);
  if (!scopes) return std::nullopt;
  Actor actor{.id = "token:" + token->id,
              .name = token->name,
              .user = token->owner,
              .peer = {},
              .role = identity::Role::admin,
              .scopes = *std::move(scopes)};
  if (token->owner.empty()) return actor;  // made on the command line: its scopes alone bound it
  const auto person = find_person(transaction, token->owner);
  if (!person) return std::nullopt;
  actor.role = person->role;
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

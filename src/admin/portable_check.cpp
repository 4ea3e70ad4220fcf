#include "admin/portable_check.hpp"

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>

#include "admin/account_document.hpp"
#include "admin/key_document.hpp"
#include "admin/pool_document.hpp"
#include "admin/sign_in_person.hpp"
#include "admin/token_document.hpp"
#include "admin/user_document.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

store::Object row_of(const PortableObject& object) {
  store::Object row;
  row.id = object.id;
  row.name = object.name;
  row.owner = object.owner;
  row.document = json::serialize(object.document);
  return row;
}

/// `read` finds what the kept form of a document must hold beyond what people give.
template <class T>
Outcome<json::object> kept(Result<T> read, json::object (*document_of)(const T&)) {
  if (read) return document_of(*read);
  return std::unexpected(Refusal(Errc::invalid_request, "", read.error().context));
}

Outcome<json::object> check_account(const PortableObject& object,
                                    provider::PrivateUpstreams private_upstreams) {
  // Credential and proxy are kept otherwise than they are given.
  json::object given;
  for (const auto& [name, value] : object.document) {
    if (name != "credential" && name != "proxy") given[name] = value;
  }
  given["credential"] = json::object{{"api_key", "stands-for-the-one-in-the-file"}};
  provider::AccountSettings account;
  if (auto applied = apply_account_fields(given, private_upstreams, account); !applied) {
    return std::unexpected(applied.error());
  }
  auto settings = read_account(row_of(object));
  if (settings && settings->credential.kind == provider::Credential::Kind::oauth2) {
    const auto url = provider::parse_upstream_url(settings->credential.oauth2.token_url);
    if (!url) return refuse_field("credential.token_url", url.error().context);
    const auto permitted = provider::permit_upstream(*url, private_upstreams);
    if (!permitted) return refuse_field("credential.token_url", permitted.error().context);
  }
  return kept(std::move(settings), account_document);
}

template <class T>
Outcome<json::object> check_plain(const PortableObject& object,
                                  Outcome<void> (*apply)(const json::object&, T&),
                                  Result<T> (*read)(const store::Object&),
                                  json::object (*document_of)(const T&)) {
  T value;
  if (auto applied = apply(object.document, value); !applied) {
    return std::unexpected(applied.error());
  }
  return kept(read(row_of(object)), document_of);
}

Outcome<json::object> check(const PortableObject& object,
                            provider::PrivateUpstreams private_upstreams) {
  switch (object.kind) {
    case store::Kind::account: return check_account(object, private_upstreams);
    case store::Kind::pool:
      return check_plain<Pool>(object, apply_pool_fields, read_pool, pool_document);
    case store::Kind::key:
      return check_plain<identity::Key>(object, apply_key_fields, read_key, key_document);
    case store::Kind::user:
      return check_plain<User>(object, apply_user_fields, read_user, user_document);
    case store::Kind::token:
      return check_plain<AdminToken>(object, apply_token_fields, read_token, token_document);
  }
  return refuse(Errc::internal, "no such kind");
}

}  // namespace

Outcome<json::object> checked_document(const PortableObject& object, std::string_view where,
                                       provider::PrivateUpstreams private_upstreams) {
  for (const std::string_view column : {"name", "owner"}) {
    if (object.document.contains(column)) {
      return refuse_field(fmt::format("{}.document.{}", where, column),
                          fmt::format("the {} \"{}\": {} stands beside its document, not in it",
                                      store::to_string(object.kind), object.name, column));
    }
  }
  auto document = check(object, private_upstreams);
  if (document) return document;
  Refusal refusal = std::move(document.error());
  refusal.message = fmt::format("the {} \"{}\": {}{}{}", store::to_string(object.kind), object.name,
                                refusal.field, refusal.field.empty() ? "" : " ", refusal.message);
  refusal.field = refusal.field.empty() ? fmt::format("{}.document", where)
                                        : fmt::format("{}.document.{}", where, refusal.field);
  return std::unexpected(std::move(refusal));
}

bool is_secret_of(store::Kind kind, std::string_view name) {
  constexpr std::array of_accounts = {secret_name::api_key, secret_name::bearer_token,
                                      secret_name::client_secret, secret_name::refresh_token,
                                      secret_name::proxy};
  constexpr std::array of_users = {password_secret, factor_secret};
  const auto in = [&](const auto& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (kind == store::Kind::account) return in(of_accounts);
  return kind == store::Kind::user && in(of_users);
}

}  // namespace sluice::admin

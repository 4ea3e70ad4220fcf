#include "admin/credential_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/value_from.hpp>

#include "base/names.hpp"
#include "provider/oauth2.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using provider::ClientAuth;
using provider::Credential;
using provider::OAuth2Credential;

constexpr std::size_t secret_bytes_max = 16 * 1024;  // it has to fit into a request head
constexpr ListBounds scopes_bounds{.count_max = 64, .bytes_max = 256};

constexpr std::array<std::string_view, 4> kind_names = {"none", "api_key", "bearer_token",
                                                        "oauth2"};
constexpr std::array<std::string_view, 3> auth_names = {"basic", "post", "none"};

/// A secret goes into a header or a form: visible ASCII. What is wrong is said without a byte of it.
void read_secret(Fields& fields, std::string_view name, Secret& out) {
  const json::value* value = fields.find(name);
  if (value == nullptr) return;
  const json::string* text = value->if_string();
  if (text == nullptr || text->empty()) {
    return fields.fault(name, "must be the secret itself, as a text that isn't empty");
  }
  if (text->size() > secret_bytes_max ||
      !std::all_of(text->begin(), text->end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
    return fields.fault(
        name, fmt::format("must be at most {} ASCII characters without blanks", secret_bytes_max));
  }
  out = Secret(std::string(*text));
}

void read_client_auth(Fields& fields, ClientAuth& out) {
  std::string text(auth_names[static_cast<std::size_t>(out)]);
  fields.text("client_auth", text, name_bytes_max, Lines::one, auth_names[0]);
  const auto* const found = std::find(auth_names.begin(), auth_names.end(), text);
  if (found == auth_names.end()) {
    return fields.fault("client_auth",
                        fmt::format("must be one of {}", fmt::join(auth_names, ", ")));
  }
  out = static_cast<ClientAuth>(found - auth_names.begin());
}

void read_oauth2_parts(Fields& fields, OAuth2Credential& oauth2) {
  fields.text("token_url", oauth2.token_url, path_bytes_max);
  fields.text("client_id", oauth2.client_id, path_bytes_max);
  fields.texts("scopes", oauth2.scopes, scopes_bounds);
  read_client_auth(fields, oauth2.client_auth);
}

void check_token_url(Fields& fields, const std::string& text,
                     provider::PrivateUpstreams private_upstreams) {
  const auto endpoint = provider::parse_token_url(text);
  if (!endpoint) return fields.fault("token_url", endpoint.error().context);
  const auto permitted = provider::permit_upstream({.tls = endpoint->origin.tls,
                                                    .host = endpoint->origin.host,
                                                    .port = endpoint->origin.port,
                                                    .path = {}},
                                                   private_upstreams);
  if (!permitted) fields.fault("token_url", permitted.error().context);
}

void read_given_oauth2(Fields& fields, provider::PrivateUpstreams private_upstreams,
                       Credential& credential, std::vector<SecretChange>& changes) {
  const bool stays = credential.kind == Credential::Kind::oauth2;
  const bool had_secret = stays && credential.oauth2.client_auth != ClientAuth::none;
  OAuth2Credential oauth2 = stays ? credential.oauth2 : OAuth2Credential();
  read_oauth2_parts(fields, oauth2);
  read_secret(fields, "client_secret", oauth2.client_secret);
  read_secret(fields, "refresh_token", oauth2.refresh_token);
  fields.refuse_unknown();
  if (oauth2.token_url.empty()) fields.fault("token_url", "is missing");
  if (fields.has("token_url") || !stays) {
    check_token_url(fields, oauth2.token_url, private_upstreams);
  }
  if (oauth2.client_id.empty()) fields.fault("client_id", "is missing");
  if (oauth2.refresh_token.empty() && !stays) fields.fault("refresh_token", "is missing");
  if (oauth2.client_auth != ClientAuth::none && oauth2.client_secret.empty() && !had_secret) {
    fields.fault("client_secret",
                 "is missing; client_auth = \"none\" is for clients that have none");
  }
  credential = {.kind = Credential::Kind::oauth2, .oauth2 = std::move(oauth2)};
  using enum ClientAuth;
  if (credential.oauth2.client_auth == none) {
    changes.push_back({secret_name::client_secret, Secret()});
  } else if (fields.has("client_secret")) {
    changes.push_back({secret_name::client_secret, credential.oauth2.client_secret});
  }
  if (fields.has("refresh_token")) {
    changes.push_back({secret_name::refresh_token, credential.oauth2.refresh_token});
  }
  changes.push_back({secret_name::access_token, Secret()});
}

/// What another kind than `kind` may have left.
void drop_others(Credential::Kind kind, std::vector<SecretChange>& changes) {
  using enum Credential::Kind;
  if (kind != api_key) changes.push_back({secret_name::api_key, Secret()});
  if (kind != bearer_token) changes.push_back({secret_name::bearer_token, Secret()});
  if (kind == oauth2) return;
  changes.push_back({secret_name::client_secret, Secret()});
  changes.push_back({secret_name::refresh_token, Secret()});
  changes.push_back({secret_name::access_token, Secret()});
}

}  // namespace

void read_given_credential(Fields& fields, provider::PrivateUpstreams private_upstreams,
                           Credential& credential, std::vector<SecretChange>& changes) {
  const auto read = [&](Fields& given) {
    using enum Credential::Kind;
    if (given.size() != 1) {
      return given.fault(
          "must be one of {\"api_key\": ...}, {\"bearer_token\": ...}, "
          "{\"oauth2\": {...}}");
    }
    Secret key;
    Secret bearer;
    read_secret(given, secret_name::api_key, key);
    read_secret(given, secret_name::bearer_token, bearer);
    given.object(
        "oauth2",
        [&](Fields& inner) { read_given_oauth2(inner, private_upstreams, credential, changes); },
        [&] { given.fault("oauth2", "must be an object: { \"token_url\": ... }"); });
    given.refuse_unknown();
    if (!key.empty()) {
      credential = {.kind = api_key, .secret = std::move(key)};
      changes.push_back({secret_name::api_key, credential.secret});
    } else if (!bearer.empty()) {
      credential = {.kind = bearer_token, .secret = std::move(bearer)};
      changes.push_back({secret_name::bearer_token, credential.secret});
    }
    drop_others(credential.kind, changes);
  };
  fields.object("credential", read, [&] {
    credential = Credential();
    drop_others(credential.kind, changes);
  });
}

void read_kept_credential(Fields& fields, Credential& credential) {
  const auto read = [&](Fields& kept) {
    std::string kind;
    kept.text("kind", kind, name_bytes_max);
    const auto* const found = std::find(kind_names.begin(), kind_names.end(), kind);
    if (found == kind_names.end()) return kept.fault("kind", "is not known");
    credential.kind = static_cast<Credential::Kind>(found - kind_names.begin());
    if (credential.kind == Credential::Kind::oauth2) read_oauth2_parts(kept, credential.oauth2);
    kept.refuse_unknown();
  };
  fields.object("credential", read, [] {});
}

json::object credential_json(const Credential& credential) {
  json::object out;
  out["kind"] = kind_names[static_cast<std::size_t>(credential.kind)];
  if (credential.kind == Credential::Kind::oauth2) {
    const OAuth2Credential& oauth2 = credential.oauth2;
    out["token_url"] = oauth2.token_url;
    out["client_id"] = oauth2.client_id;
    out["scopes"] = json::value_from(oauth2.scopes);
    out["client_auth"] = auth_names[static_cast<std::size_t>(oauth2.client_auth)];
  }
  return out;
}

}  // namespace sluice::admin

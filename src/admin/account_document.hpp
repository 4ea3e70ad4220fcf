#pragma once
/// An account as JSON: what the store keeps of it, what people and programs give and get.
///
///     {"provider": "anthropic", "base_url": "https://api.anthropic.com", "credential": {"kind": "api_key"}, "priority": 10,
///      "weight": 1, "max_concurrency": 0, "models": [], "model_map": {}, "pools": ["default"], "cooling": {}, "proxy": "",
///      "ca_file": "", "note": "", "expires": "", "limits": {...}, "budgets": {...}, "connect_timeout_ms": 0, "first_byte_timeout_ms": 0,
///      "idle_timeout_ms": 0, "active_hours": [], "time_zone": "UTC", "disabled": false}
///
/// Given   `credential` is {"api_key": "..."}, {"bearer_token": "..."} or {"oauth2": {"token_url", "client_id",
///         "client_secret", "refresh_token", "scopes", "client_auth"}}; of an oauth2 that stays one, what isn't named stays.
///         `proxy` may hold user and password.
/// Shown   {"kind": "oauth2", "token_url", "client_id", "scopes", "client_auth"}; a proxy that has a user as
///         "http://...@host:3128", which given back changes nothing.
/// Secrets stand beside the document under the names below, sealed. Pure.

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "admin/refusal.hpp"
#include "provider/account_settings.hpp"
#include "provider/upstream_url.hpp"
#include "store/objects.hpp"

namespace sluice::admin {

namespace secret_name {
inline constexpr std::string_view api_key = "api_key";
inline constexpr std::string_view bearer_token = "bearer_token";
inline constexpr std::string_view client_secret = "oauth_client_secret";
inline constexpr std::string_view refresh_token = "refresh_token";
inline constexpr std::string_view access_token = "access_token";
inline constexpr std::string_view proxy = "proxy";
}  // namespace secret_name

/// One secret that came with the fields; empty: it is to be dropped.
struct SecretChange {
  std::string_view name;
  Secret secret;
};

/// Sets what `fields` names, secrets too, and gives which of them are new. A change of the credential drops all that came of
/// the one before. Errors  invalid_request.
[[nodiscard]] Outcome<std::vector<SecretChange>> apply_account_fields(
    const boost::json::object& fields, provider::PrivateUpstreams private_upstreams,
    provider::AccountSettings& account);

/// All but the name, without a secret.
[[nodiscard]] boost::json::object account_document(const provider::AccountSettings& account);
/// Id, name and what the document says; the secrets are missing, and `proxy` is as it is shown. Errors  invalid_config.
[[nodiscard]] Result<provider::AccountSettings> read_account(const store::Object& object);

/// Which secret `hint`s of: "api_key", of oauth2 "refresh_token"; empty without a credential.
[[nodiscard]] std::string_view hinted_secret(provider::Credential::Kind kind);

}  // namespace sluice::admin

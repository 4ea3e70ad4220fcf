#include "admin/account_secrets.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "admin/account_document.hpp"
#include "admin/proxy_url.hpp"

namespace sluice::admin {
namespace {

using provider::AccountSettings;
using provider::Credential;

class Opener {
 public:
  Opener(const AccountSettings& account, const std::vector<store::SealedSecret>& sealed,
         store::SecretBox& secrets)
      : account_(account), sealed_(sealed), secrets_(secrets) {}

  Status needed(std::string_view name, Secret& out) {
    CHECK_OK(optional(name, out));
    if (!out.empty()) return {};
    return fail(
        Errc::invalid_config, Side::gateway,
        fmt::format("account \"{}\": its {} is missing; set it again", account_.name, name));
  }

  Status optional(std::string_view name, Secret& out) {
    out = Secret();
    const auto found = std::find_if(sealed_.begin(), sealed_.end(),
                                    [&](const auto& secret) { return secret.name == name; });
    if (found == sealed_.end()) return {};
    auto opened = secrets_.open(*found);
    if (!opened) {
      return fail(opened.error().code, Side::gateway,
                  fmt::format("account \"{}\": {}", account_.name, opened.error().context));
    }
    out = std::move(opened->secret);
    return {};
  }

 private:
  const AccountSettings& account_;
  const std::vector<store::SealedSecret>& sealed_;
  store::SecretBox& secrets_;
};

}  // namespace

Status place_secrets(AccountSettings& account, const std::vector<store::SealedSecret>& sealed,
                     store::SecretBox& secrets) {
  Opener opener(account, sealed, secrets);
  if (proxy_has_user(account.proxy.reveal())) {
    CHECK_OK(opener.needed(secret_name::proxy, account.proxy));
  }
  Credential& credential = account.credential;
  switch (credential.kind) {
    case Credential::Kind::none: return {};
    case Credential::Kind::api_key: return opener.needed(secret_name::api_key, credential.secret);
    case Credential::Kind::bearer_token:
      return opener.needed(secret_name::bearer_token, credential.secret);
    case Credential::Kind::oauth2:
      CHECK_OK(opener.needed(secret_name::refresh_token, credential.oauth2.refresh_token));
      if (credential.oauth2.client_auth != provider::ClientAuth::none) {
        CHECK_OK(opener.needed(secret_name::client_secret, credential.oauth2.client_secret));
      }
      return opener.optional(secret_name::access_token, credential.secret);
  }
  return {};
}

}  // namespace sluice::admin

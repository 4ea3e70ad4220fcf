#pragma once
/// The tokens of OAuth2 accounts, in the store, where all processes share them. Whoever wants to refresh takes the account's
/// lease and reads again what is there, in one transaction; what it got is written in another.
///
/// Secrets  "access_token" with its end, "refresh_token", and "refresh_token_previous" once the server has rotated.
///          Of an account of the store, "refresh_token" is what its editor gave, or what came of that; "oauth_seed" tells by
///          a hash which credential the rest came of: where it differs, somebody has edited it, and the tokens are void.
///          An account of the file has a set for each credential that any server had for it, owned by
///          "declared:NAME#HASH": servers may read the file one after the other. The first refresh token is the file's.
///          "oauth_refused" is the hash of a credential that the server refused for good.
/// Thread   any; blocks.
/// Errors   store_unavailable; invalid_config (a secret can't be opened).

#include <chrono>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "provider/oauth2.hpp"
#include "store/database.hpp"
#include "store/secret_box.hpp"

namespace sluice::app {

/// Sets `credential.secret` of all OAuth2 accounts: the access token in effect, empty where there is none (any more).
[[nodiscard]] Status fill_access_tokens(store::Database& database, store::SecretBox& secrets,
                                        std::vector<provider::AccountSettings>& accounts,
                                        WallTime now);

class StoredTokens {
 public:
  /// How long one process may be alone with an account: a call, and the store busy on both sides of it.
  static constexpr std::chrono::seconds lease_max{30};
  /// A token this young isn't refreshed because a provider refused it: that was about the one before it, or is no matter
  /// of the token.
  static constexpr std::chrono::seconds refused_age_min{60};

  StoredTokens(store::Database& database, store::SecretBox& secrets, std::string holder)
      : database_(database), secrets_(secrets), holder_(std::move(holder)) {}

  enum class Why : std::uint8_t {
    due,      // the time has come
    refused,  // a provider answered 401
  };
  struct Turn {
    enum class Kind : std::uint8_t {
      ask,           // the lease is ours: ask the server, then `keep`, `refuse` or `let_go`
      fresh,         // nothing to do before `due`
      busy,          // another process is at it
      unauthorized,  // the server has refused this credential for good
      gone,          // the account has no such credential any more
    };
    Kind kind = Kind::fresh;
    WallTime due;                     // of fresh
    std::optional<WallTime> expires;  // of the access token in effect
    provider::OAuth2Credential ask;   // of ask: with the current refresh token
    Secret previous_refresh_token;    // of ask; empty without one
    bool edited = false;              // of ask: what is stored came of another credential
  };
  /// Where the server refused the credential before `forgiven_until`, it is asked again all the same.
  [[nodiscard]] Result<Turn> take_turn(const provider::AccountSettings& account, Why why,
                                       WallTime now, Random& random, WallTime forgiven_until = {});

  /// What an ask came to. False: the credential was edited meanwhile, and nothing was written. All end the lease.
  [[nodiscard]] Result<bool> keep(const provider::AccountSettings& account, const Turn& turn,
                                  const provider::FreshAccess& fresh, WallTime expires,
                                  WallTime now);
  [[nodiscard]] Result<bool> refuse(const provider::AccountSettings& account, const Turn& turn,
                                    const std::string& reason, WallTime now);
  /// `refresh_token`: a new one that came with a failure; mostly empty.
  [[nodiscard]] Result<bool> let_go(const provider::AccountSettings& account, const Turn& turn,
                                    const Secret& refresh_token, WallTime now);

  /// Takes an access token that has ended out of the store, so that all processes stop using it. True if it was there.
  [[nodiscard]] Result<bool> drop_expired(const provider::AccountSettings& account, WallTime now);

 private:
  store::Database& database_;
  store::SecretBox& secrets_;
  const std::string holder_;
};

}  // namespace sluice::app

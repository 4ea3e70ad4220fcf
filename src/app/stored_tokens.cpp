#include "app/stored_tokens.hpp"

#include <algorithm>
#include <map>

#include "store/account_rests.hpp"
#include "store/properties.hpp"

namespace sluice::app {
namespace {

using provider::AccountSettings;
using provider::OAuth2Credential;
using std::chrono::seconds;
using store::Transaction;

constexpr std::string_view access_name = "access_token";
constexpr std::string_view refresh_name = "refresh_token";
constexpr std::string_view previous_name = "refresh_token_previous";
constexpr std::string_view secret_name = "oauth_client_secret";
constexpr std::string_view seed_name = "oauth_seed";
constexpr std::string_view refused_name = "oauth_refused";
constexpr std::string_view unauthorized = "unauthorized";
constexpr auto forgotten_after = std::chrono::days(30);

bool is_oauth2(const AccountSettings& account) {
  return account.credential.kind == provider::Credential::Kind::oauth2;
}

/// Which credential tokens came of.
std::string seed_of(const OAuth2Credential& credential) {
  std::string text;
  // With its length before it, no part can run into the next.
  const auto add = [&text](std::string_view part) {
    ((text += std::to_string(part.size())) += ':') += part;
  };
  add(credential.token_url);
  add(credential.client_id);
  add(credential.client_secret.reveal());
  add(credential.refresh_token.reveal());
  for (const std::string& scope : credential.scopes) add(scope);
  add(std::to_string(static_cast<int>(credential.client_auth)));
  const Secret whole(std::move(text));
  const Sha256 hash = sha256(whole.reveal());
  return to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

/// Whose the secrets are in the store.
std::string owner_of(const AccountSettings& account) {
  constexpr std::size_t digits = 16;
  if (!account.declared) return account.id.str();
  return account.id.str() + '#' + seed_of(account.credential.oauth2).substr(0, digits);
}

std::string lease_name(const AccountSettings& account) { return "oauth/" + owner_of(account); }

struct Tokens {
  Secret refresh_token;  // current; empty: none is stored
  OAuth2Credential seed;
  bool ours = false;  // what is stored came of `seed`
  /// To ask with.
  [[nodiscard]] OAuth2Credential credential() const {
    OAuth2Credential current = seed;
    if (ours && !refresh_token.empty()) current.refresh_token = refresh_token;
    return current;
  }
};

Result<Secret> find_secret(Transaction& transaction, store::SecretBox& secrets,
                           const AccountSettings& account, std::string_view name) {
  TRY(auto found, secrets.find(transaction, owner_of(account), name));
  return found ? std::move(found->secret) : Secret();
}

/// An account of the store has its secrets read anew: `account` may be a moment old.
Result<Tokens> read_tokens(Transaction& transaction, store::SecretBox& secrets,
                           const AccountSettings& account) {
  Tokens tokens;
  tokens.seed = account.credential.oauth2;
  TRY(tokens.refresh_token, find_secret(transaction, secrets, account, refresh_name));
  if (account.declared) {
    tokens.ours = true;
    return tokens;
  }
  tokens.seed.refresh_token = tokens.refresh_token;
  TRY(tokens.seed.client_secret, find_secret(transaction, secrets, account, secret_name));
  TRY(const Secret seed, find_secret(transaction, secrets, account, seed_name));
  tokens.ours = seed.reveal() == seed_of(tokens.seed);
  return tokens;
}

/// Whether the server has refused this very credential for good. Of an account of the store, whoever takes the mark away lets
/// it be tried again; that of the file is also another server's, which may have another credential.
Result<bool> is_refused(Transaction& transaction, store::SecretBox& secrets,
                        const AccountSettings& account, const Tokens& tokens,
                        WallTime forgiven_until) {
  const auto sealed = store::SealedSecrets(transaction).find(owner_of(account), refused_name);
  if (!sealed || sealed->updated < forgiven_until) return false;
  TRY(const Secret refused, find_secret(transaction, secrets, account, refused_name));
  if (refused.reveal() != seed_of(tokens.seed)) return false;
  if (account.declared) return true;
  const auto rests = store::AccountRests(transaction).of(account.id.str());
  return std::any_of(rests.begin(), rests.end(),
                     [](const store::AccountRest& rest) { return rest.state == unauthorized; });
}

/// Whether what `turn` asked with is still what to ask with.
bool is_still_right(const Tokens& now, const StoredTokens::Turn& turn) {
  return now.credential().refresh_token.reveal() == turn.ask.refresh_token.reveal() &&
         now.seed.client_secret.reveal() == turn.ask.client_secret.reveal();
}

/// Tokens of credentials that this account had in the file, and that no server has used for long.
void drop_forgotten(Transaction& transaction, const AccountSettings& account, WallTime now) {
  store::SealedSecrets table(transaction);
  std::map<std::string, WallTime> last_use;
  for (const store::SealedSecret& sealed : table.all()) {
    if (!sealed.owner.starts_with(account.id.str() + '#')) continue;
    WallTime& last = last_use[sealed.owner];
    last = std::max({last, sealed.updated, sealed.expires.value_or(sealed.updated)});
  }
  for (const auto& [owner, last] : last_use) {
    if (last + forgotten_after < now) table.drop_all(owner);
  }
}

Status put_refresh_token(Transaction& transaction, store::SecretBox& secrets,
                         const AccountSettings& account, const StoredTokens::Turn& turn,
                         const Secret& rotated, WallTime now) {
  const std::string owner = owner_of(account);
  if (turn.edited) {
    store::SealedSecrets(transaction).drop(owner, access_name);
    store::SealedSecrets(transaction).drop(owner, previous_name);
  }
  OAuth2Credential seed = turn.ask;
  if (!rotated.empty()) {
    CHECK_OK(secrets.put(transaction, owner, previous_name, turn.ask.refresh_token, now));
    CHECK_OK(secrets.put(transaction, owner, refresh_name, rotated, now));
    seed.refresh_token = rotated;
  }
  if (account.declared) return {};
  return secrets.put(transaction, owner, seed_name, Secret(seed_of(seed)), now);
}

}  // namespace

Status fill_access_tokens(store::Database& database, store::SecretBox& secrets,
                          std::vector<AccountSettings>& accounts, WallTime now) {
  if (std::none_of(accounts.begin(), accounts.end(), is_oauth2)) return {};
  const auto filled = database.read<bool>([&](Transaction& transaction) -> Result<bool> {
    for (AccountSettings& account : accounts) {
      if (!is_oauth2(account)) continue;
      account.credential.secret = Secret();
      // One account whose secrets can't be opened is no reason to leave out the others.
      const auto tokens = read_tokens(transaction, secrets, account);
      if (!tokens || !tokens->ours) continue;
      auto access = secrets.find(transaction, owner_of(account), access_name);
      if (!access || !*access || (*access)->expires.value_or(now) <= now) continue;
      account.credential.secret = std::move((*access)->secret);
    }
    return true;
  });
  if (!filled) return std::unexpected(filled.error());
  return {};
}

Result<StoredTokens::Turn> StoredTokens::take_turn(const AccountSettings& account, Why why,
                                                   WallTime now, Random& random,
                                                   WallTime forgiven_until) {
  return database_.write<Turn>([&](Transaction& transaction) -> Result<Turn> {
    Turn turn;
    TRY(const Tokens tokens, read_tokens(transaction, secrets_, account));
    if (tokens.seed.refresh_token.empty()) {
      turn.kind = Turn::Kind::gone;
      return turn;
    }
    const auto access = store::SealedSecrets(transaction).find(owner_of(account), access_name);
    if (tokens.ours) {
      TRY(const bool refused_for_good,
          is_refused(transaction, secrets_, account, tokens, forgiven_until));
      if (refused_for_good) {
        turn.kind = Turn::Kind::unauthorized;
        return turn;
      }
      if (access && access->expires) {
        turn.expires = access->expires;
        const auto lifetime =
            std::chrono::duration_cast<seconds>(*access->expires - access->updated);
        turn.due = provider::when_to_refresh(*access->expires, lifetime, random);
        const bool refused = why == Why::refused && access->updated + refused_age_min <= now;
        if (turn.due > now && !refused) return turn;
      }
    }
    if (!store::Leases(transaction).take(lease_name(account), holder_, now, now + lease_max)) {
      turn.kind = Turn::Kind::busy;
      return turn;
    }
    turn.kind = Turn::Kind::ask;
    turn.ask = tokens.credential();
    turn.edited = !tokens.ours;
    if (tokens.ours) {
      TRY(turn.previous_refresh_token, find_secret(transaction, secrets_, account, previous_name));
    }
    return turn;
  });
}

Result<bool> StoredTokens::keep(const AccountSettings& account, const Turn& turn,
                                const provider::FreshAccess& fresh, WallTime expires,
                                WallTime now) {
  return database_.write<bool>([&](Transaction& transaction) -> Result<bool> {
    store::Leases(transaction).release(lease_name(account), holder_);
    TRY(const Tokens tokens, read_tokens(transaction, secrets_, account));
    if (!is_still_right(tokens, turn)) return false;
    const std::string owner = owner_of(account);
    CHECK_OK(put_refresh_token(transaction, secrets_, account, turn, fresh.refresh_token, now));
    CHECK_OK(secrets_.put(transaction, owner, access_name, fresh.access_token, now, expires));
    store::SealedSecrets(transaction).drop(owner, refused_name);
    if (account.declared) drop_forgotten(transaction, account, now);
    store::AccountRests(transaction).drop_state(account.id.str(), unauthorized);
    transaction.touch();
    return true;
  });
}

Result<bool> StoredTokens::refuse(const AccountSettings& account, const Turn& turn,
                                  const std::string& reason, WallTime now) {
  return database_.write<bool>([&](Transaction& transaction) -> Result<bool> {
    store::Leases(transaction).release(lease_name(account), holder_);
    TRY(const Tokens tokens, read_tokens(transaction, secrets_, account));
    if (!is_still_right(tokens, turn)) return false;
    const std::string owner = owner_of(account);
    CHECK_OK(put_refresh_token(transaction, secrets_, account, turn, Secret(), now));
    CHECK_OK(secrets_.put(transaction, owner, refused_name, Secret(seed_of(tokens.seed)), now));
    store::SealedSecrets(transaction).drop(owner, access_name);
    store::AccountRests(transaction)
        .put({.account = account.id.str(),
              .model = "",
              .state = std::string(unauthorized),
              .rule = std::string(unauthorized),
              .reason = reason,
              .since = now,
              .until = {}});
    transaction.touch();
    return true;
  });
}

Result<bool> StoredTokens::let_go(const AccountSettings& account, const Turn& turn,
                                  const Secret& refresh_token, WallTime now) {
  return database_.write<bool>([&](Transaction& transaction) -> Result<bool> {
    store::Leases(transaction).release(lease_name(account), holder_);
    if (refresh_token.empty()) return true;
    TRY(const Tokens tokens, read_tokens(transaction, secrets_, account));
    if (!is_still_right(tokens, turn)) return false;
    CHECK_OK(put_refresh_token(transaction, secrets_, account, turn, refresh_token, now));
    return true;
  });
}

Result<bool> StoredTokens::drop_expired(const AccountSettings& account, WallTime now) {
  return database_.write<bool>([&](Transaction& transaction) -> Result<bool> {
    store::SealedSecrets table(transaction);
    const std::string owner = owner_of(account);
    const auto access = table.find(owner, access_name);
    if (!access || !access->expires || *access->expires > now) return false;
    table.drop(owner, access_name);
    transaction.touch();
    return true;
  });
}

}  // namespace sluice::app

#include "app/snapshot_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "app/account_rests.hpp"
#include "base/fast_hash.hpp"
#include "provider/account_way.hpp"
#include "provider/providers.hpp"
#include "provider/upstream_url.hpp"

namespace sluice::app {
namespace {

metrics::ProviderKind kind_of(const std::string& provider) {
  return provider == "anthropic" ? metrics::ProviderKind::anthropic
                                 : metrics::ProviderKind::anthropic_compatible;
}

relay::RelayLimits limits_of(const RelayConfig& config) {
  return {.connect_timeout = config.connect_timeout,
          .first_byte_timeout = config.first_byte_timeout,
          .idle_timeout = config.idle_timeout,
          .total_timeout = config.total_timeout,
          .keepalive = config.keepalive,
          .early_head = config.early_head,
          .queue_timeout = config.queue_timeout,
          .drain_limit = config.drain_limit,
          .max_attempts = config.max_attempts,
          .on_client_gone = config.on_client_gone == OnClientGone::drain
                                ? relay::ClientGone::drain
                                : relay::ClientGone::cancel};
}

provider::Timeouts timeouts_of(const RelayConfig& config) {
  return {.connect = config.connect_timeout,
          .first_byte = config.first_byte_timeout,
          .idle = config.idle_timeout};
}

Result<provider::Upstream> upstream_of(const provider::AccountSettings& account,
                                       const RelayConfig& config) {
  TRY(const provider::UpstreamUrl url, provider::parse_upstream_url(account.base_url));
  provider::Upstream upstream;
  TRY(upstream.origin, provider::origin_of(url, account));
  upstream.timeouts = provider::timeouts_of(account, timeouts_of(config));
  upstream.base_path = url.path;
  upstream.credential = account.credential.secret;
  switch (account.credential.kind) {
    case provider::Credential::Kind::none: upstream.sign_in = provider::SignIn::none; break;
    case provider::Credential::Kind::api_key: upstream.sign_in = provider::SignIn::x_api_key; break;
    case provider::Credential::Kind::oauth2: upstream.refreshable = true; [[fallthrough]];
    case provider::Credential::Kind::bearer_token:
      upstream.sign_in = provider::SignIn::bearer;
      break;
  }
  return upstream;
}

/// Adds accounts to a snapshot, one by one.
class AccountBuilder {
 public:
  AccountBuilder(const RelayConfig& config, relay::Snapshot& snapshot,
                 http::TlsContexts& tls_contexts, RuntimeStates& states, WallTime now)
      : config_(config),
        snapshot_(snapshot),
        tls_contexts_(tls_contexts),
        states_(states),
        now_(now) {}

  Status add(const provider::AccountSettings& settings) {
    const provider::ProviderSpec* spec = provider::find_provider(settings.provider);
    if (settings.disabled || spec == nullptr || !spec->served) return {};
    if (settings.expires) {
      if (*settings.expires <= now_) return {};
      first_end_ = std::min(first_end_, *settings.expires);
    }
    // Comes into the next snapshot, with its first access token.
    using Kind = provider::Credential::Kind;
    if (settings.credential.kind == Kind::oauth2 && settings.credential.secret.empty()) return {};
    if (!names_.insert(settings.name).second) {
      return fail(Errc::invalid_config, Side::gateway,
                  fmt::format("account \"{}\" is declared in the file as well; rename one of them",
                              settings.name));
    }
    TRY(auto upstream, upstream_of(settings, config_));
    // A certificate authority that can't be read shall be told of now, not at the first request.
    TRY(const auto target, tls_contexts_.target(upstream.origin));
    routing::Account account;
    account.id = settings.id;
    account.name = settings.name;
    account.dialect = "anthropic";
    account.priority = settings.priority;
    account.weight = settings.weight;
    account.max_concurrency = settings.max_concurrency;
    account.models = settings.models;
    account.model_map = settings.model_map;
    account.pools = settings.pools;
    account.rests = settings.cooling;
    account.state = states_.account(settings.id, settings.name);
    states_.sign_in_with(settings);
    accounts_.push_back(std::move(account));
    snapshot_.upstreams.push_back(std::move(upstream));
    snapshot_.provider_kinds.push_back(kind_of(settings.provider));
    return {};
  }
  /// When the first of them ends.
  [[nodiscard]] WallTime first_end() const { return first_end_; }
  [[nodiscard]] routing::AccountPool finish() { return {std::move(accounts_), states_.memory()}; }

 private:
  const RelayConfig& config_;
  relay::Snapshot& snapshot_;
  http::TlsContexts& tls_contexts_;
  RuntimeStates& states_;
  WallTime now_;
  WallTime first_end_ = WallTime::max();
  std::set<std::string> names_;
  std::vector<routing::Account> accounts_;
};

/// The file's keys and those of the store that don't clash with them.
std::vector<identity::Key> keys_of(const Config& config, const admin::Entities& entities,
                                   std::vector<std::string>& left_out) {
  std::vector<identity::Key> keys = config.keys;
  std::set<std::string> names;
  std::set<Sha256> hashes;
  for (const identity::Key& key : keys) {
    names.insert(key.name);
    hashes.insert(key.hash);
  }
  keys.reserve(keys.size() + entities.keys.size());
  for (const identity::Key& key : entities.keys) {
    if (names.contains(key.name)) {
      left_out.push_back(
          fmt::format("key \"{}\" is declared in the file as well; rename one of them", key.name));
    } else if (hashes.contains(key.hash)) {
      left_out.push_back(fmt::format("key \"{}\" has the secret of one in the file", key.name));
    } else {
      keys.push_back(key);
      std::erase_if(keys.back().previous, [&](const identity::PreviousSecret& previous) {
        return hashes.contains(previous.hash);
      });
    }
  }
  return keys;
}

/// An account of the file has no other way to be tried again with another credential than a start.
bool outlives_a_start(const store::AccountRest& rest) {
  constexpr std::string_view declared = "declared:";
  return rest.until || !rest.account.starts_with(declared);
}

}  // namespace

std::shared_ptr<routing::AccountState> RuntimeStates::account(const AccountId& id,
                                                              const std::string& name) {
  Entry& entry = accounts_[id];
  if (entry.state) return entry.state;
  entry.state = std::make_shared<routing::AccountState>(id, name, line_, events_);
  for (const store::AccountRest& stored : rests_) {
    if (stored.account != id.str() || !outlives_a_start(stored)) continue;
    if (const auto rest = routing_rest(stored)) entry.state->health.recall(at_, *rest);
  }
  return entry.state;
}

void RuntimeStates::know(const admin::Entities& entities, routing::Moment at) {
  at_ = at;
  rests_ = entities.rests;
  for (const auto& [id, number] : entities.lifts) {
    const auto known = lifts_.find(id);
    const bool is_new = knows_lifts_ && (known == lifts_.end() || known->second != number);
    const auto account = accounts_.find(AccountId(id));
    if (is_new && account != accounts_.end()) account->second.state->lift(at, "lifted");
  }
  lifts_ = entities.lifts;
  knows_lifts_ = true;
}

void RuntimeStates::sign_in_with(const provider::AccountSettings& account) {
  const auto found = accounts_.find(account.id);
  if (found == accounts_.end()) return;
  Entry& entry = found->second;
  const Sha256 credential = sha256(account.credential.secret.reveal());
  const bool changed = entry.credential && *entry.credential != credential;
  entry.credential = credential;
  entry.state->credential.store(fast_hash(account.credential.secret.reveal()),
                                std::memory_order_relaxed);
  if (!changed) return;
  // A new access token is another credential, but not another account: what blocked that one still does.
  const bool is_token = account.credential.kind == provider::Credential::Kind::oauth2;
  const routing::Condition condition = entry.state->health.report(at_).condition;
  if (condition == routing::Condition::unauthorized ||
      (condition == routing::Condition::blocked && !is_token)) {
    entry.state->lift(at_, "another credential");
  }
}

std::shared_ptr<relay::KeyState> RuntimeStates::key(const KeyId& id) {
  auto& state = keys_[id];
  if (!state) state = std::make_shared<relay::KeyState>(line_, id);
  return state;
}

void RuntimeStates::prune() {
  std::erase_if(accounts_,
                [](const auto& account) { return account.second.state.use_count() == 1; });
  std::erase_if(keys_, [](const auto& key) { return key.second.use_count() == 1; });
}

Result<BuiltSnapshot> build_snapshot(const Config& config, const admin::Entities& entities,
                                     http::TlsContexts& tls_contexts, RuntimeStates& states,
                                     WallTime now) {
  BuiltSnapshot built;
  auto snapshot = std::make_shared<relay::Snapshot>();
  AccountBuilder accounts(config.relay, *snapshot, tls_contexts, states, now);
  for (const provider::AccountSettings& declared : config.accounts) {
    CHECK_OK(accounts.add(declared));
  }
  for (const provider::AccountSettings& stored : entities.accounts) {
    const Status added = accounts.add(stored);
    if (!added) built.left_out.push_back(added.error().context);
  }
  built.valid_until = accounts.first_end();
  snapshot->accounts = accounts.finish();
  TRY(snapshot->keys, identity::KeyDirectory::build(keys_of(config, entities, built.left_out),
                                                    entities.key_suffixes));
  for (const identity::Key& key : snapshot->keys.keys()) {
    auto state = states.key(key.id);
    if (key.expiry.first_used) state->know_first_use(*key.expiry.first_used);
    snapshot->key_states.push_back(std::move(state));
    snapshot->key_routes.push_back(snapshot->accounts.route(key.pools, key.accounts));
  }
  snapshot->limits = limits_of(config.relay);
  snapshot->trusted_proxies = config.server.trusted_proxies;
  built.snapshot = std::move(snapshot);
  return built;
}

}  // namespace sluice::app

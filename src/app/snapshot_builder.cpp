#include "app/snapshot_builder.hpp"

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
          .on_client_gone = config.on_client_gone == OnClientGone::drain
                                ? relay::ClientGone::drain
                                : relay::ClientGone::cancel};
}

Result<provider::Upstream> upstream_of(const provider::AccountSettings& account) {
  TRY(const provider::UpstreamUrl url, provider::parse_upstream_url(account.base_url));
  provider::Upstream upstream;
  upstream.origin = {
      .tls = url.tls, .host = url.host, .port = url.port, .ca_file = account.ca_file};
  upstream.base_path = url.path;
  upstream.credential = account.credential.secret;
  switch (account.credential.kind) {
    case provider::Credential::Kind::none: upstream.sign_in = provider::SignIn::none; break;
    case provider::Credential::Kind::api_key: upstream.sign_in = provider::SignIn::x_api_key; break;
    case provider::Credential::Kind::oauth2:
    case provider::Credential::Kind::bearer_token:
      upstream.sign_in = provider::SignIn::bearer;
      break;
  }
  return upstream;
}

}  // namespace

std::shared_ptr<routing::AccountState> RuntimeStates::account(const std::string& name) {
  auto& state = accounts_[name];
  if (!state) state = std::make_shared<routing::AccountState>(line_);
  return state;
}

std::shared_ptr<relay::KeyState> RuntimeStates::key(const std::string& name) {
  auto& state = keys_[name];
  if (!state) state = std::make_shared<relay::KeyState>(line_);
  return state;
}

Result<std::shared_ptr<const relay::Snapshot>> build_snapshot(const Config& config,
                                                              RuntimeStates& states) {
  auto snapshot = std::make_shared<relay::Snapshot>();
  TRY(snapshot->keys, identity::KeyDirectory::build(config.keys));
  for (const identity::Key& key : snapshot->keys.keys()) {
    snapshot->key_states.push_back(states.key(key.name));
  }
  std::vector<routing::Account> accounts;
  for (const provider::AccountSettings& declared : config.accounts) {
    const provider::ProviderSpec* spec = provider::find_provider(declared.provider);
    if (declared.disabled || spec == nullptr || !spec->served) continue;
    // Comes into the next snapshot, with its first access token.
    using Kind = provider::Credential::Kind;
    if (declared.credential.kind == Kind::oauth2 && declared.credential.secret.empty()) continue;
    if (!declared.proxy.empty()) {
      // Going there directly instead would be worse than not at all.
      return fail(Errc::invalid_config, Side::gateway,
                  "account \"" + declared.name +
                      "\": this version does not reach providers through a proxy yet; remove "
                      "`proxy`, or disable the account");
    }
    TRY(auto upstream, upstream_of(declared));
    routing::Account account;
    account.id = AccountId(declared.name);
    account.name = declared.name;
    account.dialect = "anthropic";
    account.priority = declared.priority;
    account.weight = declared.weight;
    account.max_concurrency = declared.max_concurrency;
    account.models = declared.models;
    account.model_map = declared.model_map;
    account.pools = declared.pools;
    account.state = states.account(declared.name);
    accounts.push_back(std::move(account));
    snapshot->upstreams.push_back(std::move(upstream));
    snapshot->provider_kinds.push_back(kind_of(declared.provider));
  }
  snapshot->accounts = routing::AccountPool(std::move(accounts));
  for (const identity::Key& key : snapshot->keys.keys()) {
    snapshot->key_routes.push_back(snapshot->accounts.route(key.pools));
  }
  snapshot->limits = limits_of(config.relay);
  snapshot->trusted_proxies = config.server.trusted_proxies;
  return snapshot;
}

}  // namespace sluice::app

#include "app/token_keeper.hpp"

#include "base/log.hpp"
#include "provider/account_way.hpp"

namespace sluice::app {
namespace {

using provider::AccountSettings;
using provider::OAuth2Credential;
using provider::RefreshFailure;

bool is_kept(const AccountSettings& account) {
  return account.credential.kind == provider::Credential::Kind::oauth2 && !account.disabled;
}

bool same(const OAuth2Credential& a, const OAuth2Credential& b) {
  return a.token_url == b.token_url && a.client_id == b.client_id && a.scopes == b.scopes &&
         a.client_auth == b.client_auth && a.client_secret.reveal() == b.client_secret.reveal() &&
         a.refresh_token.reveal() == b.refresh_token.reveal();
}

RefreshFailure failed(RefreshFailure::Kind kind, std::string reason) {
  RefreshFailure failure;
  failure.kind = kind;
  failure.reason = std::move(reason);
  return failure;
}

}  // namespace

void TokenKeeper::look_again(Entry& entry) {
  entry.due = {};
  entry.not_before = {};
  entry.failures = 0;
  entry.unauthorized = false;
}

void TokenKeeper::use(std::vector<KeptAccount> accounts) {
  std::map<std::string, std::shared_ptr<Entry>> entries;
  for (KeptAccount& kept : accounts) {
    if (!is_kept(kept.settings)) continue;
    const std::string id = kept.settings.id.str();
    const auto found = entries_.find(id);
    const bool is_new = found == entries_.end();
    std::shared_ptr<Entry> entry = is_new ? std::make_shared<Entry>() : found->second;
    const bool changed =
        !is_new && (!same(entry->account.credential.oauth2, kept.settings.credential.oauth2) ||
                    entry->account.ca_file != kept.settings.ca_file ||
                    entry->account.proxy.reveal() != kept.settings.proxy.reveal());
    entry->changed = entry->changed || changed;
    const bool forgiven = is_new || changed || kept.lifts != entry->lifts;
    if (forgiven && kept.settings.declared) entry->forgiven_until = loop_.wall_now();
    entry->lifts = kept.lifts;
    entry->account = std::move(kept.settings);
    entry->state = std::move(kept.state);
    // Whoever cleared an account's mark says so by a change of the store.
    if (changed || entry->unauthorized) look_again(*entry);
    entries[id] = std::move(entry);
  }
  entries_ = std::move(entries);
}

void TokenKeeper::ask_soon(const AccountId& account) {
  const auto found = entries_.find(account.str());
  if (found != entries_.end()) found->second->refused = true;
}

void TokenKeeper::tick() {
  if (finishing_) return;
  for (const auto& [id, entry] : entries_) {
    if (entry->state && entry->state->wants_refresh.exchange(false)) entry->refused = true;
    drop_expired(*entry);
    if (entry->running || entry->unauthorized || loop_.now() < entry->not_before) continue;
    if (loop_.wall_now() < entry->due && !entry->refused) continue;
    if (tasks_.size() >= asks_max) break;
    tasks_.start(run(entry));
  }
}

void TokenKeeper::tell(Entry& entry, const AccountSettings& account, bool unauthorized,
                       const std::string& reason) {
  using routing::Condition;
  if (unauthorized == entry.told) return;
  entry.told = unauthorized;
  if (!on_state) return;
  const Condition before = unauthorized ? Condition::ready : Condition::unauthorized;
  const Condition now = unauthorized ? Condition::unauthorized : Condition::ready;
  on_state(account, before, now, reason);
}

void TokenKeeper::drop_expired(Entry& entry) {
  if (!entry.expires || *entry.expires > loop_.wall_now() || entry.running) return;
  const auto dropped = tokens_.drop_expired(entry.account, loop_.wall_now());
  if (!dropped) return;  // the next tick tries again
  entry.expires.reset();
  if (*dropped) {
    log::error("token.expired account={} reason=\"it could not be refreshed in time\"",
               log::quoted(entry.account.name));
  }
}

net::Task<void> TokenKeeper::run(std::shared_ptr<Entry> entry) {
  AccountSettings account = entry->account;
  entry->running = true;
  entry->changed = false;
  co_await take_turn(*entry, account);
  entry->running = false;
  if (entry->changed) look_again(*entry);
}

net::Task<void> TokenKeeper::take_turn(Entry& entry, AccountSettings& account) {
  const auto why = entry.refused ? StoredTokens::Why::refused : StoredTokens::Why::due;
  auto turn = tokens_.take_turn(account, why, loop_.wall_now(), random_, entry.forgiven_until);
  if (!turn) {
    RefreshFailure failure = failed(RefreshFailure::Kind::try_again, turn.error().context);
    postpone(entry, failure);
    co_return;
  }
  if (turn->kind != Turn::Kind::busy) entry.forgiven_until = {};
  entry.refused = entry.refused && turn->kind == Turn::Kind::busy;
  entry.expires = turn->expires;
  switch (turn->kind) {
    case Turn::Kind::fresh:
      entry.due = turn->due;
      entry.failures = 0;
      break;
    case Turn::Kind::busy: entry.not_before = loop_.now() + busy_wait; break;
    case Turn::Kind::unauthorized: entry.unauthorized = true; break;
    case Turn::Kind::gone: entry.due = WallTime::max(); break;
    case Turn::Kind::ask: co_await ask(entry, account, *turn); break;
  }
}

net::Task<void> TokenKeeper::ask(Entry& entry, AccountSettings& account, Turn& turn) {
  Answer answer = co_await ask_server(account, turn.ask);
  const auto is_refused = [&answer] {
    return !answer && answer.error().kind == RefreshFailure::Kind::refused;
  };
  if (is_refused() && answer.error().bad_grant() && !turn.previous_refresh_token.empty() &&
      !finishing_) {
    // A rotation that the server took back, or told us of and then forgot: the one before may still be good.
    OAuth2Credential previous = turn.ask;
    previous.refresh_token = turn.previous_refresh_token;
    Answer second = co_await ask_server(account, previous);
    if (second && second->refresh_token.empty()) second->refresh_token = previous.refresh_token;
    if (second || second.error().kind == RefreshFailure::Kind::try_again) {
      answer = std::move(second);
    }
  }
  const WallTime now = loop_.wall_now();
  const std::string name = log::quoted(account.name);
  std::function<Result<bool>()> write_down;
  if (answer) {
    const auto lifetime = answer->lifetime.value_or(provider::lifetime_assumed);
    const WallTime expires = now + lifetime;
    write_down = [&] { return tokens_.keep(account, turn, *answer, expires, now); };
    if (!co_await write(account.name, write_down)) co_return look_again(entry);
    log::info("token.refreshed account={} lifetime_s={} rotated={} failures={}", name,
              lifetime.count(), !answer->refresh_token.empty(), entry.failures);
    entry.failures = 0;
    entry.expires = expires;
    entry.due = provider::when_to_refresh(expires, lifetime, random_);
    tell(entry, account, false, {});
  } else if (is_refused()) {
    const std::string reason = answer.error().reason;
    write_down = [&] { return tokens_.refuse(account, turn, reason, now); };
    if (!co_await write(account.name, write_down)) co_return look_again(entry);
    entry.unauthorized = true;
    entry.expires.reset();
    log::error("account.unauthorized account={} reason={} action=\"correct its credential\"", name,
               log::quoted(reason));
    tell(entry, account, true, reason);
  } else {
    const Secret rotated = answer.error().refresh_token;
    write_down = [&] { return tokens_.let_go(account, turn, rotated, now); };
    // Without a new token nothing is lost when the store doesn't hear of it: the lease ends by itself.
    if (rotated.empty()) {
      static_cast<void>(write_down());
    } else if (!co_await write(account.name, write_down)) {
      co_return look_again(entry);
    }
    postpone(entry, answer.error());
  }
}

net::Task<TokenKeeper::Answer> TokenKeeper::ask_server(AccountSettings& account,
                                                       OAuth2Credential& credential) {
  auto endpoint = provider::parse_token_url(credential.token_url);
  if (!endpoint) {
    co_return std::unexpected(
        failed(RefreshFailure::Kind::refused, "token_url: " + endpoint.error().context));
  }
  if (const Status led = provider::lead(endpoint->origin, account); !led) {
    co_return std::unexpected(failed(RefreshFailure::Kind::refused, led.error().context));
  }
  provider::RefreshRequest request = provider::refresh_request(*endpoint, credential);
  ControlCall call;
  call.origin = endpoint->origin;
  call.head = std::move(request.head);
  call.body = std::move(request.body);
  call.body_bytes_max = provider::token_answer_bytes_max;
  const auto answer = co_await call_(std::move(call));
  if (!answer) {
    co_return std::unexpected(failed(RefreshFailure::Kind::try_again, answer.error().context));
  }
  const provider::TokenAnswer told{.status = answer->status,
                                   .retry_after = answer->retry_after,
                                   .body = answer->body.reveal(),
                                   .received = loop_.wall_now()};
  co_return provider::read_token_answer(told, credential);
}

net::Task<bool> TokenKeeper::write(std::string& account, std::function<Result<bool>()>& write) {
  net::Timer timer;
  bool told = false;
  for (;;) {
    const auto written = write();
    if (written) {
      if (!*written)
        log::info("token.dropped account={} reason=\"its credential was edited\"",
                  log::quoted(account));
      co_return *written;
    }
    if (!told) {
      log::error("token.unwritten account={} reason={}", log::quoted(account),
                 log::quoted(written.error().context));
    }
    told = true;
    const net::WaitFor what{.deadline = loop_.now() + store_wait};
    co_await net::Wait(loop_, timer, what);
  }
}

void TokenKeeper::postpone(Entry& entry, const RefreshFailure& failure) {
  ++entry.failures;
  const Milliseconds delay = provider::refresh_delay(entry.failures, failure.retry_after, random_);
  entry.not_before = loop_.now() + delay;
  entry.due = {};
  log::warn("token.postponed account={} failures={} again_in_ms={} reason={}",
            log::quoted(entry.account.name), entry.failures, delay.count(),
            log::quoted(failure.reason));
}

}  // namespace sluice::app

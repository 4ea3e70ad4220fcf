#include "app/control_loop.hpp"

#include "base/log.hpp"
#include "base/ulid.hpp"

namespace sluice::app {

ControlLoop::ControlLoop(const Parts& parts)
    : loop_(parts.clock),
      random_(SeededRandom::from_system()),
      dialer_(parts.resolver, parts.rule),
      client_(loop_, dialer_, parts.tls_contexts),
      node_{.id = std::string(Ulid::make(parts.clock.wall_now(), random_).str()),
            .name = parts.node_name},
      tokens_(parts.database, parts.secrets, node_.id),
      keeper_(loop_, tokens_, random_,
              [this](ControlCall call) { return client_.call(std::move(call)); }),
      sender_(loop_, random_, [this](ControlCall call) { return client_.call(std::move(call)); }),
      watch_(parts.database, parts.events, random_, node_,
             [this](Alert alert) { sender_.tell(std::move(alert)); }) {
  loop_.on_tick = [this] { on_tick(); };
  keeper_.on_state = [this](const provider::AccountSettings& account, routing::Condition before,
                            routing::Condition now, const std::string& reason) {
    on_token_state(account, before, now, reason);
  };
}

void ControlLoop::start() {
  thread_ = std::thread([this] {
    log::batch_this_thread();
    loop_.run();
    log::flush_thread();
  });
}

void ControlLoop::stop() {
  if (!thread_.joinable()) return;
  loop_.post([this] { finish(); });
  thread_.join();
}

void ControlLoop::finish() {
  keeper_.finish();
  watch_.look(moment());
  sender_.finish();
  watch_.leave();
  stop_at_ = loop_.now() + finish_max;
}

void ControlLoop::use(std::vector<KeptAccount> accounts) {
  // A function that is posted must be one that can be copied.
  const auto shared = std::make_shared<std::vector<KeptAccount>>(std::move(accounts));
  loop_.post([this, shared] {
    keeper_.use(std::move(*shared));
    keeper_.tick();
  });
}

void ControlLoop::watch(std::vector<WatchedAccount> accounts,
                        std::vector<store::AccountRest> remembered) {
  const auto shared = std::make_shared<std::vector<WatchedAccount>>(std::move(accounts));
  loop_.post([this, shared, remembered = std::move(remembered)] {
    watch_.use(std::move(*shared), remembered);
  });
}

void ControlLoop::use_webhooks(std::vector<WebhookConfig> webhooks) {
  const auto shared = std::make_shared<std::vector<WebhookConfig>>(std::move(webhooks));
  loop_.post([this, shared] { sender_.use(std::move(*shared)); });
}

void ControlLoop::on_token_state(const provider::AccountSettings& account,
                                 routing::Condition before, routing::Condition now,
                                 const std::string& reason) {
  const WallTime at = loop_.wall_now();
  watch_.alert({.account = account.id,
                .account_name = account.name,
                .before = before,
                .now = {.model = {},
                        .condition = now,
                        .rule = routing::RestRule::unauthorized,
                        .reason = reason,
                        .since = at},
                .alert = now != routing::Condition::ready,
                .at = at});
}

void ControlLoop::ask_soon(AccountId account) {
  loop_.post([this, account = std::move(account)] {
    keeper_.ask_soon(account);
    keeper_.tick();
  });
}

void ControlLoop::on_tick() {
  log::flush_thread();
  const bool idle = keeper_.idle() && sender_.idle();
  if (stop_at_) {
    if (idle || loop_.now() >= *stop_at_) loop_.stop();
    return;
  }
  ++ticks_;
  if (ticks_ % ticks_a_watch == 0) {
    watch_.look(moment());
    sender_.tick();
  }
  if (ticks_ % ticks_a_look == 0) keeper_.tick();
}

}  // namespace sluice::app

#include "app/control_loop.hpp"

#include "base/log.hpp"
#include "base/ulid.hpp"

namespace sluice::app {

ControlLoop::ControlLoop(const Parts& parts)
    : loop_(parts.clock),
      random_(SeededRandom::from_system()),
      dialer_(parts.resolver, parts.rule),
      client_(loop_, dialer_, parts.tls_contexts),
      tokens_(parts.database, parts.secrets,
              std::string(Ulid::make(parts.clock.wall_now(), random_).str())),
      keeper_(loop_, tokens_, random_,
              [this](ControlCall call) { return client_.call(std::move(call)); }) {
  loop_.on_tick = [this] { on_tick(); };
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
  loop_.post([this] {
    keeper_.finish();
    stop_at_ = loop_.now() + finish_max;
  });
  thread_.join();
}

void ControlLoop::use(std::vector<KeptAccount> accounts) {
  // A function that is posted must be one that can be copied.
  const auto shared = std::make_shared<std::vector<KeptAccount>>(std::move(accounts));
  loop_.post([this, shared] {
    keeper_.use(std::move(*shared));
    keeper_.tick();
  });
}

void ControlLoop::ask_soon(AccountId account) {
  loop_.post([this, account = std::move(account)] {
    keeper_.ask_soon(account);
    keeper_.tick();
  });
}

void ControlLoop::on_tick() {
  log::flush_thread();
  if (stop_at_ && (keeper_.idle() || loop_.now() >= *stop_at_)) loop_.stop();
  if (++ticks_ < ticks_a_look) return;
  ticks_ = 0;
  keeper_.tick();
}

}  // namespace sluice::app

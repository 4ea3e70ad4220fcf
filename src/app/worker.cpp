#include "app/worker.hpp"

#include "base/log.hpp"

namespace sluice::app {

Worker::Worker(const Shared& shared, metrics::ThreadMetrics& metrics, Front::Scrape scrape,
               Front::Serves serves, const Settings& settings)
    : random_(SeededRandom::from_system()),
      loop_(shared.clock),
      dialer_(shared.resolver, shared.rule),
      connections_(loop_, dialer_, shared.tls_contexts),
      relay_({loop_, shared.clock, random_, connections_, shared.budget, metrics, shared.line},
             shared.anthropic, shared.counts.draining),
      front_(serves, relay_, loop_, shared.blocking, shared.admin, shared.counts, scrape),
      operators_front_(Front::Serves::operators, relay_, loop_, shared.blocking, shared.admin,
                       shared.counts, scrape),
      server_(loop_, random_, front_, shared.budget, shared.counts, settings.limits),
      shared_(shared) {
  apply(settings);
  loop_.on_tick = [this] { on_tick(); };
}

Worker::~Worker() { stop(); }

void Worker::apply(const Settings& settings) {
  relay_.use(settings.snapshot);
  front_.use(settings.front);
  operators_front_.use(settings.front);
  limits_ = settings.limits;
  tls_ = settings.tls;
  server_.set_limits(limits_);
  server_.set_tls(tls_);
  if (operators_) {
    operators_->set_limits(limits_);
    operators_->set_tls(tls_);
  }
}

Status Worker::listen(const net::Address& address) { return server_.listen(address, tls_); }

Status Worker::listen_for_operators(const net::Address& address) {
  operators_.emplace(loop_, random_, operators_front_, shared_.budget, shared_.counts, limits_);
  return operators_->listen(address, tls_);
}

void Worker::start() {
  thread_ = std::thread([this] {
    log::batch_this_thread();
    loop_.run();
    // What belongs to the loop is torn down on its thread.
    server_.stop_listening();
    server_.close_all();
    if (operators_) {
      operators_->stop_listening();
      operators_->close_all();
    }
    log::flush_thread();
  });
}

void Worker::use(Settings settings) {
  loop_.post([this, settings = std::move(settings)] { apply(settings); });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

void Worker::on_tick() {
  log::flush_thread();
  if (++ticks_ < ticks_a_sweep) return;
  ticks_ = 0;
  connections_.sweep();
  idle_connections_.store(connections_.idle(), std::memory_order_relaxed);
  active_connections_.store(connections_.active(), std::memory_order_relaxed);
}

}  // namespace sluice::app

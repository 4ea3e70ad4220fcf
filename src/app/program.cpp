#include "app/program.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "app/metrics_text.hpp"
#include "app/stored_tokens.hpp"
#include "app/version.hpp"
#include "base/log.hpp"
#include "provider/account_way.hpp"

namespace sluice::app {
namespace {

constexpr std::size_t blocking_threads = 4;
constexpr std::size_t lookup_threads = 16;  // names that may hang at once before others wait
constexpr rlim_t descriptors_spared = 64;   // files, listeners, the loops' own

std::size_t buffered_bytes_max(const ServerConfig& config) {
  if (config.max_buffered_bytes != 0) return config.max_buffered_bytes;
  struct sysinfo info{};
  if (::sysinfo(&info) != 0) return std::size_t{1} << 30U;
  return static_cast<std::size_t>(info.totalram) * info.mem_unit / 4;
}

std::size_t thread_count(const ServerConfig& config) {
  if (config.threads > 0) return static_cast<std::size_t>(config.threads);
  return std::max(1U, std::thread::hardware_concurrency());
}

/// Raises the limit of descriptors towards what `wanted` connections take, two each when relayed; gives how many it
/// carries. Past the hard limit only where we may raise that too.
std::size_t connections_carried(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return descriptors_spared / 2;
  const rlim_t needed = 2 * wanted + descriptors_spared;
  limit.rlim_cur = std::max(limit.rlim_cur, needed);
  limit.rlim_max = std::max(limit.rlim_max, needed);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur <= 2 * descriptors_spared) return descriptors_spared / 2;
  return static_cast<std::size_t>(limit.rlim_cur - descriptors_spared) / 2;
}

/// With SO_REUSEPORT a second server of the same user would share the port unnoticed: so it is claimed alone first.
Status claim(const net::Address& address) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd >= 0) ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool free = fd >= 0 && ::bind(fd, address.raw(), address.length) == 0;
  const std::string why = free ? "" : std::strerror(errno);
  if (fd >= 0) ::close(fd);
  if (free) return {};
  return fail(Errc::io, Side::gateway,
              "cannot listen on " + address.text() + ": " + why +
                  "; stop what listens there, or choose another address with --listen");
}

std::string node_name(const ClusterConfig& cluster) {
  if (!cluster.node_name.empty()) return cluster.node_name;
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

metrics::AccountState metric_state(routing::Condition condition) {
  switch (condition) {
    case routing::Condition::ready: return metrics::AccountState::ready;
    case routing::Condition::cooling: return metrics::AccountState::cooling;
    case routing::Condition::unauthorized: return metrics::AccountState::unauthorized;
    case routing::Condition::blocked: return metrics::AccountState::blocked;
  }
  return metrics::AccountState::ready;
}

}  // namespace

Program::Program(Config config)
    : config_(std::move(config)),
      states_(line_),
      blocking_(blocking_threads),
      lookups_(lookup_threads),
      private_upstreams_(config_.security.allow_private_upstreams),
      resolver_(clock_, lookups_),
      budget_(buffered_bytes_max(config_.server)) {}

Program::~Program() {
  for (const auto& worker : workers_) worker->stop();
  // Before the threads that answer its look-ups: it waits for what it began.
  if (control_) control_->stop();
  // What still runs there posts to the workers' loops, and a scrape reads the workers.
  blocking_.stop();
  lookups_.stop();
  if (admin_) admin_->stop();
}

Result<Settings> Program::settings_of(const Config& config) {
  Settings settings;
  Config filled = config;
  const Status tokens =
      fill_access_tokens(store_->database(), store_->secrets(), filled.accounts, clock_.wall_now());
  if (!tokens) log::warn("tokens.unread reason={}", log::quoted(tokens.error().context));
  states_.know(*store_->entities(), moment());
  TRY(auto built,
      build_snapshot(filled, *store_->entities(), tls_contexts_, states_, clock_.wall_now()));
  for (const std::string& reason : built.left_out) {
    log::warn("store.left_out reason={}", log::quoted(reason));
  }
  settings.snapshot = std::move(built.snapshot);
  snapshot_until_ = built.valid_until;
  auto front = std::make_shared<FrontSettings>();
  front->metrics_enabled = config.metrics.enabled;
  front->metrics_token = config.metrics.token;
  front->cors_origins = config.server.cors_origins;
  front->trusted_proxies = config.server.trusted_proxies;
  settings.front = std::move(front);
  const ServerConfig& server = config.server;
  const std::size_t carried = connections_carried(server.max_connections);
  if (server.max_connections > carried) {
    log::warn("server.clipped max_connections={} to={} reason=\"RLIMIT_NOFILE; raise it\"",
              server.max_connections, carried);
  }
  settings.limits.head = {.bytes_max = server.max_header_bytes,
                          .count_max = server.max_header_count};
  settings.limits.body_bytes_max = server.max_body_bytes;
  settings.limits.connections_max = std::min(server.max_connections, carried);
  settings.limits.header_timeout = server.header_timeout;
  settings.limits.body_idle_timeout = server.body_idle_timeout;
  settings.limits.write_stall_timeout = server.write_stall_timeout;
  settings.limits.keepalive_idle = server.keepalive_idle;
  settings.limits.tls_handshake_timeout = server.tls_handshake_timeout;
  if (!server.tls_certificate.empty()) {
    TRY(settings.tls, net::TlsServerContext::load(server.tls_certificate, server.tls_key));
  }
  return settings;
}

Status Program::start() {
  TRY(store_, StoreLink::open(config_, clock_));
  store_->keep_pins({states_.memory(), &states_.memory()->pins});
  TRY(const Settings settings, settings_of(config_));
  use(settings);
  admin_ = std::make_unique<AdminHost>(store_->database(), store_->secrets(), clock_, config_,
                                       [this] { return health(); });
  CHECK_OK(admin_->make_first_user());
  const std::size_t threads = thread_count(config_.server);
  metrics_ = std::make_unique<metrics::Metrics>(threads);
  TRY(net::Address address, net::Address::parse(config_.server.listen));
  CHECK_OK(claim(address));
  const bool apart = !config_.server.admin_listen.empty();
  const Front::Serves serves = apart ? Front::Serves::clients : Front::Serves::both;
  const net::AddressRule rule = [this](const net::Origin& origin, const net::Address& found) {
    return provider::permit_address(origin, found,
                                    private_upstreams_ ? provider::PrivateUpstreams::allowed
                                                       : provider::PrivateUpstreams::refused);
  };
  const Shared shared{clock_,  blocking_, resolver_, rule,       tls_contexts_,
                      budget_, counts_,   line_,     anthropic_, &admin_->side()};
  control_ = std::make_unique<ControlLoop>(
      ControlLoop::Parts{clock_, resolver_, rule, tls_contexts_, store_->database(),
                         store_->secrets(), states_.events(), node_name(config_.cluster)});
  for (std::size_t i = 0; i < threads; ++i) {
    auto worker = std::make_unique<Worker>(
        shared, metrics_->thread(i), [this] { return scrape(); }, serves, settings);
    CHECK_OK(worker->listen(address));
    address = worker->address();  // the port that the first one got
    workers_.push_back(std::move(worker));
  }
  if (apart) {
    TRY(const net::Address operators, net::Address::parse(config_.server.admin_listen));
    CHECK_OK(claim(operators));
    CHECK_OK(workers_.front()->listen_for_operators(operators));
  }
  for (const auto& worker : workers_) worker->start();
  store_->start([this] { events_.notify(); });
  control_->start();
  keep_tokens();
  watch_accounts();
  control_->use_webhooks(config_.webhooks);
  log::info("server.listening address={} tls={} threads={} accounts={} keys={}", address.text(),
            settings.tls != nullptr, threads, settings.snapshot->upstreams.size(),
            settings.snapshot->keys.keys().size());
  if (apart) {
    log::info("operators.listening address={}", workers_.front()->operators_address().text());
  }
  const net::Address& pages = apart ? workers_.front()->operators_address() : address;
  // Requests are served by now: that nobody can be welcomed is no reason to stop.
  const Status welcomed = admin_->welcome((settings.tls ? "https://" : "http://") + pages.text());
  if (!welcomed) log::error("setup.failed reason={}", log::quoted(welcomed.error().context));
  return {};
}

boost::json::object Program::health() const {
  const auto current = snapshot();
  const VersionInfo version = version_info();
  const auto uptime =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.wall_now() - started_);
  return {{"version", version.version},
          {"commit", version.commit},
          {"uptime_seconds", uptime.count()},
          {"draining", counts_.draining.load()},
          {"store", store_->database().location()},
          {"revision", store_->entities()->revision},
          {"accounts", current->upstreams.size()},
          {"keys", current->keys.keys().size()},
          {"in_flight", in_flight()}};
}

std::shared_ptr<const relay::Snapshot> Program::snapshot() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

std::string Program::scrape() const {
  ScrapedGauges gauges;
  const auto current = snapshot();
  for (const routing::Account& account : current->accounts.accounts()) {
    const auto report = account.state->health.report(moment());
    const routing::CacheFigures cache = account.state->cache.figures();
    gauges.accounts.push_back(
        {.name = account.name,
         .in_flight = static_cast<std::uint64_t>(std::max(0, account.state->in_flight.load())),
         .state = metric_state(report.condition),
         .first_event = report.first_event,
         .error_ratio = report.error_rate,
         .cache_hits = cache.hits,
         .cache_misses = cache.requests - cache.hits,
         .cache_saved_tokens = saved_tokens(cache)});
  }
  for (std::size_t i = 0; i < gauges.state_changes.size(); ++i) {
    gauges.state_changes.at(i) = control_->state_counts().at(i);
  }
  const WebhookSender::Counts& alerts = control_->alert_counts();
  gauges.alerts_delivered = alerts.delivered;
  gauges.alerts_failed = alerts.failed;
  gauges.alerts_dropped = alerts.dropped;
  for (const auto& worker : workers_) {
    gauges.upstream_connections_active += worker->active_connections();
    gauges.upstream_connections_idle += worker->idle_connections();
  }
  return metrics_text(*metrics_, gauges);
}

void Program::reload(const Reload& read) {
  auto config = read();
  if (!config) return;
  auto settings = settings_of(*config);
  if (!settings) {
    log::error("config.refused reason={}", log::quoted(settings.error().context));
    return;
  }
  if (config->server.listen != config_.server.listen ||
      config->server.admin_listen != config_.server.admin_listen ||
      config->server.threads != config_.server.threads ||
      config->server.max_buffered_bytes != config_.server.max_buffered_bytes ||
      config->server.tls_certificate.empty() != config_.server.tls_certificate.empty()) {
    log::warn(
        "config.postponed reason=\"addresses, threads, max_buffered_bytes and TLS on or off need "
        "a restart\"");
  }
  config->server.listen = config_.server.listen;
  config->server.admin_listen = config_.server.admin_listen;
  config->server.threads = config_.server.threads;
  config->server.max_buffered_bytes = config_.server.max_buffered_bytes;
  const bool was_tls = !config_.server.tls_certificate.empty();
  if (was_tls != (settings->tls != nullptr)) {
    config->server.tls_certificate = config_.server.tls_certificate;
    config->server.tls_key = config_.server.tls_key;
    settings = settings_of(*config);
    if (!settings) return;
  }
  config_ = std::move(*config);
  private_upstreams_ = config_.security.allow_private_upstreams;
  use(*settings);
  admin_->use(config_);
  control_->use_webhooks(config_.webhooks);
  log::info("config.reloaded accounts={} keys={}", settings->snapshot->upstreams.size(),
            settings->snapshot->keys.keys().size());
}

void Program::use(const Settings& settings) {
  {
    const std::lock_guard lock(snapshot_mutex_);
    snapshot_ = settings.snapshot;
  }
  store_->watch_use(settings.snapshot);
  for (const auto& worker : workers_) worker->use(settings);
  if (control_) {
    keep_tokens();
    watch_accounts();
  }
  states_.prune();
}

void Program::keep_tokens() {
  std::vector<KeptAccount> kept;
  const auto add = [&](const provider::AccountSettings& account) {
    if (account.disabled || account.credential.kind != provider::Credential::Kind::oauth2) return;
    kept.push_back({.settings = account,
                    .state = states_.account(account.id, account.name),
                    .lifts = states_.lifts(account.id)});
  };
  std::ranges::for_each(config_.accounts, add);
  std::ranges::for_each(store_->entities()->accounts, add);
  control_->use(std::move(kept));
}

void Program::watch_accounts() {
  std::vector<WatchedAccount> watched;
  const auto current = snapshot();
  for (const routing::Account& account : current->accounts.accounts()) {
    watched.push_back({.id = account.id, .name = account.name, .state = account.state});
  }
  control_->watch(std::move(watched), store_->entities()->rests);
}

routing::Moment Program::moment() const { return {.now = clock_.now(), .wall = clock_.wall_now()}; }

Milliseconds Program::until_rebuild() const {
  constexpr Milliseconds longest = std::chrono::hours(1);
  const WallTime now = clock_.wall_now();
  if (snapshot_until_ - now >= longest) return longest;
  return std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(snapshot_until_ - now));
}

void Program::follow_store() {
  const auto settings = settings_of(config_);
  if (!settings) {
    log::error("store.refused reason={}", log::quoted(settings.error().context));
    snapshot_until_ = clock_.wall_now() + std::chrono::minutes(1);
    return;
  }
  use(*settings);
  log::info("store.followed revision={} accounts={} keys={}", store_->entities()->revision,
            settings->snapshot->upstreams.size(), settings->snapshot->keys.keys().size());
}

std::size_t Program::in_flight() const {
  std::size_t sum = 0;
  for (const auto& worker : workers_) sum += worker->in_flight();
  return sum;
}

void Program::drain() {
  counts_.draining = true;
  const TimePoint deadline = clock_.now() + config_.server.drain;
  log::info("server.draining in_flight={}", in_flight());
  constexpr Milliseconds look{50};
  while (in_flight() > 0 && clock_.now() < deadline) {
    const int signal = events_.wait(look).signal;
    if (signal == SIGTERM || signal == SIGINT) break;
  }
  if (const std::size_t left = in_flight(); left > 0) log::warn("server.cut in_flight={}", left);
}

void Program::run(const Reload& read) {
  for (;;) {
    const ControlEvents::Event event = events_.wait(until_rebuild());
    if (event.signal == SIGHUP) reload(read);
    if (event.notified || clock_.wall_now() >= snapshot_until_) follow_store();
    if (event.signal == SIGTERM || event.signal == SIGINT) break;
  }
  drain();
  for (const auto& worker : workers_) worker->stop();
  control_->stop();
  store_->stop();
  log::info("server.stopped");
  log::flush();
}

}  // namespace sluice::app

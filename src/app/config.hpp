#pragma once
/// The configuration as the rest of the house reads it: plain values, all checked, all defaults filled in. What each
/// key means stands in `config_schema.cpp` and in `docs/configuration.md`; how it is read in `config_load.hpp`.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/webhook_settings.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"
#include "identity/key.hpp"
#include "net/ip_network.hpp"
#include "provider/account_settings.hpp"

namespace sluice::app {

struct ServerConfig {
  std::string listen = "127.0.0.1:8080";
  std::string admin_listen;
  int threads = 0;
  std::string tls_certificate;
  std::string tls_key;
  std::size_t max_header_bytes = 32768;
  std::size_t max_header_count = 100;
  std::size_t max_body_bytes = 33554432;
  std::size_t max_buffered_bytes = 0;
  std::size_t max_connections = 20000;
  Milliseconds header_timeout{10'000};
  Milliseconds body_idle_timeout{30'000};
  Milliseconds write_stall_timeout{60'000};
  Milliseconds keepalive_idle{75'000};
  Milliseconds tls_handshake_timeout{10'000};
  Milliseconds drain{600'000};
  std::vector<net::Network> trusted_proxies;
  std::vector<std::string> cors_origins;
};

struct StoreConfig {
  Secret url{"sqlite://"};
  std::string data_dir;  // never empty once loaded
};

struct ClusterConfig {
  Secret redis_url;
  std::string node_name;
};

enum class OnClientGone : std::uint8_t { cancel, drain };

struct RelayConfig {
  Milliseconds connect_timeout{10'000};
  Milliseconds first_byte_timeout{600'000};
  Milliseconds idle_timeout{300'000};
  Milliseconds total_timeout{0};  // 0 = none
  Milliseconds keepalive{15'000};
  Milliseconds early_head{0};
  int max_attempts = 3;
  Milliseconds queue_timeout{0};
  OnClientGone on_client_gone = OnClientGone::cancel;
  Milliseconds drain_limit{120'000};
};

enum class Durability : std::uint8_t { process, power };

struct LedgerConfig {
  Durability durability = Durability::process;
  Milliseconds retention = std::chrono::days(400);
  bool store_bodies = false;
};

struct SecurityConfig {
  std::string master_key_file;  // never empty once loaded
  Milliseconds session = std::chrono::hours(12);
  bool allow_private_upstreams = false;
};

struct LogConfig {
  log::Level level = log::Level::info;
  log::Format format = log::Format::text;
};

struct MetricsConfig {
  bool enabled = true;
  Secret token;
};

struct TracingConfig {
  std::string otlp_endpoint;
};

struct Config {
  ServerConfig server;
  StoreConfig store;
  ClusterConfig cluster;
  RelayConfig relay;
  LedgerConfig ledger;
  SecurityConfig security;
  LogConfig log;
  MetricsConfig metrics;
  TracingConfig tracing;
  std::vector<provider::AccountSettings> accounts;  // each an `[[account]]` of the file
  std::vector<WebhookConfig> webhooks;              // each a `[[webhook]]`
  std::vector<identity::Key> keys;                  // a secret is hashed as it is read and not kept
};

}  // namespace sluice::app

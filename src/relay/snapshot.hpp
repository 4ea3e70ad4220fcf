#pragma once
/// What every request reads of the configuration: immutable, one for all threads, replaced as a whole. A request keeps
/// the one it began with.

#include <memory>
#include <string>
#include <vector>

#include "base/metric_labels.hpp"
#include "identity/key_directory.hpp"
#include "provider/upstream.hpp"
#include "relay/key_state.hpp"
#include "routing/account_pool.hpp"

namespace sluice::relay {

enum class ClientGone : std::uint8_t { cancel, drain };

/// Durations and bounds of `[relay]`; 0 means none where the configuration says so.
struct RelayLimits {
  Milliseconds connect_timeout{10000};
  Milliseconds first_byte_timeout{600000};
  Milliseconds idle_timeout{300000};
  Milliseconds total_timeout{0};
  Milliseconds keepalive{15000};
  Milliseconds early_head{0};
  Milliseconds queue_timeout{0};
  Milliseconds drain_limit{120000};
  int max_attempts = 3;
  ClientGone on_client_gone = ClientGone::cancel;
};

/// A limit that is 0 is none.
[[nodiscard]] inline TimePoint due(TimePoint from, Milliseconds limit) {
  return limit.count() == 0 ? time_never : from + limit;
}

struct Snapshot {
  identity::KeyDirectory keys;
  // Of keys.keys(), by index:
  std::vector<std::shared_ptr<KeyState>> key_states;
  std::vector<std::size_t> key_routes;  // in `accounts`
  routing::AccountPool accounts;
  // Of accounts.accounts(), by index:
  std::vector<provider::Upstream> upstreams;
  std::vector<metrics::ProviderKind> provider_kinds;
  RelayLimits limits;
  std::vector<net::Network> trusted_proxies;
};

}  // namespace sluice::relay

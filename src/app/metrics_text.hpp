#pragma once
/// The body of `GET /metrics`.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"

namespace sluice::app {

/// What is asked for when somebody looks, rather than counted on the way.
struct ScrapedGauges {
  struct Account {
    std::string name;  // UTF-8
    std::uint64_t in_flight = 0;
    metrics::AccountState state = metrics::AccountState::ready;
    Milliseconds first_event{0};  // 0: none was seen
    double error_ratio = 0;
    std::uint64_t cache_hits = 0;
    std::uint64_t cache_misses = 0;
    std::uint64_t cache_saved_tokens = 0;
  };
  std::vector<Account> accounts;
  /// Changes of accounts' states, by the state that they led to; none leads to `disabled`.
  std::array<std::uint64_t, metrics::count_of<metrics::AccountState> - 1> state_changes{};
  std::uint64_t alerts_delivered = 0;
  std::uint64_t alerts_failed = 0;
  std::uint64_t alerts_dropped = 0;
  std::uint64_t upstream_connections_active = 0;
  std::uint64_t upstream_connections_idle = 0;
};

inline constexpr const char* metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// The Prometheus text format 0.0.4. Every series whose labels are a closed set is there from the
/// start, at zero. Any thread; it reads /proc, so it isn't for an I/O thread with many descriptors.
[[nodiscard]] std::string metrics_text(const metrics::Metrics& metrics,
                                       const ScrapedGauges& gauges);

}  // namespace sluice::app

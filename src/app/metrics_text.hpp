#pragma once
/// The body of `GET /metrics`.

#include <cstdint>
#include <string>
#include <vector>

#include "base/metrics.hpp"

namespace sluice::app {

/// What is asked for when somebody looks, rather than counted on the way.
struct ScrapedGauges {
  struct Account {
    std::string name;  // UTF-8
    std::uint64_t in_flight = 0;
    metrics::AccountState state = metrics::AccountState::ready;
  };
  std::vector<Account> accounts;
  std::uint64_t upstream_connections_active = 0;
  std::uint64_t upstream_connections_idle = 0;
};

inline constexpr const char* metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// The Prometheus text format 0.0.4. Every series whose labels are a closed set is there from the
/// start, at zero. Any thread; it reads /proc, so it isn't for an I/O thread with many descriptors.
[[nodiscard]] std::string metrics_text(const metrics::Metrics& metrics,
                                       const ScrapedGauges& gauges);

}  // namespace sluice::app

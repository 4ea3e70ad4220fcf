#pragma once
/// What is known of one request when it is over: the line in the log, the counts in the metrics, later the row in the
/// ledger. Settled exactly once, on every way out.

#include <string>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/ulid.hpp"
#include "meter/usage.hpp"

namespace sluice::relay {

struct RequestRecord {
  Ulid id;
  std::string client_request_id;  // the client's own x-request-id
  std::string key;                // names, never secrets
  std::string account;
  std::string model;           // as the client asked for it
  std::string upstream_model;  // as the provider was asked
  metrics::Dialect dialect = metrics::Dialect::none;
  metrics::ProviderKind provider = metrics::ProviderKind::none;
  metrics::Outcome outcome = metrics::Outcome::internal;
  bool stream = false;
  bool billable = false;  // a call that generates: its usage counts
  int status = 0;         // sent to the client; 0: it left before
  int attempts = 0;
  std::uint64_t events = 0;
  std::uint64_t bytes_to_client = 0;
  std::uint64_t bytes_to_provider = 0;
  TimePoint started;
  TimePoint called = time_never;       // when the provider was called
  TimePoint first_event = time_never;  // when its first output was here
  meter::Usage usage;
  std::string reason;  // of a failure: for the log
};

/// Logs and counts. The one place where a request ends.
void settle(const RequestRecord& record, TimePoint now, metrics::ThreadMetrics& metrics);

}  // namespace sluice::relay

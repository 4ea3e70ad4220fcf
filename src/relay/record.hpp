#pragma once
/// What is known of one request when it is over: the line in the log, the counts in the metrics, later the row in the
/// ledger. Settled exactly once, on every way out.

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/ulid.hpp"
#include "meter/usage.hpp"
#include "net/frame_pool.hpp"
#include "net/loop.hpp"

namespace sluice::relay {

struct RequestRecord : net::Pooled {
  Ulid id;
  std::string client_request_id;  // the client's own x-request-id
  std::string key;                // names, never secrets
  std::string account;
  std::string model;           // as the client asked for it
  std::string upstream_model;  // as the provider was asked, where it has another name for it
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

/// The record of a request that runs: whoever holds it last settles it, also where a coroutine is destroyed as it waits.
class OpenRecord {
 public:
  OpenRecord(const net::Loop& loop, metrics::ThreadMetrics& metrics)
      : record_(std::make_unique<RequestRecord>()), loop_(&loop), metrics_(&metrics) {}
  OpenRecord(OpenRecord&&) noexcept = default;
  OpenRecord& operator=(OpenRecord&&) = delete;
  ~OpenRecord() { settle(); }
  /// Now, and not again.
  void settle() {
    if (record_) relay::settle(*record_, loop_->now(), *metrics_);
    record_.reset();
  }
  /// False once it was settled or has moved on.
  explicit operator bool() const { return record_ != nullptr; }
  RequestRecord& operator*() const { return *record_; }
  RequestRecord* operator->() const { return record_.get(); }

 private:
  std::unique_ptr<RequestRecord> record_;
  const net::Loop* loop_;
  metrics::ThreadMetrics* metrics_;
};

}  // namespace sluice::relay

#pragma once
/// What is known of one request when it is over: the line in the log, the counts in the metrics, later the row in the
/// ledger. Settled exactly once, on every way out.

#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/ulid.hpp"
#include "meter/usage.hpp"
#include "net/frame_pool.hpp"
#include "net/loop.hpp"

namespace sluice::relay {

/// One call of one account.
struct AttemptRecord {
  std::string account;  // its name
  metrics::ProviderKind provider = metrics::ProviderKind::none;
  std::string upstream_model;  // as the provider was asked, where it has another name for it
  metrics::AttemptResult result = metrics::AttemptResult::cancelled;
  int status = 0;                 // of the answer; 0: none came
  TimePoint called = time_never;  // never: it was not
  TimePoint first_output = time_never;
  std::uint64_t bytes_to_provider = 0;
  meter::Usage usage;  // of a call that came to nothing too: providers bill what they have read
};

struct RequestRecord : net::Pooled {
  Ulid id;
  std::string client_request_id;  // the client's own x-request-id
  std::string key;                // names, never secrets
  std::string model;              // as the client asked for it
  metrics::Dialect dialect = metrics::Dialect::none;
  metrics::Outcome outcome = metrics::Outcome::internal;
  bool stream = false;
  bool billable = false;  // a call that generates: its usage counts
  int status = 0;         // sent to the client; 0: it left before
  std::uint64_t events = 0;
  std::uint64_t bytes_to_client = 0;
  TimePoint started;
  std::string reason;  // of a failure: for the log
  /// The attempt that answered, or the last one; where none was made, it has no provider.
  AttemptRecord attempt;
  std::vector<AttemptRecord> earlier;  // attempts that came to nothing before it

  [[nodiscard]] std::size_t attempts() const {
    return earlier.size() + (attempt.called == time_never ? 0 : 1);
  }
  /// When a provider was called first; never: none was.
  [[nodiscard]] TimePoint called() const {
    return earlier.empty() ? attempt.called : earlier.front().called;
  }
};

/// How an attempt ended whose answer had this status.
[[nodiscard]] metrics::AttemptResult result_of_status(int status);

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

#pragma once
/// Single HTTP requests on the control side: token endpoints, not the way of requests. One connection each, closed after
/// it; every call has an end, an answer has a bound, and a redirect is an answer like any other.

#include <string>

#include "base/secret.hpp"
#include "http/connection_pool.hpp"

namespace sluice::app {

struct ControlCall {
  net::Origin origin;
  Secret head;  // complete; asks for `connection: close` and no content coding
  Secret body;
  Milliseconds call_max{15'000};  // from the look-up of the name to the last byte
  std::size_t body_bytes_max = 64 * 1024;
};

struct ControlAnswer {
  int status = 0;
  std::string retry_after;  // the field
  Secret body;
};

class ControlClient {
 public:
  ControlClient(net::Loop& loop, net::Dialer& dialer, http::TlsContexts& contexts)
      : loop_(loop), connections_(loop, dialer, contexts) {}
  ControlClient(const ControlClient&) = delete;
  ControlClient& operator=(const ControlClient&) = delete;

  /// Errors  of `net::Dialer::dial`; upstream_timeout; upstream_invalid (no HTTP, too long, compressed); upstream_unreachable
  ///         (the connection broke).
  [[nodiscard]] net::Task<Result<ControlAnswer>> call(ControlCall call);

 private:
  net::Loop& loop_;
  http::ConnectionPool connections_;
};

}  // namespace sluice::app

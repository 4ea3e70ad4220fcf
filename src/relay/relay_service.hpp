#pragma once
/// The life of one request, from its head to its settlement: the only place that knows the order. One per I/O thread.
/// docs/life-of-a-request.md tells it in prose.

#include <memory>

#include "http/server.hpp"
#include "relay/relay_stream.hpp"
#include "relay/routes.hpp"
#include "relay/snapshot.hpp"

namespace sluice::relay {

class RelayService {
 public:
  RelayService(RelayContext context, const dialect::Dialect& anthropic,
               const std::atomic<bool>& draining)
      : context_(context), anthropic_(anthropic), draining_(draining) {}
  RelayService(const RelayService&) = delete;
  RelayService& operator=(const RelayService&) = delete;

  /// For requests that begin from now on.
  void use(std::shared_ptr<const Snapshot> snapshot) { current_.use(std::move(snapshot)); }

  /// Answers a request on one of the dialects' routes, or says that there is no such route.
  [[nodiscard]] net::Task<void> handle(http::Exchange& exchange);

  /// The answer of whichever account takes the request, called and decided: its status and its first output are here.
  /// Errors: concurrency_limited, no_account, upstream_*, client_gone. The request settles itself, on errors too.
  [[nodiscard]] net::Task<Result<std::unique_ptr<RelayStream>>> relay_request_stream(
      RelayRequest request);
  /// The same for a request whose answer is one document: never begun before it is decided.
  [[nodiscard]] net::Task<Result<std::unique_ptr<RelayStream>>> relay_request(RelayRequest request);

  /// The error document of the dialect that `path` speaks.
  [[nodiscard]] std::string error_body(std::string_view path, const Error& error,
                                       std::string_view request_id) const;

 private:
  using Admitted = Result<std::unique_ptr<RelayStream>>;
  /// From the head to the decided answer. The record leaves with the stream that is to settle it.
  [[nodiscard]] net::Task<Admitted> admit(http::Exchange& exchange, OpenRecord& record);
  [[nodiscard]] net::Task<void> refuse(http::Exchange& exchange, const Error& error);
  [[nodiscard]] Result<const identity::Key*> authenticate(const http::Exchange& exchange,
                                                          const Snapshot& snapshot) const;
  [[nodiscard]] net::Task<Status> forward(RelayStream& stream, http::Exchange& exchange);

  RelayContext context_;
  const dialect::Dialect& anthropic_;
  const std::atomic<bool>& draining_;
  CurrentSnapshot current_;
};

}  // namespace sluice::relay

#pragma once
/// One connection to the simulator: reads requests, decides on each, and hands the reply to a `Responder`. It stands on
/// `net` itself, as an honest HTTP server would allow no fault below the head.

#include "net/tls.hpp"
#include "sim/shared.hpp"

namespace sluice::sim {

/// Serves `fd` until it closes. `tls` null: plain.
[[nodiscard]] net::Task<void> serve_connection(ThreadShared& shared, int fd,
                                               std::shared_ptr<const net::TlsServerContext> tls);

}  // namespace sluice::sim

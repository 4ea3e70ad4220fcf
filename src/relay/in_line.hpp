#pragma once
/// Waiting for one's turn, with a client that may leave meanwhile and wants to hear that we live.

#include "relay/client_side.hpp"
#include "relay/relay_request.hpp"

namespace sluice::relay {

/// What is waited for: `take` tries to get it, and those with the same `need` want the very same.
struct Wanted {
  net::FairLine::Take take;
  net::FairLine::Need need;
  TimePoint until;
};
/// True: `take` has got it. False: not in time, or the line is full; with luck `take` has got it in that very moment, so look.
/// Errors: client_gone.
[[nodiscard]] net::Task<Result<bool>> wait_in_line(RelayContext& context,
                                                   const RelayRequest& request, ClientSide& client,
                                                   Wanted wanted);

/// How long one more request of the same key would wait; 0 where nobody does, as what was measured then may be long ago.
[[nodiscard]] Milliseconds expected_wait(const RelayContext& context, const RelayRequest& request);

}  // namespace sluice::relay

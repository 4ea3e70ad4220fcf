#pragma once
/// `account test`: what works of an account and what not, step by step, without billing anything: name, connection, TLS, or the
/// way through its proxy; access token, credential. The same for the command line and the admin API.

#include <boost/json/array.hpp>
#include <vector>

#include "app/check.hpp"

namespace sluice::app {

/// The lines of `reach_steps`, then "token" (of oauth2) and "credential": a list of models is asked for. Stops at the first
/// step that fails. Blocks, for at most `timeout` a step and address; any thread but an I/O thread.
[[nodiscard]] std::vector<CheckLine> try_account(const provider::AccountSettings& account,
                                                 provider::PrivateUpstreams private_upstreams,
                                                 Milliseconds timeout);

/// [{"step": "dns", "ok": true, "message": "..."}]
[[nodiscard]] boost::json::array steps_json(const std::vector<CheckLine>& steps);

}  // namespace sluice::app

#pragma once
/// The ways in which a request of `soak endings` ends, and what must then be so.

#include <string>
#include <vector>

#include "call.hpp"
#include "settled.hpp"

namespace sluice::soak {

struct Expected {
  enum class Body : std::uint8_t {
    any,
    whole,   // each byte, and a clean end
    cut,     // no clean end, and nothing that wasn't sent
    told,    // no clean end; whole events, then one of sluice's that tells of the error
    refusal  // a whole document of sluice's
  };
  std::vector<int> statuses;
  Body body = Body::whole;
  std::vector<std::string> outcomes = {"ok"};
  int settled = 1;     // lines in the log, counts in the metrics
  bool usage = false;  // exactly what the answer says
};

struct Ending {
  CallPtr call;
  Expected expected;
};

/// The request `id` of a run with `seed`. `patience` is sluice's write_stall_timeout.
[[nodiscard]] Ending make_ending(std::uint64_t seed, std::uint64_t id, Milliseconds write_stall);

/// What is wrong with what the client saw; empty: nothing.
[[nodiscard]] std::string fault_of(const Call& call, const Expected& expected);
/// What is wrong with how it was settled. `status`: what the client saw; 0: it left, or saw none.
[[nodiscard]] std::string fault_of(const Settled& settled, const Expected& expected, int status,
                                   const Answer& answer);

}  // namespace sluice::soak

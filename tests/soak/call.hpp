#pragma once
/// One request of the soak: what each side does, and what the client saw. Both sides hold the same object, so that
/// what arrives is compared with what was sent, and not with a sum of it.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "answer.hpp"
#include "poller.hpp"

namespace sluice::soak {

struct Call {
  std::uint64_t id = 0;
  const char* kind = "";

  // --- what is asked
  std::string model = "claude-soak";
  std::string path = "/v1/messages";
  std::string key;
  std::string body;

  // --- what the provider does
  Answer answer;
  enum class Then : std::uint8_t {
    keep,    // the connection may serve again
    finish,  // ends it
    reset,   // resets it
    stall    // says nothing more until the other side hangs up
  };
  std::size_t stop_at = std::string::npos;  // bytes of `answer.wire`
  Then then = Then::keep;                   // what comes at `stop_at`, or behind the whole answer
  bool answers_early = false;               // before it has read the body
  bool refuses_reused = false;              // hangs up when a kept connection brings this request
  std::size_t write_bytes_max = 65536;
  Milliseconds pause{0};       // between two writes; 0: the next turn
  std::uint64_t cut_seed = 1;  // where writes are cut

  // --- what the client does
  enum class Leave : std::uint8_t {
    never,
    within_request,  // when it has sent `leave_at` bytes
    after_request,   // `leave_delay` after it has sent all
    on_cue,          // when the provider has come to its stop
    at_body_bytes    // when it has got `leave_at` of the body
  };
  Leave leave = Leave::never;
  std::size_t leave_at = 0;
  Milliseconds leave_delay{0};
  bool leaves_by_reset = false;
  bool reads = true;
  Milliseconds read_delay{0};  // before the first read
  std::size_t read_bytes_max = 65536;
  Milliseconds read_pause{0};
  bool reuses_connection = true;
  std::size_t send_bytes_max = std::string::npos;  // cuts of the request

  // --- what the provider saw
  int provider_calls = 0;
  bool request_differs = false;

  // --- what the client saw
  int status = 0;
  std::string sluice_error;
  std::string body_id;     // x-soak-id of the answer
  bool whole = false;      // the framing says that nothing is missing
  bool left = false;       // it went by its own will
  bool timed_out = false;  // nothing ended it: always a failure
  std::uint64_t body_bytes = 0;
  std::size_t matched = 0;  // so much of the body was as sent
  std::string rest;         // and this was not
  std::string broken;       // what is wrong with the answer as HTTP

  std::function<void()> cue;  // set by the client: the provider has come to its stop
};

using CallPtr = std::shared_ptr<Call>;

/// The requests under way, by id.
using Board = std::unordered_map<std::uint64_t, CallPtr>;

}  // namespace sluice::soak

#include "ending.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace sluice::soak {
namespace {

using Body = Expected::Body;

/// Braces and strings in order: enough to know that it was not cut.
bool is_json_object(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return i + 1 == text.size() || text.substr(i + 1) == "\n";
    }
  }
  return false;
}

/// What the client got must be whole events of the provider, and one more.
std::string fault_of_tail(const Call& call) {
  const Answer& answer = call.answer;
  // The provider's next event and that of sluice begin alike.
  // The CR of a CRLF ends it already.
  const bool at_cr = answer.event_end_before(call.matched + 1) == call.matched + 1;
  const std::size_t boundary = at_cr ? call.matched : answer.event_end_before(call.matched);
  const std::string tail = answer.body.substr(boundary, call.matched - boundary) + call.rest;
  constexpr std::string_view begin = "event: error\ndata: ";
  const auto at = tail.rfind(begin);
  if (at == std::string::npos) return fmt::format("no error told in-band, but {:.200}", tail);
  std::string_view data = std::string_view(tail).substr(at + begin.size());
  if (!data.ends_with("\n\n")) return "the error's event has no end";
  data.remove_suffix(2);
  if (!is_json_object(data) || data.find('\n') != data.npos)
    return fmt::format("not JSON: {}", data);
  if (data.find("\"type\":\"error\"") == data.npos) return fmt::format("not an error: {}", data);
  if (at == 0) return {};
  // Only an event beyond sluice's bound passes on in pieces, and its line is ended before the error's begins.
  const std::string_view piece = std::string_view(tail).substr(0, at);
  if (piece.size() < 4096 && call.matched - boundary < 4096) {
    // Comments and their blank lines belong to no event.
    const bool comments = piece.starts_with(':') && (piece.ends_with('\n'));
    return comments ? "" : fmt::format("a piece of an event before the error: {:.100}", piece);
  }
  return piece.ends_with("\n\n") ? "" : "the cut event runs into the error";
}

}  // namespace

std::string fault_of(const Call& call, const Expected& expected) {
  if (call.timed_out) return "it never ended";
  if (!call.broken.empty()) return call.broken;
  if (call.request_differs) return "the provider got another request body";
  // Also what sluice made of a provider's error event.
  const bool refused =
      !call.sluice_error.empty() || (call.answer.status == 200 && call.status >= 400);
  if (call.left) {
    return refused || call.rest.empty() ? "" : fmt::format("foreign bytes: {:.200}", call.rest);
  }
  const auto& statuses = expected.statuses;
  if (std::find(statuses.begin(), statuses.end(), call.status) == statuses.end()) {
    return fmt::format("status {} {} instead of {}; {:.200}", call.status, call.sluice_error,
                       statuses, call.rest);
  }
  const Body body = call.status == 200 || !refused ? expected.body : Body::refusal;
  switch (body) {
    case Body::any: return {};
    case Body::whole:
      if (!call.rest.empty()) return fmt::format("foreign bytes: {:.200}", call.rest);
      if (call.matched != call.answer.body.size()) return "bytes are missing";
      return call.whole ? "" : "no clean end";
    case Body::cut:
      if (call.whole) return "a clean end of what was cut";
      return call.rest.empty() ? "" : fmt::format("foreign bytes: {:.200}", call.rest);
    case Body::told:
      if (call.whole) return "a clean end of what was cut";
      return fault_of_tail(call);
    case Body::refusal:
      if (!call.whole) return "the refusal isn't whole";
      return is_json_object(call.rest) || call.matched > 0 ? "" : "the refusal is no JSON";
  }
  return {};
}

std::string fault_of(const Settled& settled, const Expected& expected, int status,
                     const Answer& answer) {
  if (settled.times != expected.settled) {
    return fmt::format("settled {} times, not {}", settled.times, expected.settled);
  }
  if (expected.settled == 0) return {};
  const auto& outcomes = expected.outcomes;
  if (std::find(outcomes.begin(), outcomes.end(), settled.outcome) == outcomes.end()) {
    return fmt::format("settled as {} ({}) instead of {}", settled.outcome, settled.reason,
                       outcomes);
  }
  if (status != 0 && settled.status != status) {
    return fmt::format("settled with status {}, the client saw {}", settled.status, status);
  }
  if (expected.usage &&
      (settled.input != answer.input_tokens || settled.output != answer.output_tokens)) {
    return fmt::format("settled {} + {} tokens instead of {} + {}", settled.input, settled.output,
                       answer.input_tokens, answer.output_tokens);
  }
  return {};
}

}  // namespace sluice::soak

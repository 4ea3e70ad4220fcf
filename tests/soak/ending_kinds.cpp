#include <array>
#include <span>

#include "ending.hpp"
#include "soak.hpp"

namespace sluice::soak {
namespace {

using Body = Expected::Body;
using Leave = Call::Leave;
using Then = Call::Then;

constexpr std::size_t long_answer_bytes = 8U << 20U;  // more than the sockets on the way hold

struct Making {
  Call& call;
  Expected& expected;
  Dice& dice;
  std::size_t nth;  // of its kind, where the kind goes through offsets
  Milliseconds write_stall;
};

Framing any_framing(Dice& dice) {
  constexpr std::array all = {Framing::chunked, Framing::sized, Framing::until_close};
  return all[dice.below(all.size())];
}

void give_stream(const Making& m, Framing framing) {
  StreamShape shape{.deltas = m.dice.skewed(40), .text_bytes_max = m.dice.between(4, 400)};
  if (m.dice.one_in(10)) shape.long_line_bytes = m.dice.between(1000, 150000);
  m.call.answer = make_stream(m.dice, m.call.id, shape);
  put_on_wire(m.call.answer, m.dice, framing);
  m.call.body = request_body(m.dice, m.call.id, m.call.model, true, m.dice.skewed(2000));
}
void give_long_stream(const Making& m) {
  m.call.answer = make_stream(
      m.dice, m.call.id,
      {.deltas = 60, .text_bytes_max = 4000, .long_line_bytes = long_answer_bytes, .odd = false});
  put_on_wire(m.call.answer, m.dice, Framing::chunked);
  m.call.write_bytes_max = 1U << 20U;
  m.call.body = request_body(m.dice, m.call.id, m.call.model, true, 100);
}
/// The answer's bytes are others than `put_on_wire` made: no run of the body is where it was.
void replace_wire(Call& call, std::string wire) {
  call.answer.wire = std::move(wire);
  call.answer.runs.clear();
}

void refused_by_provider(Expected& expected) {
  expected = {.statuses = {502}, .body = Body::refusal, .outcomes = {"upstream_error"}};
}
void left_by_client(Expected& expected) {
  expected = {.statuses = {0, 200}, .body = Body::any, .outcomes = {"client_closed"}};
}

enum class Trouble : std::uint8_t { broken, silent };

/// What must come of an answer in plain events of which the first `sent` bytes were sent before the trouble.
Expected fate(const Answer& answer, std::size_t sent, Trouble trouble) {
  const std::string before = trouble == Trouble::silent ? "timeout" : "upstream_error";
  const std::string within = trouble == Trouble::silent ? "timeout" : "upstream_cut";
  const int status = trouble == Trouble::silent ? 504 : 502;
  if (sent >= answer.wire.size() && trouble == Trouble::broken) {
    return {.statuses = {200}, .usage = true};
  }
  const std::size_t body = answer.body_bytes_within(sent);
  const std::size_t told = answer.event_end_before(body);
  // The CR of a CRLF ends a line already.
  const std::size_t maybe_told = answer.event_end_before(body + 1);
  if (maybe_told < answer.output_at) {
    return {.statuses = {status}, .body = Body::refusal, .outcomes = {before}};
  }
  // All was said that matters; only the framing wants its end.
  if (maybe_told == answer.body.size()) {
    return {.statuses = {200}, .body = Body::any, .outcomes = {"ok", within}};
  }
  if (told < answer.output_at) {
    return {.statuses = {200, status}, .body = Body::any, .outcomes = {before, within}};
  }
  return {.statuses = {200}, .body = Body::told, .outcomes = {within}};
}

std::size_t nth_offset(const Making& m) {
  return m.call.answer.wire.size() * (m.nth % 1001) / 1000;
}

// --- whole answers -----------------------------------------------------------------------------------------------

void stream(const Making& m) {
  give_stream(m, any_framing(m.dice));
  m.expected.usage = true;
}
void document(const Making& m) {
  m.call.answer = make_document(m.dice, m.call.id, m.dice.skewed(200000));
  put_on_wire(m.call.answer, m.dice, any_framing(m.dice));
  m.call.body = request_body(m.dice, m.call.id, m.call.model, false, m.dice.skewed(2000));
  m.expected.usage = true;
}
void refusal(const Making& m) {
  constexpr std::array<std::pair<int, const char*>, 6> all = {{{400, "invalid_request_error"},
                                                               {404, "not_found_error"},
                                                               {429, "rate_limit_error"},
                                                               {500, "api_error"},
                                                               {503, "api_error"},
                                                               {529, "overloaded_error"}}};
  const auto& [status, type] = all[m.dice.below(all.size())];
  give_stream(m, Framing::sized);
  m.call.answer = make_error(m.call.id, status, type);
  put_on_wire(m.call.answer, m.dice, any_framing(m.dice));
  m.expected = {.statuses = {status}, .outcomes = {"upstream_error"}};
}
void reader_takes_its_time(const Making& m) {
  give_long_stream(m);
  m.call.read_delay = Milliseconds{300};
  m.expected.usage = true;
}
void kept_connection_is_refused(const Making& m) {
  give_stream(m, Framing::chunked);
  m.call.refuses_reused = true;
  m.call.then = m.dice.one_in(2) ? Then::reset : Then::keep;
  m.expected.usage = true;
}
void provider_ends_behind_the_answer(const Making& m) {
  give_stream(m, m.dice.one_in(2) ? Framing::chunked : Framing::sized);
  m.call.then = Then::finish;
  m.expected.usage = true;
}
void bytes_behind_the_answer(const Making& m) {
  give_stream(m, m.dice.one_in(2) ? Framing::chunked : Framing::sized);
  m.call.answer.wire += "HTTP/1.1 200 Foreign\r\ncontent-length: 7\r\n\r\nforeign";
  m.call.write_bytes_max = std::string::npos;
  m.call.then = Then::stall;
  m.expected.usage = true;
}
void interim_answers(const Making& m) {
  give_stream(m, Framing::chunked);
  const std::string interim = m.dice.one_in(2)
                                  ? "HTTP/1.1 100 Continue\r\n\r\n"
                                  : "HTTP/1.1 103 Early Hints\r\nlink: </soak>\r\n\r\n";
  replace_wire(m.call, interim + m.call.answer.wire);
  m.expected.usage = true;
}

// --- the client leaves -------------------------------------------------------------------------------------------

void leaves_in_head(const Making& m) {
  give_stream(m, Framing::chunked);
  m.call.leave = Leave::within_request;
  m.call.leave_at = m.dice.between(1, 100);
  left_by_client(m.expected);
  m.expected.settled = 0;
}
void leaves_in_body(const Making& m) {
  give_stream(m, Framing::chunked);
  m.call.body = request_body(m.dice, m.call.id, m.call.model, true, 60000);
  m.call.leave = Leave::within_request;
  m.call.leave_at = m.dice.between(500, 60000);
  left_by_client(m.expected);
}
void leaves_while_connecting(const Making& m) {
  m.call.model = "deaf-soak";
  give_stream(m, Framing::chunked);
  m.call.leave = Leave::after_request;
  m.call.leave_delay = Milliseconds{m.dice.between(20, 200)};
  left_by_client(m.expected);
}
void leaves_before_the_head(const Making& m) {
  give_stream(m, Framing::chunked);
  m.call.stop_at = m.dice.one_in(2) ? 0 : m.dice.between(0, m.call.answer.head_bytes - 1);
  m.call.then = Then::stall;
  m.call.leave = Leave::on_cue;
  left_by_client(m.expected);
}
void leaves_in_preamble(const Making& m) {
  give_stream(m, Framing::sized);
  m.call.stop_at = m.call.answer.head_bytes + m.dice.between(0, m.call.answer.output_at - 4);
  m.call.then = Then::stall;
  m.call.leave = Leave::on_cue;
  left_by_client(m.expected);
}
void leaves_in_stream(const Making& m) {
  give_stream(m, Framing::chunked);
  const Answer& answer = m.call.answer;
  m.call.stop_at = m.dice.between(answer.head_bytes + answer.output_at, answer.wire.size() - 60);
  m.call.then = Then::stall;
  m.call.leave = Leave::on_cue;
  left_by_client(m.expected);
}
void leaves_while_it_reads_nothing(const Making& m) {
  give_long_stream(m);
  m.call.reads = false;
  m.call.leave = Leave::after_request;
  m.call.leave_delay = Milliseconds{m.dice.between(100, 500)};
  left_by_client(m.expected);
}
void leaves_at_the_end(const Making& m) {
  give_stream(m, Framing::chunked);
  m.call.leave = Leave::at_body_bytes;
  m.call.leave_at = m.call.answer.body.size() - m.dice.between(0, 120);
  left_by_client(m.expected);
  m.expected.outcomes.emplace_back("ok");
}
void takes_nothing(const Making& m) {
  give_long_stream(m);
  m.call.read_delay = m.write_stall * 3;
  m.expected = {.statuses = {200}, .body = Body::cut, .outcomes = {"client_closed"}};
}

// --- the provider breaks off -------------------------------------------------------------------------------------

void resets_at_offset(const Making& m) {
  give_stream(m, any_framing(m.dice));
  m.call.stop_at = nth_offset(m);
  m.call.then = Then::reset;
  m.expected = fate(m.call.answer, m.call.stop_at, Trouble::broken);
  // A reset takes along what the provider's kernel had not sent yet: the first output may be among that.
  if (m.expected.body == Body::told) {
    m.expected.statuses.push_back(502);
    m.expected.outcomes.emplace_back("upstream_error");
  }
  // The same with the end of the answer.
  if (m.expected.usage) {
    m.expected = {.statuses = {200}, .body = Body::any, .outcomes = {"ok", "upstream_cut"}};
  }
}
void ends_at_offset(const Making& m) {
  give_stream(m, any_framing(m.dice));
  m.call.stop_at = nth_offset(m);
  m.call.then = Then::finish;
  m.expected = fate(m.call.answer, m.call.stop_at, Trouble::broken);
}
void stalls_at_offset(const Making& m) {
  give_stream(m, any_framing(m.dice));
  m.call.stop_at = std::min(nth_offset(m), m.call.answer.wire.size() - 1);
  m.call.then = Then::stall;
  m.expected = fate(m.call.answer, m.call.stop_at, Trouble::silent);
}
void says_nothing(const Making& m) {
  give_stream(m, Framing::chunked);
  m.call.stop_at = 0;
  m.call.then = Then::stall;
  m.expected = fate(m.call.answer, 0, Trouble::silent);
}
void is_not_there(const Making& m) {
  m.call.model = "closed-soak";
  give_stream(m, Framing::chunked);
  refused_by_provider(m.expected);
}
void takes_no_connection(const Making& m) {
  m.call.model = "deaf-soak";
  give_stream(m, Framing::chunked);
  m.expected = {.statuses = {504}, .body = Body::refusal, .outcomes = {"timeout"}};
}
void garbage_head(const Making& m) {
  give_stream(m, Framing::chunked);
  constexpr std::array<const char*, 5> all = {
      "HTTP/9.9 200 OK\r\n\r\n", "SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nsoaks"};
  replace_wire(m.call, all[m.dice.below(all.size())]);
  m.call.then = m.dice.one_in(2) ? Then::finish : Then::stall;
  refused_by_provider(m.expected);
}
void oversize_head(const Making& m) {
  give_stream(m, Framing::chunked);
  replace_wire(m.call, "HTTP/1.1 200 OK\r\nx-soak: " + std::string(200000, 's') + "\r\n\r\n");
  m.call.write_bytes_max = 65536;
  m.call.then = Then::stall;
  refused_by_provider(m.expected);
}
void garbage_chunk(const Making& m) {
  give_stream(m, Framing::chunked);
  Answer& answer = m.call.answer;
  const Answer::Run run = answer.runs[m.dice.below(answer.runs.size())];
  const std::size_t sent = run.wire_at + run.bytes;
  m.expected = fate(answer, sent, Trouble::broken);
  // What came in one read with the first output is judged before anything is sent.
  if (m.expected.body != Body::refusal) {
    m.expected.statuses.push_back(502);
    m.expected.outcomes.emplace_back("upstream_error");
  }
  answer.wire.resize(sent);
  answer.wire += m.dice.one_in(2) ? "\r\nsoak\r\n" : "no line end";
  m.call.then = Then::stall;
}
void error_first(const Making& m) {
  constexpr std::array<std::pair<int, const char*>, 3> all = {
      {{529, "overloaded_error"}, {429, "rate_limit_error"}, {500, "api_error"}}};
  const auto& [status, type] = all[m.dice.below(all.size())];
  give_stream(m, Framing::chunked);
  Answer& answer = m.call.answer;
  answer.body.resize(m.dice.one_in(2) ? 0 : answer.event_ends[0]);
  answer.body += error_event(type);
  put_on_wire(answer, m.dice, any_framing(m.dice));
  m.expected = {.statuses = {status}, .body = Body::refusal, .outcomes = {"upstream_error"}};
}
void error_within(const Making& m) {
  give_stream(m, Framing::chunked);
  Answer& answer = m.call.answer;
  std::size_t at = answer.output_at;
  for (const std::size_t end : answer.event_ends) {
    if (end > at && end < answer.body.size() && m.dice.one_in(3)) at = end;
  }
  answer.body.resize(at);
  answer.body += error_event("overloaded_error");
  put_on_wire(answer, m.dice, any_framing(m.dice));
  // 529 if it came in one read with the first output: nothing was sent yet.
  m.expected = {.statuses = {200, 529}, .body = Body::cut, .outcomes = {"upstream_error"}};
}
void no_message_stop(const Making& m) {
  give_stream(m, Framing::chunked);
  Answer& answer = m.call.answer;
  const std::size_t ends = answer.event_ends.size();
  const std::size_t body = answer.event_ends[m.dice.below(ends - 1)];
  m.expected =
      body < answer.output_at
          ? Expected{.statuses = {502}, .body = Body::refusal, .outcomes = {"upstream_error"}}
          : Expected{.statuses = {200}, .body = Body::told, .outcomes = {"upstream_cut"}};
  answer.body.resize(body);
  put_on_wire(answer, m.dice, any_framing(m.dice));
}
void refuses_early(const Making& m) {
  give_stream(m, Framing::sized);
  m.call.body = request_body(m.dice, m.call.id, m.call.model, true, m.dice.skewed(4U << 20U));
  m.call.answer = make_error(m.call.id, 413, "request_too_large");
  put_on_wire(m.call.answer, m.dice, Framing::sized);
  m.call.answers_early = true;
  m.call.write_bytes_max = std::string::npos;
  // Closing with unread bytes resets the connection, which may overtake the answer.
  m.expected = {.statuses = {413, 502}, .body = Body::any, .outcomes = {"upstream_error"}};
}
void document_is_cut(const Making& m) {
  m.call.answer = make_document(m.dice, m.call.id, m.dice.skewed(3U << 20U));
  put_on_wire(m.call.answer, m.dice, m.dice.one_in(2) ? Framing::chunked : Framing::sized);
  m.call.body = request_body(m.dice, m.call.id, m.call.model, false, 100);
  m.call.stop_at = m.dice.below(m.call.answer.wire.size() - 7);
  constexpr std::array all = {Then::finish, Then::reset, Then::stall};
  m.call.then = all[m.dice.below(all.size())];
  m.expected = {.statuses = {200, 502, 504},
                .body = Body::cut,
                .outcomes = {"upstream_cut", "upstream_error", "timeout"}};
}
void encoded_stream_is_cut(const Making& m) {
  m.call.answer = make_stream(m.dice, m.call.id,
                              {.deltas = m.dice.skewed(100), .text_bytes_max = 400, .gzip = true});
  put_on_wire(m.call.answer, m.dice, Framing::chunked);
  m.call.body = request_body(m.dice, m.call.id, m.call.model, true, 100);
  m.call.stop_at = m.dice.below(m.call.answer.wire.size() - 30);
  m.call.then = m.dice.one_in(2) ? Then::finish : Then::stall;
  m.expected = {.statuses = {200, 502, 504},
                .body = Body::cut,
                .outcomes = {"upstream_cut", "upstream_error", "timeout"}};
}

// --- sluice refuses ----------------------------------------------------------------------------------------------

void refused_by_sluice(Expected& expected, int status) {
  expected = {.statuses = {status}, .body = Body::refusal, .outcomes = {"refused"}};
}
void unknown_key(const Making& m) {
  give_stream(m, Framing::chunked);
  m.call.key = "sk-slc-nobodynobodynobodynobodynobodynobodynobodyn";
  refused_by_sluice(m.expected, 401);
}
void not_json(const Making& m) {
  give_stream(m, Framing::chunked);
  m.call.body.resize(m.call.body.size() - m.dice.between(1, 20));
  refused_by_sluice(m.expected, 400);
}
void unknown_route(const Making& m) {
  give_stream(m, Framing::chunked);
  m.call.path = "/v1/soak";
  refused_by_sluice(m.expected, 404);
}

struct Kind {
  const char* name;
  unsigned weight;
  void (*make)(const Making&);
};
#define KIND(name, weight) \
  Kind { #name, weight, name }
constexpr std::array kinds = {KIND(stream, 8),
                              KIND(document, 5),
                              KIND(refusal, 4),
                              KIND(reader_takes_its_time, 1),
                              KIND(kept_connection_is_refused, 5),
                              KIND(provider_ends_behind_the_answer, 3),
                              KIND(bytes_behind_the_answer, 2),
                              KIND(interim_answers, 2),
                              KIND(leaves_in_head, 2),
                              KIND(leaves_in_body, 4),
                              KIND(leaves_while_connecting, 3),
                              KIND(leaves_before_the_head, 4),
                              KIND(leaves_in_preamble, 4),
                              KIND(leaves_in_stream, 6),
                              KIND(leaves_while_it_reads_nothing, 1),
                              KIND(leaves_at_the_end, 4),
                              KIND(takes_nothing, 1),
                              KIND(stalls_at_offset, 8),
                              KIND(says_nothing, 2),
                              KIND(is_not_there, 2),
                              KIND(takes_no_connection, 1),
                              KIND(garbage_head, 3),
                              KIND(oversize_head, 1),
                              KIND(garbage_chunk, 4),
                              KIND(error_first, 3),
                              KIND(error_within, 3),
                              KIND(no_message_stop, 4),
                              KIND(refuses_early, 2),
                              KIND(document_is_cut, 3),
                              KIND(encoded_stream_is_cut, 3),
                              KIND(unknown_key, 1),
                              KIND(not_json, 1),
                              KIND(unknown_route, 1)};
#undef KIND
constexpr Kind resets{"resets_at_offset", 0, resets_at_offset};
constexpr Kind ends{"ends_at_offset", 0, ends_at_offset};

}  // namespace

Ending make_ending(std::uint64_t seed, std::uint64_t id, Milliseconds write_stall) {
  Dice dice = dice_of(seed, id);
  Ending ending{.call = std::make_shared<Call>(), .expected = {.statuses = {200}}};
  Call& call = *ending.call;
  call.id = id;
  call.key = key_secret;
  call.cut_seed = dice.next();
  constexpr std::array<std::size_t, 4> writes = {20, 1000, 65536, 1U << 20U};
  call.write_bytes_max = writes[dice.below(writes.size())];
  call.leaves_by_reset = dice.one_in(2);
  call.leave_delay = Milliseconds{dice.one_in(2) ? 0 : dice.skewed(30)};
  call.reuses_connection = !dice.one_in(10);
  // Every eighth request goes through the offsets of a reset, and every eighth through those of an end.
  std::size_t nth = static_cast<std::size_t>(id / 8);
  const Kind* kind = id % 8 == 0 ? &resets : &ends;
  if (id % 8 > 1) {
    nth = static_cast<std::size_t>(dice.below(1001));
    unsigned sum = 0;
    for (const Kind& each : kinds) sum += each.weight;
    std::uint64_t at = dice.below(sum);
    for (const Kind& each : kinds) {
      kind = &each;
      if (at < each.weight) break;
      at -= each.weight;
    }
  }
  call.kind = kind->name;
  kind->make({call, ending.expected, dice, nth, write_stall});
  return ending;
}

}  // namespace sluice::soak

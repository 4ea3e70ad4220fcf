/// Streams and documents of every shape, cut everywhere, read at every pace: each client gets each byte of its own
/// answer, and none of another's.

#include <fmt/format.h>

#include <array>
#include <cstdio>

#include "child.hpp"
#include "client.hpp"
#include "provider.hpp"
#include "settled.hpp"
#include "soak.hpp"

namespace sluice::soak {
namespace {

/// The request `id` of the run with `seed`: all of it, so that one can be run alone.
CallPtr make_call(std::uint64_t seed, std::uint64_t id) {
  Dice dice = dice_of(seed, id);
  auto call = std::make_shared<Call>();
  call->id = id;
  call->key = key_secret;
  const bool stream = !dice.one_in(6);
  const bool huge = dice.one_in(1500);
  call->kind = stream ? "stream" : "document";
  if (stream) {
    StreamShape shape{.deltas = dice.skewed(300), .text_bytes_max = 1};
    shape.text_bytes_max = dice.one_in(20) ? 20000 : dice.between(4, 400);
    if (shape.text_bytes_max > 1000) shape.deltas = dice.skewed(40);
    if (huge) shape.long_line_bytes = dice.between(60000, 10U << 20U);
    if (!huge && dice.one_in(50)) shape.long_line_bytes = dice.between(1000, 200000);
    shape.gzip = dice.one_in(5);
    call->answer = make_stream(dice, id, shape);
  } else {
    call->answer = make_document(dice, id, huge ? dice.between(0, 2U << 20U) : dice.skewed(60000));
  }
  constexpr std::array framings = {Framing::chunked, Framing::chunked, Framing::chunked,
                                   Framing::sized, Framing::until_close};
  put_on_wire(call->answer, dice, framings[dice.below(framings.size())]);
  constexpr std::array<std::size_t, 6> writes = {1, 30, 500, 5000, 65536, 1U << 20U};
  call->write_bytes_max = writes[dice.below(writes.size())];
  if (dice.one_in(20)) call->pause = Milliseconds{dice.between(1, 3)};
  if (call->answer.wire.size() / call->write_bytes_max > 200) call->pause = Milliseconds{0};
  call->cut_seed = dice.next();

  const std::size_t asked = dice.one_in(400) ? dice.between(0, 2U << 20U) : dice.skewed(8000);
  call->body = request_body(dice, id, call->model, stream, asked);
  if (dice.one_in(4)) call->send_bytes_max = dice.between(1, 2000);
  constexpr std::array<std::size_t, 4> reads = {65536, 65536, 4000, 100};
  call->read_bytes_max = std::max(reads[dice.below(reads.size())], call->answer.wire.size() / 3000);
  if (dice.one_in(12)) {
    call->read_pause = Milliseconds{1};
    call->read_bytes_max = std::max<std::size_t>(2000, call->answer.wire.size() / 200);
  }
  if (dice.one_in(25)) call->read_delay = Milliseconds{dice.between(1, 50)};
  call->reuses_connection = !dice.one_in(20);
  return call;
}

std::string fault_of(const Call& call) {
  if (call.timed_out) return "it never ended";
  if (!call.broken.empty()) return call.broken;
  if (call.status != 200) {
    return fmt::format("status {} {} {}", call.status, call.sluice_error, call.rest);
  }
  if (call.body_id != std::to_string(call.id)) return "the head is that of " + call.body_id;
  if (!call.rest.empty()) {
    return fmt::format("other bytes from {} on: {}", call.matched, call.rest.substr(0, 200));
  }
  if (call.matched != call.answer.body.size()) {
    return fmt::format("{} of {} bytes came", call.matched, call.answer.body.size());
  }
  if (!call.whole) return "the end was not told";
  if (call.request_differs) return "the provider got another request body";
  if (call.provider_calls != 1) return fmt::format("{} calls of the provider", call.provider_calls);
  return {};
}

/// The books must say what the answer said.
std::string fault_of(const Call& call, const Settled& settled) {
  if (settled.times != 1) return fmt::format("settled {} times", settled.times);
  if (settled.outcome != "ok" || settled.status != 200) {
    return fmt::format("settled as {} {}: {}", settled.outcome, settled.status, settled.reason);
  }
  if (settled.input != call.answer.input_tokens || settled.output != call.answer.output_tokens) {
    return fmt::format("settled {} + {} tokens instead of {} + {}", settled.input, settled.output,
                       call.answer.input_tokens, call.answer.output_tokens);
  }
  return {};
}

}  // namespace

void soak_bytes(const Options& options, Checks& checks) {
  const std::size_t count = options.only ? 1 : options.count;
  const std::uint64_t first = options.only.value_or(1);
  Poller poller;
  Board board;
  Provider provider(poller, board);
  SettledLog log;
  const Limits limits{.write_stall = Milliseconds{30000}};
  Child child(poller, options.program, configuration(provider.port(), options.threads, limits),
              [&](std::string_view line) { log.take(line); });
  const std::size_t descriptors_before = child.open_descriptors();
  std::size_t rss_quarter = 0;

  std::uint64_t next = first;
  std::size_t done = 0;
  std::uint64_t bytes = 0;
  std::size_t streams = 0;
  std::size_t encoded = 0;
  std::unordered_map<std::uint64_t, Call> unsettled;  // answers without their bytes
  const auto complain = [&](const Call& call, const std::string& fault) {
    checks.complain(fmt::format("seed {} id {} ({}{}, framing {}): {}", options.seed, call.id,
                                call.kind, call.answer.encoded ? ", gzip" : "",
                                static_cast<int>(call.answer.framing), fault));
  };
  const Time began = Clock::now();
  Client client(
      poller, board,
      {.port = child.port(),
       .connections = options.connections,
       .patience = Milliseconds{static_cast<long>(60000 * options.slowness)}},
      [&]() -> CallPtr {
        if (next == first + count) return nullptr;
        return make_call(options.seed, next++);
      },
      [&](Call& call) {
        ++done;
        bytes += call.body_bytes;
        streams += call.answer.stream ? 1U : 0U;
        encoded += call.answer.encoded ? 1U : 0U;
        if (const std::string fault = fault_of(call); !fault.empty()) complain(call, fault);
        Call rest;
        rest.id = call.id;
        rest.kind = call.kind;
        rest.answer.input_tokens = call.answer.input_tokens;
        rest.answer.output_tokens = call.answer.output_tokens;
        rest.answer.encoded = call.answer.encoded;
        rest.answer.framing = call.answer.framing;
        unsettled.emplace(call.id, std::move(rest));
        if (done == count / 4) rss_quarter = child.resident_bytes();
        if (done % 10000 == 0) {
          fmt::print("  {} of {}, {} MB, {:.0f} s, rss {} KB\n", done, count, bytes >> 20U,
                     std::chrono::duration<double>(Clock::now() - began).count(),
                     child.resident_bytes() >> 10U);
          std::fflush(stdout);
        }
        // The log is about a tick behind.
        if (unsettled.size() > 4000) {
          std::erase_if(unsettled, [&](const auto& entry) {
            const Settled& settled = log.of(entry.first);
            if (settled.times == 0) return false;
            if (const auto fault = fault_of(entry.second, settled); !fault.empty()) {
              complain(entry.second, fault);
            }
            return true;
          });
        }
      });
  const bool ended =
      poller.run([&] { return client.finished() || !child.alive(); }, std::chrono::hours{6});
  client.close_all();
  checks.check(ended && child.alive(), "bytes: sluice is alive at the end");
  if (!child.alive()) return;
  poller.run([&] { return log.all() >= done; }, Milliseconds{10000});
  for (const auto& [id, call] : unsettled) {
    if (const auto fault = fault_of(call, log.of(id)); !fault.empty()) complain(call, fault);
  }
  fmt::print(
      "  {} answers ({} streams, {} encoded), {} MB, {:.1f} s; rss {} KB at a quarter, {} KB at "
      "the end\n",
      done, streams, encoded, bytes >> 20U,
      std::chrono::duration<double>(Clock::now() - began).count(), rss_quarter >> 10U,
      child.resident_bytes() >> 10U);
  checks.check(
      checks.complaints() == 0 && done == count,
      fmt::format("bytes: {} answers came byte for byte, each settled once with its usage", done));
  checks.check(log.all() == done,
               fmt::format("bytes: {} lines settle {} requests", log.all(), done));
  checks.check(log.grave().empty(), "bytes: no error in the log " + log.grave());
  const bool given_back = poller.run(
      [&] {
        return child.metric("sluice_account_in_flight") == 0 &&
               child.open_descriptors() <=
                   descriptors_before +
                       static_cast<std::size_t>(child.metric("sluice_upstream_connections"));
      },
      Milliseconds{10000});
  checks.check(
      given_back,
      fmt::format("bytes: descriptors {} before, {} after, {} connections kept", descriptors_before,
                  child.open_descriptors(), child.metric("sluice_upstream_connections")));
  const int code = child.stop();
  checks.check(code == 0, fmt::format("bytes: exit code {}", code));
}

}  // namespace sluice::soak

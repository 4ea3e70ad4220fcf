/// Many streams at a time, an event now and then: `drain` ends the program under them, `capacity` only holds them.

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "child.hpp"
#include "client.hpp"
#include "provider.hpp"
#include "settled.hpp"
#include "soak.hpp"
#include "sockets.hpp"

namespace sluice::soak {
namespace {

/// `count` streams that begin over `ramp`, and speak every `pace` until all have run for `together`.
class PacedStreams {
 public:
  struct Plan {
    std::size_t count;
    Milliseconds ramp;
    Milliseconds pace;
    std::uint64_t events;
  };

  PacedStreams(const Options& options, const Plan& plan)
      : options_(options),
        plan_(plan),
        provider_(poller_, board_),
        child_(poller_, options.program, configuration(provider_.port(), options.threads, Limits{}),
               [this](std::string_view line) { log_.take(line); }),
        resident_before_(child_.resident_bytes()),
        client_(
            poller_, board_,
            {.port = child_.port(),
             .connections = plan.count,
             .patience = Milliseconds{300000},
             .sources = 16,
             .ramp = plan.ramp},
            [this]() -> CallPtr { return begun_ == plan_.count ? nullptr : make(++begun_); },
            [this](const Call& call) { take(call); }) {}

  /// All streams have begun, and none is over.
  bool wait_until_all_live() {
    return poller_.run(
               [this] {
                 return !child_.alive() || done_ > 0 ||
                        (begun_ == plan_.count && provider_.connections() >= plan_.count);
               },
               Milliseconds{120000}) &&
           done_ == 0;
  }
  bool wait_until_all_over() {
    return poller_.run([this] { return done_ == plan_.count || !child_.alive(); },
                       Milliseconds{300000});
  }

  [[nodiscard]] Poller& poller() { return poller_; }
  [[nodiscard]] Child& child() { return child_; }
  [[nodiscard]] const SettledLog& log() const { return log_; }
  [[nodiscard]] std::size_t whole() const { return whole_; }
  [[nodiscard]] std::size_t done() const { return done_; }
  [[nodiscard]] std::size_t resident_before() const { return resident_before_; }
  [[nodiscard]] const std::string& first_fault() const { return first_fault_; }

 private:
  CallPtr make(std::uint64_t id) {
    Dice dice = dice_of(options_.seed, id);
    auto call = std::make_shared<Call>();
    call->id = id;
    call->kind = "paced";
    call->key = key_secret;
    call->answer =
        make_stream(dice, id, {.deltas = plan_.events, .text_bytes_max = 60, .odd = false});
    put_on_wire(call->answer, dice, Framing::chunked);
    call->body = request_body(dice, id, call->model, true, 200);
    // About an event a write.
    call->write_bytes_max = 2 * call->answer.wire.size() / (plan_.events + 6);
    call->pause = plan_.pace;
    call->cut_seed = dice.next();
    call->reuses_connection = false;
    return call;
  }

  void take(const Call& call) {
    ++done_;
    const bool good = call.status == 200 && call.whole && call.rest.empty() &&
                      call.matched == call.answer.body.size();
    whole_ += good ? 1U : 0U;
    if (!good && first_fault_.empty()) {
      first_fault_ =
          fmt::format("id {}: status {}, {} of {} bytes, {}{:.100}", call.id, call.status,
                      call.matched, call.answer.body.size(), call.broken, call.rest);
    }
  }

  const Options& options_;
  Plan plan_;
  Poller poller_;
  Board board_;
  Provider provider_;
  SettledLog log_;
  Child child_;
  std::size_t resident_before_;
  std::uint64_t begun_ = 0;
  std::size_t done_ = 0;
  std::size_t whole_ = 0;
  std::string first_fault_;
  Client client_;
};

}  // namespace

void soak_drain(const Options& options, Checks& checks) {
  PacedStreams streams(
      options,
      {.count = options.count, .ramp = Milliseconds{500}, .pace = Milliseconds{100}, .events = 30});
  Child& child = streams.child();
  checks.check(streams.wait_until_all_live(), fmt::format("drain: {} streams live", options.count));
  checks.check(child.ask("GET", "/ready").status == 200, "drain: /ready says 200 before");
  child.signal(SIGTERM);
  // The signal is taken by another thread than the one that answers; nothing promises more than "soon".
  const Time asked = Clock::now();
  Child::Reply ready;
  while ((ready = child.ask("GET", "/ready")).status == 200 &&
         Clock::now() - asked < Milliseconds{500}) {
  }
  const auto took = std::chrono::duration_cast<Milliseconds>(Clock::now() - asked);
  checks.check(ready.status == 503,
               fmt::format("drain: /ready says {} after {} ms", ready.status, took.count()));
  Dice dice(options.seed);
  const Child::Reply refused = child.ask(
      "POST", "/v1/messages",
      fmt::format(
          "x-api-key: {}\r\nanthropic-version: 2023-06-01\r\ncontent-type: application/json\r\n",
          key_secret),
      request_body(dice, 0, "claude-soak", true, 10));
  checks.check(
      refused.status == 503 && refused.head.find("x-sluice-error: overloaded") != std::string::npos,
      fmt::format("drain: a new request gets {} {}", refused.status, refused.body));
  checks.check(streams.done() == 0, "drain: no stream ended on the signal");
  (void)streams.wait_until_all_over();
  checks.check(streams.whole() == options.count,
               fmt::format("drain: {} of {} streams came whole {}", streams.whole(), options.count,
                           streams.first_fault()));
  const Time ended = Clock::now();
  const int code = child.wait(Milliseconds{10000});
  checks.check(code == 0,
               fmt::format("drain: exit code {}, {} ms after the last stream", code,
                           std::chrono::duration_cast<Milliseconds>(Clock::now() - ended).count()));
  checks.check(streams.log().known() == options.count,
               fmt::format("drain: {} requests settled in the log", streams.log().known()));
}

void soak_capacity(const Options& options, Checks& checks) {
  // Here and in sluice alike a stream takes two.
  const std::size_t carried = (raise_descriptor_limit() - 200) / 2;
  const std::size_t count = std::min(options.count, carried);
  if (count < options.count) {
    fmt::print("  {} streams of {}: RLIMIT_NOFILE carries no more\n", count, options.count);
  }
  const auto ramp =
      Milliseconds{static_cast<long>(static_cast<double>(count) * 0.6 * options.slowness)};
  const std::uint64_t events = 8 + static_cast<std::uint64_t>(ramp.count()) / 700;
  PacedStreams streams(
      options, {.count = count, .ramp = ramp, .pace = Milliseconds{1000}, .events = events});
  Child& child = streams.child();
  const double began = child.metric("process_cpu_seconds_total");
  const Time start = Clock::now();
  checks.check(streams.wait_until_all_live(),
               fmt::format("capacity: {} streams live at a time; {} over {}", count, streams.done(),
                           streams.first_fault()));
  // So that each has had its first output.
  streams.poller().run([&] { return streams.done() > 0; }, Milliseconds{4000});
  const double active = child.metric("sluice_streams_active");
  const std::size_t resident = child.resident_bytes();
  fmt::print(
      "  {} streams active on {} thread(s), rss {} KB ({} KB without: {:.1f} KB a stream), {} "
      "descriptors\n",
      active, options.threads, resident >> 10U, streams.resident_before() >> 10U,
      static_cast<double>(resident - streams.resident_before()) / 1024 / static_cast<double>(count),
      child.open_descriptors());
  (void)streams.wait_until_all_over();
  checks.check(streams.whole() == count,
               fmt::format("capacity: {} of {} streams came whole {}", streams.whole(), count,
                           streams.first_fault()));
  streams.poller().run([&] { return streams.log().known() >= count; }, Milliseconds{5000});
  checks.check(streams.log().known() == count,
               fmt::format("capacity: {} requests settled", streams.log().known()));
  fmt::print("  {:.1f} s of CPU in {:.1f} s, rss {} KB at the end\n",
             child.metric("process_cpu_seconds_total") - began,
             std::chrono::duration<double>(Clock::now() - start).count(),
             child.resident_bytes() >> 10U);
}

}  // namespace sluice::soak

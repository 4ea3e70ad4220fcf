/// Requests that end in every way we know: each is settled once, each client sees how it ended, and nothing is left.

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <thread>
#include <vector>

#include "child.hpp"
#include "client.hpp"
#include "ending.hpp"
#include "provider.hpp"
#include "soak.hpp"
#include "sockets.hpp"

namespace sluice::soak {
namespace {

/// A listener whose backlog is full: who connects waits.
class DeafListener {
 public:
  DeafListener() : fd_(listen_on_loopback(port_, 0)) {
    for (int& caller : callers_) caller = connect_to_loopback({.port = port_});
  }
  DeafListener(const DeafListener&) = delete;
  DeafListener& operator=(const DeafListener&) = delete;
  ~DeafListener() {
    for (const int caller : callers_) ::close(caller);
    ::close(fd_);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_ = 0;
  int fd_;
  std::array<int, 8> callers_{};
};

/// A port on which nobody listens, for as long as this lives.
class ClosedPort {
 public:
  ClosedPort() : fd_(listen_on_loopback(port_, 1)) { ::shutdown(fd_, SHUT_RDWR); }
  ClosedPort(const ClosedPort&) = delete;
  ClosedPort& operator=(const ClosedPort&) = delete;
  ~ClosedPort() { ::close(fd_); }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_ = 0;
  int fd_;
};

/// What is still to be compared with the log.
struct Seen {
  std::uint64_t id;
  const char* kind;
  int status;
  Expected expected;
  Answer answer;  // without its bytes
};

class Endings {
 public:
  Endings(const Options& options, Checks& checks)
      : options_(options),
        checks_(checks),
        limits_{.connect = stretched(600),
                .first_byte = stretched(900),
                .idle = stretched(700),
                .write_stall = stretched(2500)},
        provider_(poller_, board_),
        child_(poller_, options.program,
               configuration(provider_.port(), options.threads, limits_) +
                   account("deaf", "deaf-*", deaf_.port()) +
                   account("closed", "closed-*", closed_.port()),
               [this](std::string_view line) { log_.take(line); }),
        descriptors_before_(child_.open_descriptors()) {}

  void run() {
    const std::size_t count = options_.only ? 1 : options_.count;
    std::vector<std::size_t> resident(options_.rounds);
    for (std::size_t round = 0; round < resident.size(); ++round) {
      if (!run_round(options_.only.value_or(1 + round * count), count)) return;
      resident[round] = child_.resident_bytes();
      fmt::print("  round {}: {} requests so far, rss {} KB, {} descriptors ({} at the start)\n",
                 round + 1, made_, resident[round] >> 10U, child_.open_descriptors(),
                 descriptors_before_);
      if (options_.only) break;
    }
    const int code = child_.stop();
    checks_.check(code == 0, fmt::format("endings: exit code {}", code));
    if (options_.only) return;
    for (const auto& [kind, outcomes] : tally_) fmt::print("  {:32} {}\n", kind, outcomes);
    // The first rounds bring the buffers, pools and tables of so many requests at a time into being; later ones find them
    // there. What they add would be lost by the request. The allocator was told to keep nothing (child.cpp), but how
    // many large answers are held when a round ends is chance: so the best of the later rounds against the worst of the
    // earlier ones, and 5 % and a MiB of play.
    if (options_.measures_memory) {
      const auto half = resident.begin() + static_cast<std::ptrdiff_t>(resident.size() / 2);
      const std::size_t before = *std::max_element(resident.begin(), half);
      const std::size_t after = *std::min_element(half, resident.end());
      checks_.check(
          after <= before + before / 20 + (1U << 20U),
          fmt::format("endings: rss {} KB in the first half of the rounds, {} KB in the second",
                      before >> 10U, after >> 10U));
    }
  }

 private:
  [[nodiscard]] Milliseconds stretched(int milliseconds) const {
    return Milliseconds{static_cast<long>(milliseconds * options_.slowness)};
  }

  bool run_round(std::uint64_t first, std::size_t count) {
    std::uint64_t next = first;
    std::map<std::uint64_t, Expected> expected;
    std::vector<Seen> seen;
    Client client(
        poller_, board_,
        {.port = child_.port(),
         .connections = options_.connections,
         .patience = stretched(60000),
         .ramp = Milliseconds{options_.only ? 0 : 500}},
        [&]() -> CallPtr {
          if (next == first + count) return nullptr;
          Ending ending = make_ending(options_.seed, next++, limits_.write_stall);
          expected[ending.call->id] = std::move(ending.expected);
          return ending.call;
        },
        [&](Call& call) {
          auto entry = expected.extract(call.id);
          ++made_;
          settled_ += static_cast<std::size_t>(entry.mapped().settled);
          complain(call.id, call.kind, fault_of(call, entry.mapped()));
          call.answer.body = call.answer.wire = std::string();
          call.answer.runs = {};
          call.answer.event_ends = {};
          seen.push_back({call.id, call.kind, call.left ? 0 : call.status,
                          std::move(entry.mapped()), std::move(call.answer)});
        });
    poller_.run([&] { return client.finished() || !child_.alive(); }, std::chrono::hours{1});
    checks_.check(child_.alive(), "endings: sluice is alive");
    if (!child_.alive()) return false;
    client.close_all();
    poller_.run([&] { return log_.all() >= settled_; }, stretched(5000));
    for (const Seen& one : seen) {
      const Settled& settled = log_.of(one.id);
      tally_[one.kind] +=
          tally_[one.kind].find(settled.outcome) == std::string::npos ? " " + settled.outcome : "";
      complain(one.id, one.kind, fault_of(settled, one.expected, one.status, one.answer));
    }
    check_nothing_is_left();
    return true;
  }

  void complain(std::uint64_t id, const char* kind, const std::string& fault) {
    if (fault.empty()) return;
    checks_.complain(fmt::format("seed {} id {} {}: {}", options_.seed, id, kind, fault));
  }

  void check_nothing_is_left() {
    checks_.check(checks_.complaints() == 0,
                  fmt::format("endings: {} requests ended as they must, {} faults", made_,
                              checks_.complaints()));
    checks_.check(log_.all() == settled_ && log_.known() <= made_,
                  fmt::format("endings: {} lines settle {} requests", log_.all(), settled_));
    checks_.check(log_.grave().empty(), "endings: no error in the log " + log_.grave());
    provider_.close_idle();
    const bool quiet = poller_.run(
        [&] {
          return child_.metric("sluice_account_in_flight") == 0 &&
                 child_.metric("sluice_streams_active") == 0 &&
                 child_.metric("sluice_upstream_connections") == 0 &&
                 child_.open_descriptors() <= descriptors_before_;
        },
        stretched(8000));
    checks_.check(quiet, fmt::format("endings: in flight {}, streams {}, connections to providers "
                                     "{}, descriptors {} ({} before)",
                                     child_.metric("sluice_account_in_flight"),
                                     child_.metric("sluice_streams_active"),
                                     child_.metric("sluice_upstream_connections"),
                                     child_.open_descriptors(), descriptors_before_));
    const double counted = child_.metric("sluice_requests_total{");
    checks_.check(counted == static_cast<double>(settled_),
                  fmt::format("endings: sluice_requests_total says {} of {}", counted, settled_));
    checks_.check(
        provider_.connections() == 0,
        fmt::format("endings: {} connections held at the provider", provider_.connections()));
  }

  const Options& options_;
  Checks& checks_;
  Limits limits_;
  Poller poller_;
  Board board_;
  Provider provider_;
  DeafListener deaf_;
  ClosedPort closed_;
  SettledLog log_;
  Child child_;
  std::size_t descriptors_before_;
  std::size_t made_ = 0;
  std::size_t settled_ = 0;
  std::map<std::string, std::string> tally_;
};

}  // namespace

void soak_endings(const Options& options, Checks& checks) {
  Endings endings(options, checks);
  endings.run();
}

}  // namespace sluice::soak

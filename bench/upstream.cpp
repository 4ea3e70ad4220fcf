/// bench_upstream: a provider that costs little. It speaks just enough HTTP/1.1 to stand behind a
/// proxy on one thread: any POST gets a Messages answer, or a Messages stream where the body says
/// `"stream":true`; see StreamPlan.
///
/// Paced streams do not beat together: the first due time of each is its own share of the period
/// (golden ratio), so that any number of streams is spread evenly; due times are then rounded up to
/// the tick. At 1,000 streams of 20 events/s and a tick of 1 ms, 20 different streams get an event
/// in each tick. Unpaced streams take turns: one write each, round after round.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cmath>
#include <cstdio>
#include <deque>
#include <exception>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "channel.hpp"
#include "flags.hpp"
#include "poller.hpp"
#include "script_bytes.hpp"

namespace sluice::bench {
namespace {

using Outcome = Channel::Outcome;

struct Session {
  explicit Session(std::unique_ptr<Channel> opened) : channel(std::move(opened)) {}

  std::unique_ptr<Channel> channel;
  std::string in;
  std::string out;  // what the socket did not take yet
  StreamPlan plan;
  std::size_t deltas_left = 0;
  Time started;
  std::chrono::nanoseconds phase{};
  std::size_t deltas_sent = 0;
  bool streaming = false;
  bool takes_turns = false;
};

class Upstream {
 public:
  Upstream(int plain, int tls, SSL_CTX* context) : plain_(plain), tls_(tls), context_(context) {
    poller_.add(plain_, plain_tag);
    if (tls_ >= 0) poller_.add(tls_, tls_tag);
  }

  [[noreturn]] void run() {
    for (;;) {
      for (const epoll_event& event : poller_.wait(next_wake())) on_event(event);
      send_what_is_due();
      give_each_a_turn();
    }
  }

 private:
  static constexpr std::uint64_t plain_tag = ~std::uint64_t{0};
  static constexpr std::uint64_t tls_tag = plain_tag - 1;

  struct Due {
    Time at;
    std::uint64_t id;
    bool operator>(const Due& other) const { return at > other.at; }
  };

  [[nodiscard]] std::optional<Time> next_wake() const {
    if (!turns_.empty()) return Time{};
    if (!dues_.empty()) return dues_.top().at;
    return std::nullopt;
  }

  void on_event(const epoll_event& event) {
    if (event.data.u64 == plain_tag) return accept_all(plain_, nullptr);
    if (event.data.u64 == tls_tag) return accept_all(tls_, context_);
    Session* session = find(event.data.u64);
    if (session == nullptr) return;
    if (!flush(*session) || !receive(event.data.u64, *session, is_closing(event)))
      return drop(event.data.u64);
    if (session->out.empty()) take_turns(event.data.u64, *session);
  }

  void accept_all(int listener, SSL_CTX* context) {
    for (;;) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      // Ids are never used twice: a due time or a turn of a dropped session finds nobody.
      const std::uint64_t id = next_id_++;
      sessions_.emplace(id, std::make_unique<Session>(
                                std::make_unique<Channel>(fd, context, Channel::Role::server)));
      poller_.add(fd, id);
    }
  }

  [[nodiscard]] Session* find(std::uint64_t id) {
    const auto found = sessions_.find(id);
    return found == sessions_.end() ? nullptr : found->second.get();
  }
  void drop(std::uint64_t id) { sessions_.erase(id); }

  /// False when the session is over.
  [[nodiscard]] bool receive(std::uint64_t id, Session& session, bool to_the_end) {
    for (;;) {
      const auto [outcome, bytes] = session.channel->read(scratch_);
      if (outcome == Outcome::ended) return false;
      if (outcome == Outcome::again) break;
      session.in.append(scratch_.data(), bytes);
      if (bytes < scratch_.size() && !session.channel->is_tls() && !to_the_end) break;
    }
    return session.streaming || answer_requests(id, session);
  }

  [[nodiscard]] bool answer_requests(std::uint64_t id, Session& session) {
    while (!session.streaming) {
      const auto head_end = session.in.find("\r\n\r\n");
      if (head_end == session.in.npos) return true;
      const std::size_t size = head_end + 4 + body_size(session.in.substr(0, head_end));
      if (session.in.size() < size) return true;
      const std::string_view request = std::string_view(session.in).substr(0, size);
      const std::string_view body = request.substr(head_end + 4);
      const bool stream =
          body.find(R"("stream":true)") != body.npos || body.find(R"("stream": true)") != body.npos;
      if (stream) start_stream(id, session, plan_of(request));
      session.in.erase(0, size);
      if (!send(session, stream ? stream_opening() : json_answer())) return false;
    }
    return true;
  }

  [[nodiscard]] static std::size_t body_size(std::string head) {
    for (char& c : head) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    constexpr std::string_view name = "\r\ncontent-length:";
    const auto at = head.find(name);
    return at == head.npos ? 0 : std::strtoul(head.c_str() + at + name.size(), nullptr, 10);
  }

  void start_stream(std::uint64_t id, Session& session, const StreamPlan& plan) {
    session.plan = plan;
    session.deltas_left = plan.events;
    session.deltas_sent = 0;
    session.streaming = true;
    session.started = now();
    if (plan.rate > 0) {
      const double share = std::fmod(static_cast<double>(++paced_) * 0.6180339887498949, 1.0);
      session.phase = std::chrono::nanoseconds(std::llround(share * 1e9 / plan.rate));
      schedule(id, session);
    } else {
      take_turns(id, session);
    }
  }

  void schedule(std::uint64_t id, const Session& session) {
    const double offset = static_cast<double>(session.deltas_sent) * 1e9 / session.plan.rate;
    Time due = session.started + session.phase + std::chrono::nanoseconds(std::llround(offset));
    const std::chrono::nanoseconds tick = session.plan.tick;
    if (tick.count() > 0) {
      const auto past = due.time_since_epoch() % tick;
      if (past.count() > 0) due += tick - past;
    }
    dues_.push({due, id});
  }

  void take_turns(std::uint64_t id, Session& session) {
    const bool unpaced = session.streaming && session.plan.rate <= 0 && !is_held(session);
    if (!unpaced || session.takes_turns) return;
    session.takes_turns = true;
    turns_.push_back(id);
  }

  void send_what_is_due() {
    if (dues_.empty()) return;
    const Time time = now();
    while (!dues_.empty() && dues_.top().at <= time) {
      const std::uint64_t id = dues_.top().id;
      dues_.pop();
      Session* session = find(id);
      if (session == nullptr) continue;
      if (!advance(id, *session, 1))
        drop(id);
      else if (session->streaming && session->deltas_sent > 0 && !is_held(*session))
        schedule(id, *session);
    }
  }

  void give_each_a_turn() {
    for (std::size_t i = turns_.size(); i > 0; --i) {
      const std::uint64_t id = turns_.front();
      turns_.pop_front();
      Session* session = find(id);
      if (session == nullptr) continue;
      session->takes_turns = false;
      // A full socket comes back when it has been flushed.
      if (!session->out.empty()) continue;
      if (!advance(id, *session, session->plan.burst))
        drop(id);
      else
        take_turns(id, *session);
    }
  }

  static bool is_held(const Session& session) {
    return session.plan.hold && session.deltas_left == 0;
  }

  /// The next deltas, or the ending where none are left. False when the session is over.
  [[nodiscard]] bool advance(std::uint64_t id, Session& session, std::size_t burst) {
    if (session.deltas_left > 0) {
      const std::size_t count = std::min(burst, session.deltas_left);
      session.deltas_left -= count;
      session.deltas_sent += count;
      return send(session, stream_deltas(count));
    }
    if (session.plan.hold) return true;
    session.streaming = false;
    return send(session, stream_ending()) && answer_requests(id, session);
  }

  [[nodiscard]] bool send(Session& session, std::string_view bytes) {
    if (session.out.empty()) {
      const auto [outcome, sent] = session.channel->write(bytes);
      if (outcome == Outcome::ended) return false;
      bytes.remove_prefix(sent);
    }
    session.out.append(bytes);
    return true;
  }

  [[nodiscard]] bool flush(Session& session) {
    while (!session.out.empty()) {
      const auto [outcome, sent] = session.channel->write(session.out);
      if (outcome == Outcome::ended) return false;
      if (outcome == Outcome::again) break;
      session.out.erase(0, sent);
    }
    return true;
  }

  Poller poller_;
  int plain_;
  int tls_;
  SSL_CTX* context_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Session>> sessions_;
  std::uint64_t next_id_ = 1;
  std::uint64_t paced_ = 0;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> dues_;
  std::deque<std::uint64_t> turns_;
  std::array<char, 65536> scratch_{};
};

constexpr const char* help =
    "bench_upstream [--port P] [--tls-port P --tls-cert FILE --tls-key FILE]\n"
    "  Listens on 127.0.0.1 (port 0: a free one), prints {\"port\":..,\"tls_port\":..} and serves "
    "until a signal.\n"
    "  A request steers its stream with `x-bench: "
    "events=N,rate=PER_SECOND,tick=MICROSECONDS,burst=N,hold`\n"
    "  in a header, the query or the body.\n";

void serve(std::span<char* const> words) {
  const Flags flags(words, {{"port", "0"}, {"tls-port", "0"}, {"tls-cert", ""}, {"tls-key", ""}});
  raise_descriptor_limit();
  auto port = flags.number<std::uint16_t>("port");
  auto tls_port = flags.number<std::uint16_t>("tls-port");
  TlsContext context(nullptr, &SSL_CTX_free);
  const int plain = listen_on_loopback(port);
  int tls = -1;
  if (!flags.text("tls-cert").empty()) {
    context = tls_server(flags.text("tls-cert"), flags.text("tls-key"));
    tls = listen_on_loopback(tls_port);
  }
  std::printf("{\"port\":%u,\"tls_port\":%u}\n", port, tls < 0 ? 0U : tls_port);
  std::fflush(stdout);
  Upstream(plain, tls, context.get()).run();
}

}  // namespace
}  // namespace sluice::bench

int main(int count, char** words) {
  if (count > 1 && std::string_view(words[1]) == "--help") {
    std::fputs(sluice::bench::help, stdout);
    return 0;
  }
  try {
    sluice::bench::serve({words + 1, static_cast<std::size_t>(count - 1)});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_upstream: %s\n", error.what());
    return 1;
  }
}

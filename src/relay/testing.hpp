#pragma once
/// A relay in one process, for tests: a server with its loop on a thread of its own, a provider and clients that are
/// plain blocking sockets of the test's thread. What a test has read has happened; time moves by hand alone.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/ascii.hpp"
#include "dialect/anthropic/anthropic.hpp"
#include "http/server.hpp"
#include "net/dialer.hpp"
#include "relay/relay_service.hpp"

namespace sluice::relay::testing {

/// A blocking TCP socket; a read that would wait for more than ten seconds ends as if the peer had left.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  Socket(Socket&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), seen_(std::move(other.seen_)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() { close(); }

  static Socket connect(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    return Socket(fd);
  }

  /// False when the peer is gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }
  /// More bytes into `seen`; false at the end.
  bool read_some() {
    char bytes[65536];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    seen_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  /// Reads until `text` was seen; false when the end came first.
  bool read_until(std::string_view text) {
    while (seen_.find(text) == std::string::npos) {
      if (!read_some()) return false;
    }
    return true;
  }
  /// Reads until the peer ends or resets the connection.
  void read_to_end() {
    while (read_some()) {
    }
  }
  /// Whether the peer has ended or reset the connection; never waits.
  [[nodiscard]] bool has_ended() {
    char bytes[65536];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got > 0) seen_.append(bytes, static_cast<std::size_t>(got));
    return got == 0 || (got < 0 && errno != EAGAIN);
  }
  /// Bytes that the peer's kernel hasn't got.
  [[nodiscard]] int unsent() const {
    int bytes = 0;
    ::ioctl(fd_, SIOCOUTQ, &bytes);
    return bytes;
  }
  [[nodiscard]] std::string& seen() { return seen_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

 private:
  int fd_;
  std::string seen_;
};

/// An answer as the client got it.
struct Answer {
  int status = 0;
  std::string head;
  std::string body;
  bool whole = false;  // it ended where its framing says
  [[nodiscard]] bool has(std::string_view line) const {
    return head.find(line) != std::string::npos;
  }
};

inline std::size_t number(std::string_view text, int base) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

/// Takes the first answer off `bytes`; what is behind it stays.
inline Answer take_answer(std::string& bytes) {
  Answer answer;
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return answer;
  answer.head = bytes.substr(0, end + 2);
  std::string_view rest = std::string_view(bytes).substr(end + 4);
  answer.status = static_cast<int>(number(answer.head.substr(9, 3), 10));
  if (const auto at = answer.head.find("content-length: "); at != std::string::npos) {
    const std::size_t length = number(std::string_view(answer.head).substr(at + 16), 10);
    answer.body = rest.substr(0, length);
    answer.whole = answer.body.size() == length;
    rest.remove_prefix(answer.body.size());
  } else if (answer.has("transfer-encoding: chunked")) {
    for (;;) {
      const auto line = rest.find("\r\n");
      if (line == std::string_view::npos) break;
      const std::size_t size = number(rest.substr(0, line), 16);
      rest.remove_prefix(line + 2);
      answer.body += rest.substr(0, size);
      if (rest.size() < size + 2) break;
      rest.remove_prefix(size + 2);
      answer.whole = size == 0;
      if (answer.whole) break;
    }
  }
  bytes = std::string(rest);
  return answer;
}

inline std::string chunk(std::string_view bytes) {
  char head[32];
  std::snprintf(head, sizeof head, "%zx\r\n", bytes.size());
  return std::string(head).append(bytes).append("\r\n");
}
constexpr std::string_view last_chunk = "0\r\n\r\n";
constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

inline std::string document(int status, std::string_view body, std::string_view fields = {}) {
  std::string out =
      "HTTP/1.1 " + std::to_string(status) + " X\r\ncontent-type: application/json\r\n";
  out.append(fields).append("content-length: ").append(std::to_string(body.size()));
  return out.append("\r\n\r\n").append(body);
}

// A stream, in the three parts that matter: before the first output, output, and its end.
inline const std::string preamble =
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":"
    "\"claude-x\",\"usage\":{\"input_tokens\":11,\"output_tokens\":1}}}\n\n"
    "event: ping\ndata: {\"type\":\"ping\"}\n\n";
inline const std::string content =
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
    "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
    "{\"type\":\"text_delta\",\"text\":\"Hello there\"}}\n\n";
inline const std::string ending =
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
    "\"end_turn\"},\"usage\":{\"output_tokens\":42}}\n\n"
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

constexpr std::string_view client_secret = "sk-slc-client-key-of-the-tests";
constexpr std::string_view provider_secret = "sk-ant-secret-of-the-account";

inline std::string post(std::string_view body, std::string_view path = "/v1/messages",
                        std::string_view fields = {}) {
  std::string out = "POST " + std::string(path) + " HTTP/1.1\r\nhost: relay\r\nx-api-key: ";
  out.append(client_secret).append("\r\n").append(fields).append("content-length: ");
  return out.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
}
inline std::string stream_request() {
  return post(R"({"model":"claude-x","max_tokens":9,"stream":true,"messages":[]})");
}
inline std::string document_request() {
  return post(R"({"model":"claude-x","max_tokens":9,"messages":[]})");
}

class House final : private http::Handler {
 public:
  struct Settings {
    RelayLimits limits = {.max_attempts = 1};  // of each request
    int key_concurrency = 0;
    int account_concurrency = 0;
    int accounts = 1;  // the first is asked first
    std::vector<std::pair<std::string, std::string>> model_map = {};
    bool refreshable = false;
    bool rests = true;  // accounts do, after failures
    std::vector<net::Network> key_networks = {};
    std::vector<net::Network> trusted_proxies = {};
  };

  House() : House(Settings{}) {}
  explicit House(Settings settings) : server_(loop_, random_, *this, budget_, counts_, {}) {
    for (int i = 0; i < settings.accounts; ++i) add_provider(i);
    use(settings);
    EXPECT_TRUE(server_.listen(*net::Address::parse("127.0.0.1:0"), nullptr));
    const auto* bound = reinterpret_cast<const sockaddr_in*>(server_.address().raw());
    port_ = ntohs(bound->sin_port);
    thread_ = std::thread([this] {
      loop_.run();
      server_.stop_listening();
      server_.close_all();
    });
  }
  ~House() override {
    stop();
    for (const int fd : provider_fds_) ::close(fd);
  }

  [[nodiscard]] Socket client() const { return Socket::connect(port_); }
  /// A client that has asked already.
  [[nodiscard]] Socket ask(std::string_view request) const {
    Socket client = this->client();
    client.send(request);
    return client;
  }
  /// The next connection of the relay to that account's provider, and the whole request on it.
  [[nodiscard]] Socket called(std::size_t account = 0) const {
    Socket call(::accept4(provider_fds_[account], nullptr, nullptr, SOCK_CLOEXEC));
    read_request(call);
    return call;
  }
  static void read_request(Socket& call) {
    EXPECT_TRUE(call.read_until("\r\n\r\n"));
    const auto end = call.seen().find("\r\n\r\n") + 4;
    const auto at = call.seen().find("content-length: ");
    if (at == std::string::npos || at > end) return;
    const std::size_t length = number(std::string_view(call.seen()).substr(at + 16), 10);
    while (call.seen().size() < end + length && call.read_some()) {
    }
  }
  /// Whether a connection to the provider is there; never waits for one.
  [[nodiscard]] bool was_called(std::size_t account = 0) const {
    pollfd listener{.fd = provider_fds_[account], .events = POLLIN, .revents = 0};
    return ::poll(&listener, 1, 0) == 1;
  }

  /// Nothing listens where that account's provider was.
  void take_provider_down(std::size_t account) {
    ::close(std::exchange(provider_fds_[account], -1));
  }

  /// For requests that begin from now on.
  void use(const Settings& settings, std::string_view secret = provider_secret) {
    auto made = snapshot(settings, secret);
    if (thread_.joinable()) {
      on_loop([&] { service_.use(made); });
    } else {
      service_.use(made);
    }
  }

  /// Does `work` on the loop's thread, after all that is due there, and waits for it.
  void on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    loop_.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  /// Moves the time, and waits until what was due has been done.
  void advance(Milliseconds by) {
    on_loop([&] { clock_.advance(by); });
    // The next turn sees the new time and fires what is due; the one after it comes behind that.
    on_loop([] {});
    on_loop([] {});
  }

  /// Waits, a turn of the loop at a time, until `condition` holds.
  void until(const std::function<bool()>& condition) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), patience) << "this never came true";
      on_loop([] {});
    }
  }
  /// Whether the relay has taken, and worked on, all that was sent on `call`.
  [[nodiscard]] bool has_read(const Socket& call) {
    if (call.unsent() > 0) return false;
    on_loop([] {});
    on_loop([] {});
    return true;
  }

  /// Ends the loop: all that was to be settled is.
  void stop() {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
  }
  // After `stop`:
  [[nodiscard]] std::uint64_t settled() const {
    std::uint64_t sum = 0;
    for (std::size_t outcome = 0; outcome < metrics::count_of<metrics::Outcome>; ++outcome) {
      sum += settled(static_cast<metrics::Outcome>(outcome));
    }
    return sum;
  }
  [[nodiscard]] std::uint64_t settled(metrics::Outcome outcome) const {
    std::uint64_t sum = 0;
    for (std::size_t dialect = 0; dialect < metrics::count_of<metrics::Dialect>; ++dialect) {
      for (std::size_t kind = 0; kind < metrics::count_of<metrics::ProviderKind>; ++kind) {
        sum += metrics()
                   .requests
                   .of(static_cast<metrics::Dialect>(dialect),
                       static_cast<metrics::ProviderKind>(kind), outcome)
                   .value();
      }
    }
    return sum;
  }
  [[nodiscard]] std::uint64_t tokens(metrics::TokenKind kind) const {
    std::uint64_t sum = 0;
    for (std::size_t label = 0; label < metrics::ModelTable::labels_max; ++label) {
      sum += metrics().tokens.of(static_cast<metrics::ModelLabel>(label), kind).value();
    }
    return sum;
  }
  [[nodiscard]] std::uint64_t attempts(metrics::AttemptResult result) const {
    return metrics().attempts.of(metrics::ProviderKind::anthropic, result).value();
  }
  [[nodiscard]] std::uint64_t all_attempts() const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < metrics::count_of<metrics::AttemptResult>; ++i) {
      sum += attempts(static_cast<metrics::AttemptResult>(i));
    }
    return sum;
  }
  /// Every lease came back.
  void expect_nothing_held() const {
    for (const auto& state : account_states_) EXPECT_EQ(state->in_flight.load(), 0);
    EXPECT_EQ(key_state_->slots.in_use(), 0);
    EXPECT_EQ(metrics().streams_active.value(), 0);
    EXPECT_EQ(budget_.left(), budget_bytes);
  }
  [[nodiscard]] const metrics::ThreadMetrics& metrics() const { return metrics_.thread(0); }
  [[nodiscard]] routing::AccountState& account_state(std::size_t account = 0) {
    return *account_states_[account];
  }
  [[nodiscard]] routing::RoutingMemory& memory() { return *memory_; }

 private:
  static constexpr std::int64_t budget_bytes = 256 << 20;

  [[nodiscard]] net::Task<void> handle(http::Exchange& exchange) override {
    return service_.handle(exchange);
  }
  [[nodiscard]] std::string error_body(std::string_view path, const Error& error,
                                       std::string_view request_id) override {
    return service_.error_body(path, error, request_id);
  }

  static std::string name_of(int account) {
    return account == 0 ? "account" : "account-" + std::to_string(account);
  }

  void add_provider(int index) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&at), size), 0);
    EXPECT_EQ(::listen(fd, 64), 0);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    provider_fds_.push_back(fd);
    provider_ports_.push_back(ntohs(at.sin_port));
    account_states_.push_back(std::make_shared<routing::AccountState>(
        AccountId(name_of(index)), name_of(index), line_, events_));
  }

  std::shared_ptr<const Snapshot> snapshot(const Settings& settings, std::string_view secret) {
    auto made = std::make_shared<Snapshot>();
    identity::Key key;
    key.id = KeyId("tests");
    key.name = "tests";
    key.hash = sha256(client_secret);
    key.limits.concurrency = settings.key_concurrency;
    key.networks = settings.key_networks;
    made->keys = *identity::KeyDirectory::build({key});
    made->key_states = {key_state_};
    std::vector<routing::Account> accounts;
    for (int i = 0; i < settings.accounts; ++i) {
      const auto index = static_cast<std::size_t>(i);
      routing::Account account;
      account.id = AccountId(name_of(i));
      account.name = name_of(i);
      account.dialect = "anthropic";
      account.priority = 10 + i;
      account.max_concurrency = settings.account_concurrency;
      account.model_map = settings.model_map;
      account.pools = {"default"};
      if (!settings.rests) account.rests.fill(Milliseconds{0});
      account.state = account_states_[index];
      accounts.push_back(std::move(account));
      provider::Upstream upstream;
      upstream.origin = {
          .tls = false, .host = "127.0.0.1", .port = provider_ports_[index], .ca_file = ""};
      upstream.credential = Secret(std::string(secret));
      upstream.timeouts = {.connect = settings.limits.connect_timeout,
                           .first_byte = settings.limits.first_byte_timeout,
                           .idle = settings.limits.idle_timeout};
      upstream.refreshable = settings.refreshable;
      made->upstreams.push_back(std::move(upstream));
      made->provider_kinds.push_back(metrics::ProviderKind::anthropic);
    }
    made->accounts = routing::AccountPool(std::move(accounts), memory_);
    made->key_routes = {made->accounts.route({"default"})};
    made->limits = settings.limits;
    made->trusted_proxies = settings.trusted_proxies;
    return made;
  }

  ManualClock clock_;
  SeededRandom random_{1};
  net::FairLine line_;
  std::shared_ptr<routing::StateEvents> events_ = std::make_shared<routing::StateEvents>();
  std::shared_ptr<routing::RoutingMemory> memory_ = std::make_shared<routing::RoutingMemory>();
  std::vector<std::shared_ptr<routing::AccountState>> account_states_;
  std::shared_ptr<KeyState> key_state_ = std::make_shared<KeyState>(line_, KeyId("tests"));
  net::BlockingPool blocking_{1};
  net::Resolver resolver_{clock_, blocking_};
  net::Loop loop_{clock_};
  net::Dialer dialer_{resolver_, [](const net::Origin&, const net::Address&) { return Status{}; }};
  http::TlsContexts tls_contexts_;
  http::ConnectionPool connections_{loop_, dialer_, tls_contexts_};
  http::BufferBudget budget_{budget_bytes};
  http::ServerCounts counts_;
  metrics::Metrics metrics_{1};
  dialect::anthropic::Anthropic anthropic_;
  RelayService service_{{loop_, clock_, random_, connections_, budget_, metrics_.thread(0), line_},
                        anthropic_,
                        counts_.draining};
  http::Server server_;
  std::vector<int> provider_fds_;
  std::vector<std::uint16_t> provider_ports_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace sluice::relay::testing

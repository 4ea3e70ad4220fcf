#include "http/server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <exception>

#include "base/log.hpp"
#include "base/release.hpp"
#include "net/dialer.hpp"

namespace sluice::http {
namespace {

using net::IoResult;
using net::WaitFor;
using net::Wake;

/// Room behind the input for what a JSON parser may read past the end.
constexpr std::size_t input_padding = 64;

void log_thrown(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    log::error("session.failed reason={}", log::quoted(error.what()));
  } catch (...) {
    log::error("session.failed reason=unknown");
  }
}

}  // namespace

/// One connection, from accept to close.
class Session {
 public:
  Session(Server& server, const net::Address& peer) : server_(server), peer_(peer) {
    server_.counts_.connections.fetch_add(1, std::memory_order_relaxed);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { server_.counts_.connections.fetch_sub(1, std::memory_order_relaxed); }

  static net::Task<void> run(Server& server, int fd, net::Address peer) {
    Session session(server, peer);
    if (!session.stream_.open(server.loop_, fd)) co_return;
    co_await session.serve();
  }

 private:
  enum class Next : std::uint8_t { request, close };

  net::Task<void> serve() {
    if (server_.tls_) {
      net::TlsSession session = server_.tls_->accept(stream_.descriptor().fd());
      if (!session) co_return;  // no memory for it: never plain instead
      stream_.start_tls(std::move(session));
      const TimePoint deadline = server_.loop_.now() + server_.limits_.tls_handshake_timeout;
      const Status done =
          co_await net::tls_handshake(server_.loop_, timer_, stream_, deadline, nullptr);
      if (!done) {
        log::debug("tls.refused peer={} reason={}", peer_.text(),
                   log::quoted(done.error().context));
        co_return;
      }
    }
    // A client that pipelines faster than it is answered doesn't keep the others waiting.
    constexpr int requests_a_turn = 16;
    for (int served = 1; co_await serve_one() == Next::request; ++served) {
      if (served % requests_a_turn == 0) co_await net::Breathe(server_.loop_);
    }
  }

  net::Task<Next> serve_one() {
    Exchange exchange(server_, stream_, timer_, peer_, input_);
    const Status read = co_await read_head(exchange);
    if (!read) {
      if (http_status(read.error().code) == 0) {
        stream_.close();
        co_return Next::close;
      }
      exchange.keep_alive_ = false;
      exchange.id_ = Ulid::make(server_.loop_.wall_now(), server_.random_);
      log::info("request.refused request={} peer={} code={} reason={}", exchange.id_.str(),
                peer_.text(), to_string(read.error().code), log::quoted(read.error().context));
      if (co_await exchange.refuse(read.error())) co_await linger();
      co_return Next::close;
    }
    served_ = true;
    struct InFlight {
      std::atomic<std::size_t>& count;
      explicit InFlight(std::atomic<std::size_t>& of) : count(of) {
        count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      }
      ~InFlight() {
        count.store(count.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
      }
    } const in_flight(server_.in_flight_);
    co_await server_.handler_.handle(exchange);
    co_return co_await after(exchange);
  }

  net::Task<Next> after(Exchange& exchange) {
    if (!exchange.whole()) {
      exchange.break_off();
      co_return Next::close;
    }
    if (!exchange.keep_alive_) {
      exchange.drop_body();
      // Bytes that the kernel holds for us would turn the close into a reset: an unread body, or a client that goes on.
      if (exchange.body_read_ && !stream_.descriptor().readable) {
        stream_.close();
      } else {
        co_await linger();
      }
      co_return Next::close;
    }
    exchange.release_request();
    co_return Next::request;
  }

  /// Reads on and drops, for a moment: closing with unread bytes would reset the connection and take the answer along.
  net::Task<void> linger() {
    stream_.shutdown_write();
    const TimePoint deadline = server_.loop_.now() + ServerLimits::linger_max;
    std::size_t dropped = 0;
    while (dropped < ServerLimits::linger_bytes_max) {
      const IoResult read = stream_.read(server_.loop_.scratch());
      if (read.kind == IoResult::Kind::ok) {
        dropped += read.bytes;
        continue;
      }
      if (read.kind != IoResult::Kind::again || read.wants_write) break;
      const WaitFor what{.read = &stream_.descriptor(), .deadline = deadline};
      if (co_await net::Wait(server_.loop_, timer_, what) == Wake::timeout) break;
    }
    stream_.close();
  }

  net::Task<Status> read_head(Exchange& exchange) {
    const ServerLimits& limits = server_.limits_;
    wire::HeadEndFinder finder(Side::client, limits.head.bytes_max);
    bool first = input_.empty();
    const bool idle =
        first &&
        served_;  // a connection without its first request gets no more than a head may take
    TimePoint deadline =
        server_.loop_.now() + (idle ? limits.keepalive_idle : limits.header_timeout);
    for (;;) {
      if (!input_.empty()) {
        CO_TRY(const auto end, finder.find(input_));
        if (end) co_return take_head(exchange, *end);
      }
      const auto scratch = server_.loop_.scratch();
      const IoResult read = stream_.read(scratch);
      if (read.kind == IoResult::Kind::ok) {
        if (first) {
          first = false;
          deadline = server_.loop_.now() + limits.header_timeout;
        }
        if (input_.empty()) {
          reserve_spare(input_, read.bytes + input_padding);
        } else if (input_.capacity() < input_.size() + read.bytes + input_padding) {
          input_.reserve(input_.size() + read.bytes + input_padding);
        }
        input_.append(scratch.data(), read.bytes);
        continue;
      }
      if (read.kind != IoResult::Kind::again) {
        co_return fail(Errc::client_gone, Side::client, "before a request");
      }
      net::Descriptor& self = stream_.descriptor();
      const WaitFor what{.read = read.wants_write ? nullptr : &self,
                         .write = read.wants_write ? &self : nullptr,
                         .deadline = deadline};
      if (co_await net::Wait(server_.loop_, timer_, what) == Wake::timeout) {
        if (first) co_return fail(Errc::client_gone, Side::client, "idle");
        co_return fail(Errc::request_timeout, Side::client,
                       "the request head did not come within header_timeout_ms");
      }
    }
  }

  Status take_head(Exchange& exchange, std::size_t end) {
    // Views into input_ must survive: it is not appended to before the request is released.
    const std::string_view bytes = std::string_view(input_).substr(0, end);
    exchange.head_bytes_ = exchange.consumed_ = end;
    CHECK_OK(wire::parse_request_head(bytes, server_.limits_.head, exchange.head_));
    CHECK_OK(wire::check_target(exchange.head_.target));
    exchange.started_ = server_.loop_.now();
    exchange.id_ = Ulid::make(server_.loop_.wall_now(), server_.random_);
    exchange.http10_ = exchange.head_.minor_version == 0;
    exchange.head_request_ = exchange.head_.method == "HEAD";
    exchange.keep_alive_ = exchange.head_.keep_alive;
    exchange.body_read_ =
        exchange.head_.framing == wire::Framing::none ||
        (exchange.head_.framing == wire::Framing::length && exchange.head_.content_length == 0);
    const std::string_view target = exchange.head_.target;
    const auto mark = target.find('?');
    exchange.path_ = target.substr(0, mark);
    exchange.query_ = mark == std::string_view::npos ? "" : target.substr(mark + 1);
    return {};
  }

  Server& server_;
  net::Address peer_;
  net::Stream stream_;
  net::Timer timer_;
  std::string input_;
  bool served_ = false;  // at least one request
};

Server::Server(net::Loop& loop, Random& random, Handler& handler, BufferBudget& budget,
               ServerCounts& counts, const ServerLimits& limits)
    : loop_(loop),
      random_(random),
      handler_(handler),
      budget_(budget),
      counts_(counts),
      limits_(limits),
      listener_(loop) {
  sessions_.on_throw = log_thrown;
}

Server::~Server() { close_all(); }

Status Server::listen(const net::Address& address,
                      std::shared_ptr<const net::TlsServerContext> tls) {
  tls_ = std::move(tls);
  return listener_.listen(address, [this](int fd, const net::Address& peer) { accept(fd, peer); });
}

std::string Server::answer_of_a_full_server() {
  const Error error{Errc::overloaded, Side::gateway, Retry::never,
                    "too many connections (max_connections)"};
  const std::string id(Ulid::make(loop_.wall_now(), random_).str());
  const std::string body = handler_.error_body({}, error, id);
  wire::HeadWriter head(body.size() + 256);
  head.status_line(http_status(error.code));
  head.field("x-sluice-error", to_string(error.code));
  head.field("content-type", "application/json");
  head.field("x-request-id", id);
  head.field("retry-after", "1");
  head.field("content-length", body.size());
  head.raw("connection: close\r\n");
  head.end();
  return head.take() + body;
}

void Server::accept(int fd, const net::Address& peer) {
  if (counts_.connections.load(std::memory_order_relaxed) >=
      static_cast<std::int64_t>(limits_.connections_max)) {
    // Told in one write, or not at all: a connection over the bound gets no coroutine and no buffer.
    if (!tls_) {
      const std::string answer = answer_of_a_full_server();
      [[maybe_unused]] const auto sent =
          ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    ::close(fd);
    return;
  }
  sessions_.start(Session::run(*this, fd, peer));
}

}  // namespace sluice::http

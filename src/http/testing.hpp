#pragma once
/// A server on a loop whose time is moved by hand, and a client that shows every byte and how the connection ended.

#include <functional>
#include <string>
#include <string_view>

#include "http/server.hpp"
#include "net/testing.hpp"

namespace sluice::http::testing {

using net::testing::Fd;
using net::testing::ManualLoop;

/// Answers as the test says.
class ScriptedHandler final : public Handler {
 public:
  using Script = std::function<net::Task<void>(Exchange&)>;
  Script script;
  int handled = 0;

  net::Task<void> handle(Exchange& exchange) override {
    ++handled;
    return script(exchange);
  }
  std::string error_body(std::string_view path, const Error& error, std::string_view) override {
    return std::string(path) + " " + error.context;
  }
};

enum class End { open, clean, reset };

/// One connection to the server. While it waits for bytes, it turns the server's loop.
class Client {
 public:
  Client(ManualLoop& bench, const net::Address& address)
      : bench_(bench), fd_(net::testing::connected(address)) {}

  /// Sends all of it, turning the loop where the server is slow to take it.
  void send(std::string_view bytes) {
    bench_.until([&] {
      const ssize_t put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put < 0) return errno != EAGAIN;
      bytes.remove_prefix(static_cast<std::size_t>(put));
      return bytes.empty();
    });
    bench_.settle();
  }
  /// What is here now, without turning the loop.
  void take() {
    while (end == End::open) {
      const auto some = fd_.receive();
      if (!some) {
        if (errno != EAGAIN) end = End::reset;
        return;
      }
      if (some->empty()) end = End::clean;
      received += *some;
    }
  }
  /// Turns the loop until `text` came; what came is in `received`.
  bool expect(std::string_view text) {
    return bench_.until([&] {
      take();
      return received.find(text) != std::string::npos;
    });
  }
  /// Turns the loop until the server ended the connection.
  End expect_end() {
    bench_.until([&] {
      take();
      return end != End::open;
    });
    return end;
  }
  [[nodiscard]] std::string taken() { return std::exchange(received, {}); }
  [[nodiscard]] Fd& fd() { return fd_; }

  std::string received;
  End end = End::open;

 private:
  ManualLoop& bench_;
  Fd fd_;
};

struct ServerBench {
  explicit ServerBench(const ServerLimits& limits = {})
      : server(bench.loop, random, handler, budget, counts, limits) {
    handler.script = echo();
    EXPECT_TRUE(server.listen(net::testing::loopback(), nullptr));
  }
  /// Answers with the method, the path and the body.
  static ScriptedHandler::Script echo() {
    return [](Exchange& exchange) -> net::Task<void> { return answer_echo(exchange); };
  }
  static net::Task<void> answer_echo(Exchange& exchange) {
    std::string text(exchange.head().method);
    (text += " ") += exchange.path();
    const auto body = co_await exchange.read_body();
    if (!body) {
      (void)co_await exchange.refuse(body.error());
      co_return;
    }
    (text += " ") += *body;
    (void)co_await exchange.respond(200, "text/plain", text);
  }
  [[nodiscard]] Client connect() { return Client(bench, server.address()); }

  ManualLoop bench;
  SeededRandom random{1};
  ScriptedHandler handler;
  BufferBudget budget{64 << 20};
  ServerCounts counts;
  Server server;
};

}  // namespace sluice::http::testing

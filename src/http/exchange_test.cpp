#include "http/exchange.hpp"

#include <gtest/gtest.h>

#include "http/testing.hpp"

namespace sluice::http {
namespace {

using std::chrono::seconds;
using testing::Client;
using testing::End;
using testing::ServerBench;

constexpr std::string_view get = "GET /a HTTP/1.1\r\nhost: h\r\n\r\n";
constexpr std::string_view get10 = "GET /a HTTP/1.0\r\n\r\n";

// --- the body of a request --------------------------------------------------------------------------------------------

TEST(Exchange, ReadsASizedBodyHoweverItIsCut) {
  ServerBench it;
  const std::string request =
      "POST /p HTTP/1.1\r\nhost: h\r\ncontent-length: 11\r\n\r\nhello world";
  Client client = it.connect();
  for (std::size_t cut = request.size() - 13; cut < request.size(); ++cut) {
    client.send(request.substr(0, cut));
    client.send(request.substr(cut));
    ASSERT_TRUE(client.expect("POST /p hello world")) << cut;
    (void)client.taken();
  }
  EXPECT_EQ(it.budget.left(), 64 << 20);
}

TEST(Exchange, ReadsAChunkedBodyHoweverItIsCutAndWhatFollowsIt) {
  ServerBench it;
  const std::string request =
      "POST /p HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
  const std::string next = "GET /next HTTP/1.1\r\nhost: h\r\n\r\n";
  const std::string both = request + next;
  Client client = it.connect();
  for (std::size_t cut = 1; cut < both.size(); ++cut) {
    client.send(both.substr(0, cut));
    client.send(both.substr(cut));
    ASSERT_TRUE(client.expect("GET /next ")) << cut;
    EXPECT_NE(client.taken().find("POST /p hello world"), std::string::npos) << cut;
  }
  EXPECT_EQ(it.budget.left(), 64 << 20);
}

TEST(Exchange, InvitesABodyThatWaitsToBeInvited) {
  ServerBench it;
  const std::string_view sized =
      "POST /p HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n";
  const std::string_view chunked =
      "POST /p HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\n";
  Client client = it.connect();
  for (const auto& [head, body] :
       {std::pair{sized, std::string_view("data")},
        std::pair{chunked, std::string_view("4\r\ndata\r\n0\r\n\r\n")}}) {
    client.send(head);
    ASSERT_TRUE(client.expect("HTTP/1.1 100 Continue\r\n\r\n"));
    EXPECT_EQ(client.taken(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(body);
    ASSERT_TRUE(client.expect("POST /p data"));
    (void)client.taken();
  }
  // who sends the body at once needs no invitation
  client.send(std::string(sized) + "data");
  ASSERT_TRUE(client.expect("POST /p data"));
  EXPECT_TRUE(client.taken().starts_with("HTTP/1.1 200 "));
}

TEST(Exchange, RefusesABodyThatIsTooLargeBeforeItComes) {
  ServerLimits limits;
  limits.body_bytes_max = 1000;
  for (const std::string_view head :
       {"POST /p HTTP/1.1\r\nhost: h\r\ncontent-length: 1001\r\n\r\n",
        "POST /p HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 1001\r\n\r\n",
        "POST /p HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n",
        "POST /p HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n3e8\r\n"}) {
    ServerBench it(limits);
    Client client = it.connect();
    client.send(head);
    ASSERT_TRUE(client.expect("HTTP/1.1 413 Content Too Large\r\n")) << head;
    EXPECT_NE(client.received.find("connection: close\r\n"), std::string::npos);
    EXPECT_EQ(client.received.find("100 Continue"), std::string::npos);
    EXPECT_EQ(it.budget.left(), 64 << 20);
  }
}

TEST(Exchange, TheRefusalReachesAClientThatSendsItsBodyAllTheSame) {
  ServerLimits limits;
  limits.body_bytes_max = 1000;
  ServerBench it(limits);
  Client client = it.connect();
  const std::string body(500'000, 'x');
  client.send("POST /p HTTP/1.1\r\nhost: h\r\ncontent-length: 500000\r\n\r\n");
  client.send(body);
  EXPECT_EQ(client.expect_end(), End::clean);
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 413 "));
}

TEST(Exchange, ABodyAtTheBoundIsTaken) {
  ServerLimits limits;
  limits.body_bytes_max = 1000;
  ServerBench it(limits);
  Client client = it.connect();
  const std::string body(1000, 'x');
  client.send("POST /p HTTP/1.1\r\nhost: h\r\ncontent-length: 1000\r\n\r\n" + body);
  ASSERT_TRUE(client.expect(body));
  (void)client.taken();
  client.send("POST /p HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n3e8\r\n" + body +
              "\r\n0\r\n\r\n");
  EXPECT_TRUE(client.expect(body));
}

TEST(Exchange, ShedsABodyThatTheBudgetHasNoRoomFor) {
  for (const std::string_view framing : {"content-length: 100000", "transfer-encoding: chunked"}) {
    ServerBench it;
    BufferBudget::Lease taken;
    ASSERT_TRUE(taken.grow(it.budget, (64 << 20) - 1000));
    Client client = it.connect();
    client.send("POST /p HTTP/1.1\r\nhost: h\r\n" + std::string(framing) +
                "\r\n\r\n5\r\nhello\r\n");
    ASSERT_TRUE(client.expect("HTTP/1.1 503 Service Unavailable\r\n")) << framing;
    EXPECT_EQ(it.budget.left(), 1000);
  }
}

TEST(Exchange, ABodyThatStallsIsAnsweredWith408) {
  for (const std::string_view framing : {"content-length: 100000", "transfer-encoding: chunked"}) {
    ServerBench it;
    Client client = it.connect();
    client.send("POST /p HTTP/1.1\r\nhost: h\r\n" + std::string(framing) +
                "\r\n\r\n5\r\nhello\r\n");
    it.bench.pass(seconds(29));
    client.take();
    EXPECT_EQ(client.received, "");
    it.bench.pass(seconds(2));
    ASSERT_TRUE(client.expect("HTTP/1.1 408 Request Timeout\r\n")) << framing;
  }
}

TEST(Exchange, ABodyThatTricklesIsAnsweredWith408) {
  ServerBench it;
  Client client = it.connect();
  client.send("POST /p HTTP/1.1\r\nhost: h\r\ncontent-length: 100000\r\n\r\n");
  // a byte each five seconds never idles, and is far below the rate
  int bytes = 0;
  for (; client.received.empty() && bytes < 20; ++bytes) {
    client.send("x");
    it.bench.pass(seconds(5));
    client.take();
  }
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 408 "));
  EXPECT_LT(bytes, 10);
}

TEST(Exchange, ABodyAtItsPaceMayTakeLong) {
  ServerBench it;
  Client client = it.connect();
  client.send("POST /p HTTP/1.1\r\nhost: h\r\ncontent-length: 200000\r\n\r\n");
  for (int i = 0; i < 20; ++i) {
    client.send(std::string(10'000, 'x'));
    it.bench.pass(seconds(8));
  }
  ASSERT_TRUE(client.expect("POST /p xxx"));
}

TEST(Exchange, AClientThatLeavesWithinItsBodyGivesEverythingBack) {
  for (const std::string_view framing : {"content-length: 100000", "transfer-encoding: chunked"}) {
    ServerBench it;
    Client client = it.connect();
    client.send("POST /p HTTP/1.1\r\nhost: h\r\n" + std::string(framing) +
                "\r\n\r\n5\r\nhello\r\n");
    client.fd().close();
    it.bench.until([&] { return it.server.connections() == 0; });
    EXPECT_EQ(it.budget.left(), 64 << 20);
  }
}

TEST(Exchange, AnUnreadBodyIsNeverTakenForTheNextRequest) {
  ServerBench it;
  it.handler.script = [](Exchange& exchange) -> net::Task<void> {
    (void)co_await exchange.respond(200, "text/plain", "unread");
  };
  const std::string whole =
      "POST /p HTTP/1.1\r\nhost: h\r\ncontent-length: " + std::to_string(get.size()) + "\r\n\r\n" +
      std::string(get);
  // a body that is here is skipped
  Client client = it.connect();
  client.send(whole);
  ASSERT_TRUE(client.expect("unread"));
  EXPECT_EQ(client.taken().find("connection: close\r\n"), std::string::npos);
  EXPECT_EQ(it.handler.handled, 1);
  // one that isn't ends the connection
  client.send(whole.substr(0, whole.size() - 1));
  ASSERT_TRUE(client.expect("unread"));
  EXPECT_NE(client.received.find("connection: close\r\n"), std::string::npos);
  client.send("\n");
  ::shutdown(client.fd().get(), SHUT_WR);
  EXPECT_EQ(client.expect_end(), End::clean);
  EXPECT_EQ(it.handler.handled, 2);
}

TEST(Exchange, ARequestCanBeReleasedWhileItsAnswerStreams) {
  ServerBench it;
  std::int64_t left = 0;
  it.handler.script = [&](Exchange& exchange) -> net::Task<void> {
    const auto body = co_await exchange.read_body();
    exchange.begin(200, "", std::nullopt);
    exchange.release_request();
    left = it.budget.left();
    (void)exchange.write("streamed");
    (void)co_await exchange.finish();
  };
  Client client = it.connect();
  const std::string request = "POST /p HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nhello";
  client.send(request + request);  // the second one waits behind the first
  client.send(request);
  it.bench.until([&] { return it.handler.handled == 3; });
  EXPECT_EQ(left, 64 << 20);
}

// --- the answer -------------------------------------------------------------------------------------------------------

TEST(Exchange, StreamsInChunksAndEndsThem) {
  ServerBench it;
  it.handler.script = [](Exchange& exchange) -> net::Task<void> {
    exchange.begin(200, "x-a: b\r\n", std::nullopt);
    EXPECT_EQ(exchange.write("hello"), Written::done);
    EXPECT_EQ(exchange.write("0123456789abcdef"), Written::done);
    EXPECT_TRUE(co_await exchange.finish());
    EXPECT_EQ(exchange.body_bytes(), 21U);
  };
  Client client = it.connect();
  client.send(get);
  ASSERT_TRUE(client.expect("0\r\n\r\n"));
  EXPECT_NE(client.received.find("transfer-encoding: chunked\r\n"), std::string::npos);
  EXPECT_TRUE(
      client.received.ends_with("\r\n\r\n5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"));
  EXPECT_EQ(client.end, End::open);
}

TEST(Exchange, AnEmptyStreamIsAHeadAndAnEnd) {
  ServerBench it;
  it.handler.script = [](Exchange& exchange) -> net::Task<void> {
    exchange.begin(200, "", std::nullopt);
    EXPECT_TRUE(co_await exchange.finish());
  };
  Client client = it.connect();
  client.send(get);
  ASSERT_TRUE(client.expect("\r\n\r\n0\r\n\r\n"));
}

TEST(Exchange, AHeadCanGoBeforeItsBody) {
  ServerBench it;
  it.handler.script = [](Exchange& exchange) -> net::Task<void> {
    exchange.begin(200, "", std::nullopt);
    EXPECT_EQ(exchange.write_head(), Written::done);
    const net::WaitFor what{.gone = &exchange.client(),
                            .deadline = exchange.loop().now() + seconds(5)};
    EXPECT_EQ(co_await net::Wait(exchange.loop(), exchange.timer(), what), net::Wake::timeout);
    (void)exchange.write("late");
    EXPECT_TRUE(co_await exchange.finish());
  };
  Client client = it.connect();
  client.send(get);
  ASSERT_TRUE(client.expect("\r\n\r\n"));
  EXPECT_TRUE(client.received.ends_with("\r\n\r\n"));
  it.bench.pass(seconds(6));
  ASSERT_TRUE(client.expect("4\r\nlate\r\n0\r\n\r\n"));
}

TEST(Exchange, AnswersToHeadHaveTheFieldsAndNoBody) {
  ServerBench it;
  it.handler.script = [](Exchange& exchange) -> net::Task<void> {
    if (exchange.path() == "/chunked") {
      exchange.begin(200, "", std::nullopt);
      (void)exchange.write("body");
      EXPECT_TRUE(co_await exchange.finish());
    } else {
      EXPECT_TRUE(co_await exchange.respond(200, "text/plain", "body"));
    }
  };
  Client client = it.connect();
  client.send("HEAD /sized HTTP/1.1\r\nhost: h\r\n\r\nHEAD /chunked HTTP/1.1\r\nhost: h\r\n\r\n");
  ASSERT_TRUE(client.expect("transfer-encoding: chunked\r\n\r\n"));
  EXPECT_NE(client.received.find("content-length: 4\r\n"), std::string::npos);
  EXPECT_EQ(client.received.find("body"), std::string::npos);
  client.send(get);
  EXPECT_TRUE(client.expect("\r\n\r\nbody"));
}

TEST(Exchange, StatusesWithoutABodyHaveNoFraming) {
  ServerBench it;
  it.handler.script = [](Exchange& exchange) -> net::Task<void> {
    const int status = exchange.path() == "/204" ? 204 : 304;
    EXPECT_TRUE(co_await exchange.respond(status, {}, {}));
  };
  Client client = it.connect();
  for (const char* path : {"/204", "/304"}) {
    client.send("GET " + std::string(path) + " HTTP/1.1\r\nhost: h\r\n\r\n");
    ASSERT_TRUE(client.expect("\r\n\r\n"));
    const std::string head = client.taken();
    EXPECT_TRUE(head.ends_with("\r\n\r\n"));
    EXPECT_EQ(head.find("content-length"), std::string::npos);
    EXPECT_EQ(head.find("transfer-encoding"), std::string::npos);
  }
  EXPECT_EQ(client.end, End::open);
}

TEST(Exchange, AnHttp10ClientGetsAStreamThatEndsWithTheConnection) {
  ServerBench it;
  it.handler.script = [](Exchange& exchange) -> net::Task<void> {
    exchange.begin(200, "", std::nullopt);
    (void)exchange.write("hello ");
    (void)exchange.write("world");
    EXPECT_TRUE(co_await exchange.finish());
  };
  Client client = it.connect();
  client.send("GET /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.expect_end(), End::clean);
  EXPECT_TRUE(client.received.ends_with("connection: close\r\n\r\nhello world"));
}

/// How a cut answer may come about.
enum class Cut { by_the_handler, by_returning, by_throwing, by_stopping };

TEST(Exchange, ACutAnswerNeverLooksComplete) {
  for (const Cut how :
       {Cut::by_the_handler, Cut::by_returning, Cut::by_throwing, Cut::by_stopping}) {
    for (const std::string_view request : {get, get10}) {
      ServerBench it;
      it.handler.script = [&](Exchange& exchange) -> net::Task<void> {
        exchange.begin(200, "", std::nullopt);
        (void)exchange.write("half");
        if (how == Cut::by_throwing) throw std::runtime_error("bug");
        if (how == Cut::by_the_handler) exchange.cut();
        if (how == Cut::by_stopping) {
          const net::WaitFor what{.gone = &exchange.client()};
          co_await net::Wait(exchange.loop(), exchange.timer(), what);
        }
      };
      Client client = it.connect();
      client.send(request);
      if (how == Cut::by_stopping) it.server.close_all();
      const End end = client.expect_end();
      const bool chunked = request == get;
      EXPECT_EQ(client.received.find("0\r\n\r\n"), std::string::npos);
      if (!chunked) {
        EXPECT_EQ(end, End::reset) << static_cast<int>(how);
      }
    }
  }
}

TEST(Exchange, AnAnswerShorterThanItsLengthIsACut) {
  ServerBench it;
  it.handler.script = [](Exchange& exchange) -> net::Task<void> {
    exchange.begin(200, "", 10);
    (void)exchange.write("half");
    EXPECT_FALSE(co_await exchange.finish());
  };
  Client client = it.connect();
  client.send(std::string(get) + std::string(get));
  client.expect_end();
  EXPECT_TRUE(client.received.ends_with("\r\n\r\nhalf"));
  EXPECT_EQ(it.handler.handled, 1);
}

TEST(Exchange, ASlowReaderBlocksTheWriterUntilItHasRead) {
  ServerBench it;
  std::size_t written = 0;
  bool blocked = false;
  bool flushed = false;
  const std::string piece(10'000, 'p');
  it.handler.script = [&](Exchange& exchange) -> net::Task<void> {
    exchange.begin(200, "", std::nullopt);
    while (exchange.write(piece) == Written::done) written += piece.size();
    written += piece.size();
    blocked = true;
    EXPECT_TRUE(co_await exchange.flush());
    flushed = true;
    EXPECT_TRUE(co_await exchange.finish());
  };
  Client client = it.connect();
  client.send(get);
  it.bench.until([&] { return blocked; });
  it.bench.pass(seconds(59));
  EXPECT_FALSE(flushed);

  client.expect("\r\n0\r\n\r\n");

  EXPECT_TRUE(flushed);
  EXPECT_EQ(std::count(client.received.begin(), client.received.end(), 'p'),
            static_cast<std::ptrdiff_t>(written));
}

TEST(Exchange, AReaderThatTakesNothingIsCut) {
  for (const std::string_view request : {get, get10}) {
    ServerBench it;
    std::optional<Status> flushed;
    it.handler.script = [&](Exchange& exchange) -> net::Task<void> {
      exchange.begin(200, "", std::nullopt);
      const std::string piece(100'000, 'p');
      while (exchange.write(piece) == Written::done) {
      }
      flushed = co_await exchange.flush();
      EXPECT_EQ(exchange.write("more"), Written::gone);
    };
    Client client = it.connect();
    client.send(request);
    it.bench.pass(seconds(61));
    ASSERT_TRUE(flushed);
    EXPECT_EQ(flushed->error().code, Errc::client_gone);
    client.expect_end();
    EXPECT_EQ(client.received.find("more"), std::string::npos);
    EXPECT_EQ(it.server.connections(), 0U);
  }
}

TEST(Exchange, AClientThatLeavesIsSeen) {
  ServerBench it;
  std::optional<net::Wake> wake;
  std::optional<Status> flushed;
  it.handler.script = [&](Exchange& exchange) -> net::Task<void> {
    const net::WaitFor what{.gone = &exchange.client()};
    wake = co_await net::Wait(exchange.loop(), exchange.timer(), what);
  };
  Client waiting = it.connect();
  waiting.send(get);
  EXPECT_FALSE(wake);
  waiting.fd().close();
  it.bench.until([&] { return wake.has_value(); });
  EXPECT_EQ(wake, net::Wake::gone);

  it.handler.script = [&](Exchange& exchange) -> net::Task<void> {
    exchange.begin(200, "", std::nullopt);
    const std::string piece(100'000, 'p');
    while (exchange.write(piece) == Written::done) {
    }
    flushed = co_await exchange.flush();
  };
  Client reading = it.connect();
  reading.send(get);
  reading.fd().close();
  it.bench.until([&] { return flushed.has_value(); });
  EXPECT_EQ(flushed->error().code, Errc::client_gone);
}

TEST(Exchange, OwnFieldsGoIntoWhateverHeadIsSent) {
  ServerBench it;
  it.handler.script = [](Exchange& exchange) -> net::Task<void> {
    exchange.extra_fields = "x-own: 1\r\n";
    const Error error{Errc::no_account, Side::gateway, Retry::never, "none"};
    EXPECT_TRUE(co_await exchange.refuse(error, "retry-after: 1\r\n"));
  };
  Client client = it.connect();
  client.send(get);
  ASSERT_TRUE(client.expect("/a none"));
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 503 "));
  for (const char* line : {"x-own: 1\r\n", "retry-after: 1\r\n", "x-sluice-error: no_account\r\n",
                           "x-request-id: ", "content-type: application/json\r\n", "date: "}) {
    EXPECT_NE(client.received.find(line), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace sluice::http

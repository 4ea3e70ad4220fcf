#include "http/server.hpp"

#include <gtest/gtest.h>

#include "http/testing.hpp"
#include "wire/chunked.hpp"

namespace sluice::http {
namespace {

using std::chrono::seconds;
using testing::Client;
using testing::End;
using testing::ServerBench;

constexpr std::string_view get = "GET /a HTTP/1.1\r\nhost: h\r\n\r\n";

std::string post(std::string_view path, std::string_view body, std::string_view fields = {}) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nhost: h\r\ncontent-length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

// --- heads ------------------------------------------------------------------------------------------------------------

TEST(Server, ReadsAHeadHoweverItIsCut) {
  ServerBench it;
  Client client = it.connect();
  for (std::size_t cut = 1; cut < get.size(); ++cut) {
    client.send(get.substr(0, cut));
    client.take();
    ASSERT_EQ(client.received, "") << cut;
    client.send(get.substr(cut));
    ASSERT_TRUE(client.expect("\r\n\r\nGET /a ")) << cut;
    EXPECT_TRUE(client.taken().starts_with("HTTP/1.1 200 OK\r\n"));
  }
  EXPECT_EQ(it.server.connections(), 1U);
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  ServerBench it;
  Client client = it.connect();
  client.send(std::string(get) + post("/b", "one") + std::string(get) + post("/c", "two"));
  ASSERT_TRUE(client.expect("POST /c two"));
  const std::string& all = client.received;
  EXPECT_EQ(count(all, "HTTP/1.1 200 OK"), 4U);
  EXPECT_LT(all.find("GET /a"), all.find("POST /b one"));
  EXPECT_EQ(client.end, End::open);
}

TEST(Server, ABodyAlwaysHasRoomForAParserBehindIt) {
  // given a parser that reads past the end, as far as it is allowed to (a sanitizer watches)
  ServerBench it;
  it.handler.script = [](Exchange& exchange) -> net::Task<void> {
    const auto body = co_await exchange.read_body();
    const volatile char* const end = body->data() + body->size();
    int sum = 0;
    for (int i = 0; i < 64; ++i) sum += end[i];
    (void)co_await exchange.respond(200, "text/plain", sum == -1 ? "" : *body);
  };
  Client client = it.connect();
  const std::string chunked =
      "POST /k HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n5\r\nthird\r\n0\r\n\r\n";
  // when bodies come alone, pipelined, chunked, and behind a chunked one
  client.send(post("/a", "first"));
  ASSERT_TRUE(client.expect("first"));
  client.send(post("/a", "x") + post("/b", "second") + chunked + post("/c", "fourth"));
  ASSERT_TRUE(client.expect("fourth"));
  const std::string large(100'000, 'z');
  client.send(post("/d", large + "fifth"));
  ASSERT_TRUE(client.expect("fifth"));
}

TEST(Server, RefusesAHeadThatIsTooLong) {
  ServerLimits limits;
  limits.head.bytes_max = 200;
  ServerBench it(limits);
  Client client = it.connect();
  client.send("GET / HTTP/1.1\r\nhost: h\r\nx: " + std::string(300, 'x'));
  client.expect_end();
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
  EXPECT_NE(client.received.find("\r\nx-sluice-error: header_too_large\r\n"), std::string::npos);
  EXPECT_NE(client.received.find("\r\nconnection: close\r\n"), std::string::npos);
  EXPECT_EQ(it.handler.handled, 0);
}

TEST(Server, RefusesWhatIsNoRequestAndHangsUp) {
  for (const std::string_view bytes :
       {"\x16\x03\x01", "GET / HTTP/2.0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET /../x HTTP/1.1\r\nhost: h\r\n\r\n", "GET / HTTP/1.1\nhost: h\n\n"}) {
    ServerBench it;
    Client client = it.connect();
    client.send(bytes);
    client.fd().close();
    it.bench.until([&] { return it.server.connections() == 0; });
    EXPECT_EQ(it.handler.handled, 0) << bytes;
  }
}

TEST(Server, AHeadThatComesTooSlowlyIsAnsweredWith408) {
  ServerBench it;
  Client client = it.connect();
  client.send("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 9; ++i) {
    it.bench.pass(seconds(1));
    client.send("x: y\r\n");  // each byte in time, the whole not
  }
  client.take();
  EXPECT_EQ(client.received, "");
  it.bench.pass(seconds(2));
  ASSERT_TRUE(client.expect("HTTP/1.1 408 Request Timeout\r\n"));
  it.bench.pass(ServerLimits::linger_max + seconds(1));
  client.expect_end();
}

TEST(Server, AnIdleConnectionIsClosedWithoutAWord) {
  ServerBench it;
  Client fresh = it.connect();
  Client used = it.connect();
  used.send(get);
  ASSERT_TRUE(used.expect("GET /a "));
  (void)used.taken();

  it.bench.pass(seconds(11));  // header_timeout: for those that never said anything
  EXPECT_EQ(fresh.expect_end(), End::clean);
  EXPECT_EQ(fresh.received, "");
  used.take();
  EXPECT_EQ(used.end, End::open);

  it.bench.pass(seconds(65));  // keepalive_idle
  EXPECT_EQ(used.expect_end(), End::clean);
  EXPECT_EQ(used.received, "");
  EXPECT_EQ(it.counts.connections.load(), 0);
}

// --- the connection ---------------------------------------------------------------------------------------------------

TEST(Server, KeepsTheConnectionOrClosesItAsTheClientAsks) {
  ServerBench it;
  struct Case {
    std::string request;
    bool stays;
  };
  for (const Case& each : {
           Case{"GET /a HTTP/1.1\r\nhost: h\r\n\r\n", true},
           Case{"GET /a HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n", false},
           Case{"GET /a HTTP/1.0\r\n\r\n", false},
           Case{"GET /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", true},
       }) {
    Client client = it.connect();
    client.send(each.request);
    ASSERT_TRUE(client.expect("\r\n\r\nGET /a ")) << each.request;
    it.bench.settle();
    client.take();
    EXPECT_EQ(client.end, each.stays ? End::open : End::clean) << each.request;
    EXPECT_EQ(count(client.received, "connection: close"), each.stays ? 0U : 1U);
  }
}

TEST(Server, WhileDrainingConnectionsEndWithTheirAnswer) {
  ServerBench it;
  Client client = it.connect();
  client.send(get);
  ASSERT_TRUE(client.expect("GET /a "));
  it.counts.draining = true;
  client.send(get);
  EXPECT_EQ(client.expect_end(), End::clean);
  EXPECT_EQ(count(client.received, "connection: close"), 1U);
}

TEST(Server, TheLastAnswerIsNotLostToWhatTheClientStillSends) {
  // given a client that pipelines on behind its last request
  ServerBench it;
  Client client = it.connect();
  const std::string body(200'000, 'x');
  it.handler.script = [&](Exchange& exchange) -> net::Task<void> {
    client.fd().send(get);  // arrives while we answer
    const net::WaitFor what{.read = &exchange.client()};
    co_await net::Wait(exchange.loop(), exchange.timer(), what);
    (void)co_await exchange.respond(200, "text/plain", body);
  };
  client.send("GET /a HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(client.expect_end(), End::clean);
  EXPECT_TRUE(client.received.ends_with(body));
  EXPECT_EQ(it.handler.handled, 1);
}

TEST(Server, RefusesConnectionsBeyondItsBound) {
  ServerLimits limits;
  limits.connections_max = 2;
  ServerBench it(limits);
  Client first = it.connect();
  Client second = it.connect();
  it.bench.until([&] { return it.server.connections() == 2; });
  Client third = it.connect();
  ASSERT_TRUE(third.expect("HTTP/1.1 503 Service Unavailable\r\nx-sluice-error: overloaded\r\n"));
  ASSERT_TRUE(third.expect("x-request-id: "));
  ASSERT_TRUE(third.expect("max_connections"));
  EXPECT_EQ(third.expect_end(), End::clean);

  first.fd().close();
  it.bench.until([&] { return it.server.connections() == 1; });
  Client fourth = it.connect();
  fourth.send(get);
  EXPECT_TRUE(fourth.expect("GET /a "));
}

TEST(Server, CountsWhatIsBeingAnswered) {
  ServerBench it;
  std::size_t within = 0;
  it.handler.script = [&](Exchange& exchange) -> net::Task<void> {
    within = it.server.in_flight();
    (void)co_await exchange.respond(200, "text/plain", "x");
  };
  Client client = it.connect();
  client.send(get);
  ASSERT_TRUE(client.expect("\r\n\r\nx"));
  EXPECT_EQ(within, 1U);
  it.bench.settle();
  EXPECT_EQ(it.server.in_flight(), 0U);
}

TEST(Server, AHandlerThatThrowsEndsItsConnectionAlone) {
  ServerBench it;
  Client other = it.connect();
  it.handler.script = [](Exchange& exchange) -> net::Task<void> {
    if (exchange.path() == "/throw") throw std::runtime_error("bug");
    (void)co_await exchange.respond(200, "text/plain", "x");
  };
  Client client = it.connect();
  client.send("GET /throw HTTP/1.1\r\nhost: h\r\n\r\n");
  client.expect_end();
  EXPECT_EQ(client.received, "");
  other.send(get);
  EXPECT_TRUE(other.expect("\r\n\r\nx"));
  EXPECT_EQ(it.server.in_flight(), 0U);
}

TEST(Server, ClosesAllAtOnceWhileTheyWait) {
  ServerBench it;
  std::vector<std::unique_ptr<Client>> clients;
  for (const std::string& bytes :
       {std::string(), std::string("GET"), post("/a", "body").substr(0, 60), std::string(get)}) {
    clients.push_back(std::make_unique<Client>(it.bench, it.server.address()));
    clients.back()->send(bytes);
  }
  it.bench.until([&] { return it.server.connections() == 4; });
  it.server.close_all();
  EXPECT_EQ(it.counts.connections.load(), 0);
  EXPECT_EQ(it.server.in_flight(), 0U);
  EXPECT_EQ(it.budget.left(), 64 << 20);
  it.bench.pass(seconds(100));
}

}  // namespace
}  // namespace sluice::http

#include "relay/relay_service.hpp"

#include "relay/testing.hpp"

namespace sluice::relay {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using metrics::Outcome;

/// The answer to a request that never reaches the provider.
Answer refusal_of(House& house, std::string_view request) {
  Socket client = house.ask(request);
  while (!client.seen().ends_with("\"}") && client.read_some()) {
  }
  return take_answer(client.seen());
}

std::string get(std::string_view path, std::string_view fields = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nhost: relay\r\n" + std::string(fields) + "\r\n";
}

TEST(RelayService, RefusesInTheCallersDialectAndSettlesOnce) {
  const std::string key = "x-api-key: " + std::string(client_secret) + "\r\n";
  struct Case {
    std::string request;
    int status;
    std::string code;
    std::string type;
  };
  const std::vector<Case> cases = {
      {get("/nowhere"), 404, "unknown_route", "not_found_error"},
      {get("/v1/messages"), 405, "method_not_allowed", "invalid_request_error"},
      {"POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n", 401, "invalid_key",
       "authentication_error"},
      {get("/api/v1/models", "x-api-key: sk-slc-other\r\n"), 401, "invalid_key",
       "authentication_error"},
      {get("/api/v1/models", key + "authorization: Bearer other\r\n"), 400, "invalid_request",
       "invalid_request_error"},
      {post("{"), 400, "invalid_request", "invalid_request_error"},
      {post("{}"), 400, "invalid_request", "invalid_request_error"},
      {post(R"({"model":")" + std::string(100'000, 'm') + "\"}"), 400, "invalid_request",
       "invalid_request_error"}};
  for (const Case& one : cases) {
    House house;
    const Answer answer = refusal_of(house, one.request);
    EXPECT_EQ(answer.status, one.status) << one.code;
    EXPECT_TRUE(answer.has("x-sluice-error: " + one.code + "\r\n")) << answer.head;
    EXPECT_TRUE(answer.has("x-request-id: ")) << one.code;
    EXPECT_NE(answer.body.find("\"type\":\"" + one.type + "\""), std::string::npos) << answer.body;
    EXPECT_LT(answer.body.size(), 1000U);
    EXPECT_FALSE(house.was_called());
    house.stop();
    EXPECT_EQ(house.settled(), 1U) << one.code;
    EXPECT_EQ(house.settled(Outcome::refused), 1U) << one.code;
    house.expect_nothing_held();
  }
}

TEST(RelayService, NamesTheMethodsOfARoute) {
  House house;
  EXPECT_TRUE(refusal_of(house, get("/claude/v1/messages")).has("allow: POST\r\n"));
}

TEST(RelayService, BelievesTheLastAddressThatATrustedProxyTells) {
  const auto network = [](std::string_view text) { return *net::Network::parse(text); };
  const auto status = [](House& house, std::string_view fields) {
    return refusal_of(house, post("{}", "/v1/messages", fields)).status;
  };
  House house(
      {.key_networks = {network("203.0.113.0/24")}, .trusted_proxies = {network("127.0.0.1/32")}});
  // 400 is past the check of the address.
  EXPECT_EQ(status(house, ""), 403);
  EXPECT_EQ(status(house, "x-forwarded-for: 203.0.113.9\r\n"), 400);
  EXPECT_EQ(status(house, "x-forwarded-for: 198.51.100.1, 203.0.113.9\r\n"), 400);
  EXPECT_EQ(status(house, "x-forwarded-for: 203.0.113.9, 198.51.100.1\r\n"), 403);
  EXPECT_EQ(status(house, "x-forwarded-for: 203.0.113.9, 127.0.0.1\r\n"), 400);
  EXPECT_EQ(status(house, "x-forwarded-for: 203.0.113.9, nonsense\r\n"), 403);
  // Some proxies add a field of their own behind the client's.
  EXPECT_EQ(status(house, "x-forwarded-for: 203.0.113.9\r\nX-Forwarded-For: 198.51.100.1\r\n"),
            403);
  House trusting_nobody({.key_networks = {network("203.0.113.0/24")}});
  EXPECT_EQ(status(trusting_nobody, "x-forwarded-for: 203.0.113.9\r\n"), 403);
}

TEST(RelayService, EditsTheModelOfEvenTheShortestRequest) {
  House house({.model_map = {{"m", "x"}}});
  for (const std::string& rest : {std::string(), "," + std::string(100, ' ') + "\"a\":1"}) {
    Socket client = house.ask(post("{\"model\":\"m\"" + rest + "}"));
    Socket call = house.called();
    EXPECT_TRUE(call.seen().ends_with("\r\n\r\n{\"model\":\"x\"" + rest + "}")) << call.seen();
    call.send(document(200, "{}"));
    call.close();
    EXPECT_TRUE(client.read_until("{}"));
  }
}

TEST(RelayService, RefusesBeyondTheSlotsOfAKey) {
  House house({.key_concurrency = 1});
  Socket first = house.ask(stream_request());
  Socket call = house.called();
  const Answer answer = refusal_of(house, stream_request());
  EXPECT_EQ(answer.status, 429);
  EXPECT_TRUE(answer.has("x-sluice-error: concurrency_limited\r\n"));
  EXPECT_TRUE(answer.has("retry-after: "));
  first.close();
  EXPECT_FALSE(call.read_some());
  house.stop();
  EXPECT_EQ(house.settled(), 2U);
  house.expect_nothing_held();
}

TEST(RelayService, RefusesBeyondTheSlotsOfAnAccount) {
  House house({.account_concurrency = 1});
  Socket first = house.ask(stream_request());
  Socket call = house.called();
  const Answer answer = refusal_of(house, stream_request());
  EXPECT_EQ(answer.status, 503);
  EXPECT_TRUE(answer.has("x-sluice-error: no_account\r\n"));
  EXPECT_TRUE(answer.has("retry-after: "));
  house.stop();
  EXPECT_EQ(house.settled(), 2U);
  house.expect_nothing_held();
}

TEST(RelayService, LetsRequestsWaitForASlot) {
  for (const bool of_key : {true, false}) {
    House house({.limits = {.queue_timeout = 60s},
                 .key_concurrency = of_key ? 1 : 0,
                 .account_concurrency = of_key ? 0 : 1});
    Socket first = house.ask(stream_request());
    Socket call = house.called();
    Socket second = house.ask(stream_request());
    const std::string answer =
        std::string(stream_head) + chunk(preamble + content + ending) + std::string(last_chunk);
    call.send(answer);
    ASSERT_TRUE(first.read_until("\r\n0\r\n\r\n"));
    call.seen().clear();
    House::read_request(call);
    call.send(answer);
    ASSERT_TRUE(second.read_until("\r\n0\r\n\r\n"));
    house.stop();
    EXPECT_EQ(house.settled(Outcome::ok), 2U);
    house.expect_nothing_held();
  }
}

TEST(RelayService, EndsTheWaitForASlotAtItsTimeout) {
  House house({.limits = {.queue_timeout = 60s}, .key_concurrency = 1});
  Socket first = house.ask(stream_request());
  Socket call = house.called();
  Socket second = house.ask(stream_request());
  while (!second.has_ended() && second.seen().empty()) house.advance(10s);
  EXPECT_TRUE(second.read_until("concurrency_limited"));
}

TEST(RelayService, NoticesThatAClientLeavesTheQueue) {
  for (const bool of_key : {true, false}) {
    House house({.limits = {.queue_timeout = 60s},
                 .key_concurrency = of_key ? 1 : 0,
                 .account_concurrency = of_key ? 0 : 1});
    Socket first = house.ask(stream_request());
    Socket call = house.called();
    {
      Socket second = house.ask(stream_request());
    }
    // Its turn would come now; but nobody is there.
    call.send(std::string(stream_head) + chunk(preamble + content + ending) +
              std::string(last_chunk));
    ASSERT_TRUE(first.read_until("\r\n0\r\n\r\n"));
    house.on_loop([] {});
    house.stop();
    EXPECT_EQ(house.settled(), 2U);
    EXPECT_EQ(house.settled(Outcome::client_closed), 1U);
    EXPECT_FALSE(house.was_called());
    house.expect_nothing_held();
  }
}

TEST(RelayService, SettlesWhatIsCutWhileItWaitsOrRuns) {
  House house({.limits = {.queue_timeout = 60s}, .account_concurrency = 1});
  Socket running = house.ask(stream_request());
  Socket call = house.called();
  Socket queued = house.ask(stream_request());
  Socket reading = house.ask("POST /v1/messages HTTP/1.1\r\nhost: a\r\nx-api-key: " +
                             std::string(client_secret) + "\r\ncontent-length: 10\r\n\r\n{");
  // All three have been taken up once a later one has been answered.
  (void)refusal_of(house, get("/nowhere"));
  house.stop();
  EXPECT_EQ(house.settled(), 4U);
  house.expect_nothing_held();
}

TEST(RelayService, AnswersTheNextRequestOfAConnection) {
  House house;
  Socket client = house.ask(document_request() + get("/nowhere"));
  Socket call = house.called();
  call.send(document(200, R"({"type":"message"})"));
  ASSERT_TRUE(client.read_until("unknown_route"));
  EXPECT_EQ(take_answer(client.seen()).body, R"({"type":"message"})");
  EXPECT_EQ(take_answer(client.seen()).status, 404);
}

TEST(RelayService, TriesAKeptConnectionThatWasClosedOnceMoreOnANewOne) {
  House house;
  Socket first = house.ask(document_request());
  Socket call = house.called();
  call.send(document(200, "{}"));
  ASSERT_TRUE(first.read_until("{}"));
  // The provider takes the next request of this connection, and hangs up.
  Socket second = house.ask(document_request());
  call.seen().clear();
  House::read_request(call);
  call.close();
  Socket again = house.called();
  again.send(document(200, "[]"));
  ASSERT_TRUE(second.read_until("[]"));
  house.stop();
  EXPECT_EQ(house.settled(Outcome::ok), 2U);
  EXPECT_EQ(house.attempts(metrics::AttemptResult::ok), 2U);
}

}  // namespace
}  // namespace sluice::relay

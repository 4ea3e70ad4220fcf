/// What fails before the first output is asked of another account, what comes after it never.
#include <gtest/gtest.h>

#include <functional>

#include "relay/testing.hpp"

namespace sluice::relay::testing {
namespace {

using namespace std::chrono_literals;
using metrics::AttemptResult;
using metrics::Outcome;

const std::string whole_stream = std::string(stream_head) + chunk(preamble) + chunk(content) +
                                 chunk(ending) + std::string(last_chunk);

std::string refusal(int status, std::string_view type, std::string_view fields = {},
                    std::string_view message = "told by the provider") {
  std::string body = R"({"type":"error","error":{"type":")";
  body.append(type).append(R"(","message":")").append(message).append("\"}}");
  return document(status, body, fields);
}

/// A conversation with thinking in it that some account has signed.
const std::string signed_body =
    R"({"model":"claude-x","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"a"},)"
    R"({"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"c2ln"},)"
    R"({"type":"text","text":"b"}]},{"role":"user","content":"c"}]})";

House::Settings accounts(int count) {
  House::Settings settings;
  settings.accounts = count;
  settings.limits.max_attempts = 3;
  return settings;
}

/// A way for a provider to fail.
struct Fault {
  const char* name;
  std::function<void(House&, Socket&)> happen;
};
std::string name_of(const ::testing::TestParamInfo<Fault>& info) { return info.param.name; }

Fault says(const char* name, std::string bytes) {
  return {name, [bytes](House&, Socket& call) {
            call.send(bytes);
            call.close();
          }};
}

const std::string error_event =
    "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
    "\"message\":\"Overloaded\"}}\n\n";

class FailsBeforeTheFirstOutput : public ::testing::TestWithParam<Fault> {};

TEST_P(FailsBeforeTheFirstOutput, AndAnotherAccountAnswers) {
  House house(accounts(2));
  Socket client = house.ask(stream_request());
  Socket first = house.called(0);
  GetParam().happen(house, first);
  Socket second = house.called(1);
  second.send(whole_stream);

  ASSERT_TRUE(client.read_until(last_chunk));
  const Answer answer = take_answer(client.seen());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, preamble + content + ending);
  EXPECT_TRUE(answer.whole);
  EXPECT_FALSE(house.was_called(0));
  house.stop();
  EXPECT_EQ(house.settled(Outcome::ok), 1U);
  EXPECT_EQ(house.attempts(AttemptResult::ok), 1U);
  EXPECT_EQ(house.all_attempts(), 2U);
  house.expect_nothing_held();
}

INSTANTIATE_TEST_SUITE_P(
    EveryWay, FailsBeforeTheFirstOutput,
    ::testing::Values(
        Fault{"reset_before_the_head", [](House&, Socket& call) { call.reset(); }},
        says("end_within_the_head", "HTTP/1.1 200 OK\r\ncontent-"),
        says("no_http", "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        says("redirect", "HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n"),
        says("status_401", refusal(401, "authentication_error")),
        says("status_402", refusal(402, "billing_error")),
        says("status_403", refusal(403, "permission_error")),
        says("status_408", refusal(408, "timeout_error")),
        says("status_429", refusal(429, "rate_limit_error", "retry-after: 17\r\n")),
        says("status_500", refusal(500, "api_error")), says("status_502", document(502, "<html>")),
        says("status_503", document(503, "")), says("status_504", refusal(504, "timeout_error")),
        says("status_529", refusal(529, "overloaded_error")),
        says("no_credit", refusal(400, "invalid_request_error", "",
                                  "Your credit balance is too low to access the Anthropic API.")),
        says("error_as_the_first_event", std::string(stream_head) + chunk(error_event)),
        says("error_behind_the_preamble",
             std::string(stream_head) + chunk(preamble) + chunk(error_event)),
        says("cut_behind_the_preamble", std::string(stream_head) + chunk(preamble)),
        says("clean_end_behind_the_preamble",
             std::string(stream_head) + chunk(preamble) + std::string(last_chunk)),
        says("broken_chunk", std::string(stream_head) + "zz\r\n"),
        Fault{"silence_before_the_head", [](House& house, Socket&) { house.advance(600001ms); }},
        Fault{"silence_behind_the_preamble",
              [](House& house, Socket& call) {
                call.send(std::string(stream_head) + chunk(preamble));
                house.until([&] { return house.has_read(call); });
                house.advance(300001ms);
              }}),
    name_of);

TEST(Failover, AsksAnotherAccountWhereNothingListens) {
  House house(accounts(2));
  house.take_provider_down(0);
  Socket client = house.ask(stream_request());
  house.called(1).send(whole_stream);
  ASSERT_TRUE(client.read_until(last_chunk));
  EXPECT_EQ(take_answer(client.seen()).status, 200);
  house.stop();
  EXPECT_EQ(house.attempts(AttemptResult::connect_failed), 1U);
}

TEST(Failover, CountsWhatTheAttemptThatFailedHadUsed) {
  House house(accounts(2));
  Socket client = house.ask(stream_request());
  Socket first = house.called(0);
  first.send(std::string(stream_head) + chunk(preamble));
  first.close();
  house.called(1).send(whole_stream);
  ASSERT_TRUE(client.read_until(last_chunk));
  house.stop();
  EXPECT_EQ(house.tokens(metrics::TokenKind::input), 22U);
  EXPECT_EQ(house.tokens(metrics::TokenKind::output), 43U);
}

TEST(Failover, NeverHappensAfterTheFirstOutput) {
  for (const std::string& end : {std::string(), chunk(error_event), std::string("zz\r\n")}) {
    House house(accounts(2));
    Socket client = house.ask(stream_request());
    Socket call = house.called(0);
    call.send(std::string(stream_head) + chunk(preamble) + chunk(content));
    ASSERT_TRUE(client.read_until("Hello there"));
    call.send(end);
    call.close();
    client.read_to_end();
    const Answer answer = take_answer(client.seen());
    EXPECT_EQ(answer.status, 200);
    EXPECT_FALSE(answer.whole);
    EXPECT_TRUE(answer.body.starts_with(preamble + content)) << answer.body;
    EXPECT_NE(answer.body.find("event: error"), std::string::npos);
    EXPECT_EQ(answer.body.find("Hello there"), answer.body.rfind("Hello there"));
    EXPECT_FALSE(house.was_called(1));
    house.stop();
    EXPECT_EQ(house.all_attempts(), 1U);
    house.expect_nothing_held();
  }
}

TEST(Failover, PassesTheClientsOwnFaultOnUnchanged) {
  for (const int status : {400, 404, 413, 422}) {
    House house(accounts(2));
    Socket client = house.ask(stream_request());
    const std::string told = refusal(status, "invalid_request_error");
    house.called(0).send(told);
    ASSERT_TRUE(client.read_until("told by the provider\"}}"));
    const Answer answer = take_answer(client.seen());
    EXPECT_EQ(answer.status, status);
    EXPECT_FALSE(answer.has("x-sluice-error"));
    EXPECT_FALSE(house.was_called(1));
    EXPECT_TRUE(house.account_state().health.proven());
    house.stop();
  }
}

TEST(Failover, TellsTheMostTellingOfTheRefusals) {
  House house(accounts(3));
  Socket client = house.ask(stream_request());
  house.called(0).send(refusal(500, "api_error"));
  house.called(1).send(refusal(429, "rate_limit_error", "retry-after: 17\r\n"));
  Socket third = house.called(2);
  third.reset();
  ASSERT_TRUE(client.read_until("told by the provider\"}}"));
  const Answer answer = take_answer(client.seen());
  EXPECT_EQ(answer.status, 429);
  EXPECT_TRUE(answer.has("retry-after: 17"));
  EXPECT_FALSE(answer.has("x-sluice-error"));
  house.stop();
  EXPECT_EQ(house.settled(Outcome::upstream_error), 1U);
  EXPECT_EQ(house.all_attempts(), 3U);
  house.expect_nothing_held();
}

TEST(Failover, EndsWithTheAttempts) {
  House::Settings settings = accounts(4);
  settings.limits.max_attempts = 2;
  House house(settings);
  Socket client = house.ask(stream_request());
  house.called(0).send(refusal(500, "api_error"));
  house.called(1).send(refusal(500, "api_error"));
  ASSERT_TRUE(client.read_until("told by the provider\"}}"));
  EXPECT_EQ(take_answer(client.seen()).status, 500);
  EXPECT_FALSE(house.was_called(2));
  house.stop();
  EXPECT_EQ(house.all_attempts(), 2U);
}

TEST(Failover, AsksTheOnlyAccountAgainAfterAPause) {
  House house(accounts(1));
  Socket client = house.ask(stream_request());
  Socket first = house.called();
  first.send(refusal(500, "api_error"));
  house.until([&] { return house.has_read(first); });
  house.advance(5100ms);
  first.seen().clear();
  House::read_request(first);  // on the connection that was kept
  first.send(whole_stream);
  ASSERT_TRUE(client.read_until(last_chunk));
  EXPECT_EQ(take_answer(client.seen()).status, 200);
  house.stop();
  EXPECT_EQ(house.all_attempts(), 2U);
  house.expect_nothing_held();
}

TEST(Failover, DoesNotWaitForALongRest) {
  House house(accounts(1));
  Socket client = house.ask(stream_request());
  house.called().send(refusal(429, "rate_limit_error", "retry-after: 17\r\n"));
  ASSERT_TRUE(client.read_until("told by the provider\"}}"));
  EXPECT_EQ(take_answer(client.seen()).status, 429);

  // Until then nobody is asked, and the client learns when it is worth to come again.
  Socket next = house.ask(stream_request());
  ASSERT_TRUE(next.read_until("\r\n\r\n"));
  const Answer answer = take_answer(next.seen());
  EXPECT_EQ(answer.status, 503);
  EXPECT_TRUE(answer.has("x-sluice-error: no_account"));
  EXPECT_TRUE(answer.has("retry-after: 1")) << answer.head;  // 17 s and some jitter
  EXPECT_FALSE(house.was_called());

  house.advance(20s);
  Socket third = house.ask(stream_request());
  house.called().send(whole_stream);
  ASSERT_TRUE(third.read_until(last_chunk));
  EXPECT_EQ(take_answer(third.seen()).status, 200);
  EXPECT_TRUE(house.account_state().health.proven());
}

TEST(Failover, RestsHurtNobodyForWhatIsNotBilled) {
  House house(accounts(2));
  Socket client =
      house.ask(post(R"({"model":"claude-x","messages":[]})", "/v1/messages/count_tokens"));
  house.called(0).send(refusal(429, "rate_limit_error", "retry-after: 17\r\n"));
  house.called(1).send(document(200, R"({"input_tokens":3})"));
  ASSERT_TRUE(client.read_until("}"));
  EXPECT_EQ(take_answer(client.seen()).status, 200);
  EXPECT_TRUE(house.account_state().health.proven());
}

TEST(Failover, AsksAgainWithTheNewToken) {
  House::Settings settings = accounts(1);
  settings.refreshable = true;
  House house(settings);
  Socket client = house.ask(stream_request());
  Socket first = house.called();
  first.send(refusal(401, "authentication_error"));
  house.until([&] { return house.account_state().wants_refresh.load(); });
  house.use(settings, "sk-ant-the-new-token");
  first.seen().clear();
  House::read_request(first);
  EXPECT_NE(first.seen().find("sk-ant-the-new-token"), std::string::npos);
  first.send(whole_stream);
  ASSERT_TRUE(client.read_until(last_chunk));
  EXPECT_EQ(take_answer(client.seen()).status, 200);
}

TEST(Failover, WakesAllThatWaitForANewToken) {
  House::Settings settings = accounts(1);
  settings.refreshable = true;
  House house(settings);
  std::vector<Socket> clients;
  std::vector<Socket> calls;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(house.ask(stream_request()));
    calls.push_back(house.called());
  }
  for (Socket& call : calls) {
    call.send(refusal(401, "authentication_error"));
    house.until([&] { return house.has_read(call); });
    call.seen().clear();
  }
  house.use(settings, "sk-ant-the-new-token");
  for (Socket& call : calls) {
    House::read_request(call);
    EXPECT_NE(call.seen().find("sk-ant-the-new-token"), std::string::npos);
    call.send(whole_stream);
  }
  for (Socket& client : clients) {
    ASSERT_TRUE(client.read_until(last_chunk));
    EXPECT_EQ(take_answer(client.seen()).status, 200);
  }
}

TEST(Failover, KeepsTheNewTokenForFurtherAttempts) {
  House::Settings settings = accounts(1);
  settings.refreshable = true;
  House house(settings);
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  call.send(refusal(401, "authentication_error"));
  house.until([&] { return house.account_state().wants_refresh.load(); });
  house.use(settings, "sk-ant-the-new-token");
  call.seen().clear();
  House::read_request(call);
  call.send(refusal(500, "api_error"));
  house.until([&] { return house.has_read(call); });
  house.advance(6s);
  call.seen().clear();
  House::read_request(call);
  EXPECT_NE(call.seen().find("sk-ant-the-new-token"), std::string::npos);
  call.send(whole_stream);
  ASSERT_TRUE(client.read_until(last_chunk));
  EXPECT_EQ(take_answer(client.seen()).status, 200);
}

TEST(Failover, HoldsNoAccountWhileItWaitsForAnother) {
  House::Settings settings = accounts(2);
  settings.account_concurrency = 1;
  settings.limits.queue_timeout = 30s;
  House house(settings);
  Socket one = house.ask(stream_request());
  Socket at_first = house.called(0);
  Socket other = house.ask(stream_request());
  Socket at_second = house.called(1);
  for (Socket* call : {&at_first, &at_second}) {
    call->send(refusal(500, "api_error"));
    house.until([&] { return house.has_read(*call); });
    call->seen().clear();
  }
  for (Socket* call : {&at_first, &at_second}) {
    House::read_request(*call);
    call->send(whole_stream);
  }
  for (Socket* client : {&one, &other}) {
    ASSERT_TRUE(client->read_until(last_chunk));
    EXPECT_EQ(take_answer(client->seen()).status, 200);
  }
  house.stop();
  house.expect_nothing_held();
}

TEST(Failover, TakesAnAccountWhoseRestEndsWhileItWaitsForASlot) {
  House::Settings settings = accounts(2);
  settings.account_concurrency = 1;
  settings.limits.queue_timeout = 30s;
  settings.limits.max_attempts = 1;
  House house(settings);
  Socket busy = house.ask(stream_request());
  Socket held = house.called(0);
  Socket refused = house.ask(stream_request());
  house.called(1).send(refusal(429, "rate_limit_error", "retry-after: 3\r\n"));
  ASSERT_TRUE(refused.read_until("told by the provider"));

  Socket waits = house.ask(stream_request());
  house.until([&] { return house.has_read(waits); });
  house.advance(4s);
  house.called(1).send(whole_stream);
  ASSERT_TRUE(waits.read_until(last_chunk));
  EXPECT_EQ(take_answer(waits.seen()).status, 200);
}

TEST(Failover, LeavesAProviderThatOnlySaysThatItLives) {
  House house(accounts(2));
  Socket client = house.ask(stream_request());
  Socket first = house.called(0);
  first.send(std::string(stream_head) + chunk(preamble));
  for (int i = 0; i < 3; ++i) {
    house.until([&] { return house.has_read(first); });
    house.advance(201s);
    first.send(chunk("event: ping\ndata: {\"type\":\"ping\"}\n\n"));
  }
  house.called(1).send(whole_stream);
  ASSERT_TRUE(client.read_until(last_chunk));
  EXPECT_EQ(take_answer(client.seen()).status, 200);
}

TEST(Failover, TellsOfTheRepairedRequestAndNotOfTheFirst) {
  House::Settings settings = accounts(1);
  settings.limits.max_attempts = 2;
  House house(settings);
  Socket client = house.ask(post(signed_body));
  Socket call = house.called();
  call.send(refusal(400, "invalid_request_error", "",
                    "messages.1.content.0: Invalid `signature` in `thinking` block"));
  call.seen().clear();
  House::read_request(call);
  call.send(refusal(529, "overloaded_error"));
  ASSERT_TRUE(client.read_until("told by the provider"));
  EXPECT_EQ(take_answer(client.seen()).status, 529);
}

TEST(Failover, BlamesNoAccountForACredentialThatWasReplaced) {
  House house(accounts(2));
  house.account_state(0).credential = 1;  // of another one than that of the request
  Socket client = house.ask(stream_request());
  house.called(0).send(refusal(401, "authentication_error"));
  house.called(1).send(whole_stream);
  ASSERT_TRUE(client.read_until(last_chunk));
  EXPECT_TRUE(house.account_state(0).health.proven());
}

TEST(Failover, TakesASignatureOffThatTheAccountDoesNotKnow) {
  House house(accounts(1));
  Socket client = house.ask(post(signed_body));
  Socket first = house.called();
  first.send(refusal(400, "invalid_request_error", "",
                     "messages.1.content.0: Invalid `signature` in `thinking` block"));
  first.seen().clear();
  House::read_request(first);
  EXPECT_EQ(first.seen().find("c2ln"), std::string::npos);
  EXPECT_NE(first.seen().find(R"({"type":"text","text":"b"})"), std::string::npos);
  first.send(whole_stream);
  ASSERT_TRUE(client.read_until(last_chunk));
  EXPECT_EQ(take_answer(client.seen()).status, 200);
}

TEST(Failover, EndsWhereTheClientLeavesInAPause) {
  House house(accounts(1));
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  call.send(refusal(500, "api_error"));
  house.until([&] { return house.has_read(call); });
  client.close();
  house.until([&] { return house.account_state().in_flight.load() == 0; });
  house.advance(6s);
  EXPECT_FALSE(house.was_called());
  house.stop();
  EXPECT_EQ(house.settled(Outcome::client_closed), 1U);
  EXPECT_EQ(house.all_attempts(), 1U);
  house.expect_nothing_held();
}

TEST(Failover, GoesOnBehindAnEarlyHead) {
  House::Settings settings = accounts(2);
  settings.limits.early_head = 1000ms;
  House house(settings);
  Socket client = house.ask(stream_request());
  Socket first = house.called(0);
  house.advance(1100ms);
  ASSERT_TRUE(client.read_until(": keepalive"));
  first.send(refusal(500, "api_error"));
  house.called(1).send(whole_stream);
  ASSERT_TRUE(client.read_until(last_chunk));
  const Answer answer = take_answer(client.seen());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, ": keepalive\n\n" + preamble + content + ending);
}

TEST(Failover, GoesToTheAccountThatHasTheContainer) {
  House house(accounts(2));
  house.memory().pins.learn("container_1", AccountId("account-1"),
                            WallTime(std::chrono::seconds(1'700'000'000)));
  const std::string body =
      R"({"model":"claude-x","max_tokens":9,"container":"container_1","messages":[]})";
  Socket client = house.ask(post(body));
  Socket call = house.called(1);
  // Nobody else has it.
  call.send(refusal(429, "rate_limit_error", "retry-after: 60\r\n"));
  ASSERT_TRUE(client.read_until("told by the provider\"}}"));
  EXPECT_EQ(take_answer(client.seen()).status, 429);
  EXPECT_FALSE(house.was_called(0));
}

TEST(Failover, RemembersWhichAccountMadeAContainer) {
  House house(accounts(2));
  Socket client = house.ask(document_request());
  house.called(0).send(document(
      200, R"({"id":"m","type":"message","model":"claude-x","container":{"id":"container_2"},)"
           R"("usage":{"input_tokens":1,"output_tokens":2}})"));
  ASSERT_TRUE(client.read_until("container_2"));
  house.until([&] {
    return house.memory().pins.find("container_2", WallTime(std::chrono::seconds(1'700'000'000))) ==
           AccountId("account");
  });
}

TEST(Failover, CountsWhatThePromptCacheSavedWithASingleAccountToo) {
  House house(accounts(1));
  Socket client = house.ask(document_request());
  house.called().send(document(
      200, R"({"id":"m","type":"message","model":"claude-x","usage":{"input_tokens":1,)"
           R"("cache_read_input_tokens":700,"cache_creation_input_tokens":0,"output_tokens":2}})"));
  ASSERT_TRUE(client.read_until("output_tokens"));
  house.stop();
  const routing::CacheFigures figures = house.account_state().cache.figures();
  EXPECT_EQ(figures.requests, 1U);
  EXPECT_EQ(figures.hits, 1U);
  EXPECT_EQ(figures.tokens_read, 700U);
}

TEST(Failover, TellsAnErrorUnderAGoodStatusByTheStatusItStandsFor) {
  House house;
  Socket client = house.ask(document_request());
  house.called().send(document(
      200, R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"));
  ASSERT_TRUE(client.read_until("Overloaded\"}}"));
  EXPECT_EQ(take_answer(client.seen()).status, 529);
  house.stop();
  EXPECT_EQ(house.settled(Outcome::upstream_error), 1U);
}

TEST(Failover, KnowsAnErrorUnderAGoodStatus) {
  House house(accounts(2));
  Socket client = house.ask(document_request());
  house.called(0).send(document(
      200, R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"));
  const std::string good = R"({"id":"m","type":"message","content":[]})";
  house.called(1).send(document(200, good));
  ASSERT_TRUE(client.read_until(good));
  EXPECT_EQ(take_answer(client.seen()).body, good);
}

TEST(Failover, PassesOverAGuessThatItMayNotMake) {
  // Whoever has failed is a guess, and there is none left; the last account is well, if slow.
  House::Settings settings = accounts(3);
  settings.limits.max_attempts = 2;
  House house(settings);
  const ManualClock clock;
  const routing::Moment start{.now = clock.now(), .wall = clock.wall_now()};
  for (int i = 0; i < 20; ++i) {
    house.account_state(2).health.succeeded(start, "claude-x", 20000ms, 1000ms);
  }
  routing::Verdict passing;
  passing.streak = 3;
  house.account_state(1).health.failed(start, "claude-x", passing, 0);
  while (house.memory().retries.take(start.now)) {
  }
  Socket client = house.ask(stream_request());
  house.called(0).send(refusal(500, "api_error"));
  house.called(2).send(whole_stream);
  ASSERT_TRUE(client.read_until(last_chunk));
  EXPECT_EQ(take_answer(client.seen()).status, 200);
  EXPECT_FALSE(house.was_called(1));
  house.stop();
  EXPECT_EQ(house.all_attempts(), 2U);
  house.expect_nothing_held();
}

TEST(Failover, RationsItsGuesses) {
  // The second account has failed before, so asking it is a guess; and the guesses are used up.
  House house(accounts(2));
  const routing::Verdict failed{.other = true, .reason = "failed before"};
  house.account_state(1).health.failed({TimePoint(1h), WallTime(1h)}, "claude-x", failed, 0);
  while (house.memory().retries.take(TimePoint(1h))) {
  }
  Socket client = house.ask(stream_request());
  house.called(0).send(refusal(500, "api_error"));
  ASSERT_TRUE(client.read_until("told by the provider\"}}"));
  EXPECT_EQ(take_answer(client.seen()).status, 500);
  EXPECT_FALSE(house.was_called(1));
}

}  // namespace
}  // namespace sluice::relay::testing

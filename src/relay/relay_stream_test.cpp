#include "relay/relay_stream.hpp"

#include <zlib.h>

#include "relay/testing.hpp"

namespace sluice::relay {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using metrics::AttemptResult;
using metrics::Outcome;
using metrics::TokenKind;

const std::string whole_stream = preamble + content + ending;

std::string gzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(::deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

/// What the client got after the provider sent `bytes` and closed.
Answer answer_to(House& house, std::string_view request, std::string_view bytes) {
  Socket client = house.ask(request);
  Socket call = house.called();
  call.send(bytes);
  call.close();
  Answer answer;
  do {
    std::string seen = client.seen();
    answer = take_answer(seen);
  } while (!answer.whole && client.read_some());
  return answer;
}

void expect_settled_once_as(House& house, Outcome outcome, AttemptResult attempt) {
  house.stop();
  EXPECT_EQ(house.settled(), 1U);
  EXPECT_EQ(house.settled(outcome), 1U);
  EXPECT_EQ(house.attempts(attempt), 1U);
  house.expect_nothing_held();
}

// --- whole answers ---------------------------------------------------------------------------------------------------

TEST(RelayStream, GivesAWholeStreamByteForByteAndCountsIt) {
  House house;
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  call.send(std::string(stream_head) + chunk(whole_stream) + std::string(last_chunk));
  ASSERT_TRUE(client.read_until("\r\n0\r\n\r\n"));
  const Answer answer = take_answer(client.seen());

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, whole_stream);
  EXPECT_TRUE(answer.whole);
  EXPECT_TRUE(answer.has("x-request-id: "));
  EXPECT_FALSE(answer.has("x-sluice-error"));
  expect_settled_once_as(house, Outcome::ok, AttemptResult::ok);
  EXPECT_EQ(house.tokens(TokenKind::input), 11U);
  EXPECT_EQ(house.tokens(TokenKind::output), 42U);
  EXPECT_EQ(house.metrics().stream_events.value(), 7U);
}

TEST(RelayStream, GivesTheSameBytesHoweverTheProviderCutsThem) {
  House house;
  for (const std::size_t size : {1U, 7U, 100U}) {
    Socket client = house.ask(stream_request());
    Socket call = house.called();
    call.send(stream_head);
    for (std::size_t at = 0; at < whole_stream.size(); at += size) {
      call.send(chunk(whole_stream.substr(at, size)));
    }
    call.send(last_chunk);
    call.close();
    ASSERT_TRUE(client.read_until("\r\n0\r\n\r\n"));
    EXPECT_EQ(take_answer(client.seen()).body, whole_stream);
  }
}

TEST(RelayStream, ReadsTheUsageOfADocument) {
  House house;
  const std::string body =
      R"({"id":"m","model":"claude-x","usage":{"input_tokens":11,"output_tokens":42}})";
  const Answer answer =
      answer_to(house, post(R"({"model":"claude-x"})", "/v1/messages", "connection: close\r\n"),
                document(200, body));
  EXPECT_EQ(answer.body, body);
  EXPECT_TRUE(answer.whole);
  expect_settled_once_as(house, Outcome::ok, AttemptResult::ok);
  EXPECT_EQ(house.tokens(TokenKind::input), 11U);
  EXPECT_EQ(house.tokens(TokenKind::output), 42U);
}

TEST(RelayStream, RelaysADocumentThatIsTooLongToBeHeldAndReadsItsUsageAllTheSame) {
  const std::string body =
      R"({"content":")" + std::string(3 << 20, 'a') +
      R"(","model":"claude-x","usage":{"input_tokens":11,"output_tokens":42}})";
  for (const bool chunked : {false, true}) {
    House house;
    Socket client = house.ask(document_request());
    Socket call = house.called();
    if (chunked) {
      call.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      call.send(chunk(body) + std::string(last_chunk));
    } else {
      call.send(document(200, body));
    }
    Answer answer;
    while (!answer.whole && client.read_some()) {
      std::string bytes = client.seen();
      answer = take_answer(bytes);
    }
    EXPECT_EQ(answer.body, body) << chunked;
    EXPECT_EQ(answer.has("content-length: "), !chunked);
    expect_settled_once_as(house, Outcome::ok, AttemptResult::ok);
    EXPECT_EQ(house.tokens(TokenKind::output), 42U);
  }
}

TEST(RelayStream, EndsALongDocumentThatIsCutWithoutAnEnd) {
  House house;
  const std::string part(2 << 20, 'a');
  const Answer answer = answer_to(
      house, document_request(),
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunk(part) + "10\r\nabc");
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.whole);
  expect_settled_once_as(house, Outcome::upstream_cut, AttemptResult::cut);
}

TEST(RelayStream, RelaysACompressedStreamAsItIsAndReadsItBeside) {
  House house;
  const std::string packed = gzip(whole_stream);
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  call.send(
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\n"
      "transfer-encoding: chunked\r\n\r\n" +
      chunk(packed) + std::string(last_chunk));
  ASSERT_TRUE(client.read_until("0\r\n\r\n"));
  const Answer answer = take_answer(client.seen());
  EXPECT_EQ(answer.body, packed);
  EXPECT_TRUE(answer.has("content-encoding: gzip"));
  expect_settled_once_as(house, Outcome::ok, AttemptResult::ok);
  EXPECT_EQ(house.tokens(TokenKind::output), 42U);
}

TEST(RelayStream, RelaysAStreamUnderACodingThatItCannotRead) {
  House house;
  const std::string packed = "\x01\x02\x03 of a coding that nobody here knows";
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  call.send(
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: x-other\r\n"
      "transfer-encoding: chunked\r\n\r\n" +
      chunk(packed) + std::string(last_chunk));
  ASSERT_TRUE(client.read_until("nobody here knows"));
  const Answer answer = take_answer(client.seen());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, packed);
  expect_settled_once_as(house, Outcome::ok, AttemptResult::ok);
}

TEST(RelayStream, AnswersAHeadWithTheLengthThatTheProviderTold) {
  const std::string request =
      "HEAD /v1/models HTTP/1.1\r\nhost: relay\r\nx-api-key: " + std::string(client_secret) +
      "\r\nanthropic-version: 2023-06-01\r\nconnection: close\r\n\r\n";
  {
    House house;
    const Answer answer = answer_to(house, request, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.has("content-length: 5\r\n"));
  }
  House house;
  const Answer answer = answer_to(house, request, "HTTP/1.1 200 OK\r\nx-a: 1\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.has("content-length"));
  expect_settled_once_as(house, Outcome::ok, AttemptResult::ok);
}

TEST(RelayStream, RelaysAnswersWithoutABody) {
  for (const std::string_view answer_head :
       {"HTTP/1.1 204 X\r\n\r\n", "HTTP/1.1 304 X\r\netag: \"1\"\r\n\r\n",
        "HTTP/1.1 200 X\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    House house;
    Socket client = house.ask(post(R"({"model":"m"})", "/v1/messages", "connection: close\r\n"));
    Socket call = house.called();
    call.send(answer_head);
    client.read_to_end();
    const std::string bytes = client.seen();
    const Answer answer = take_answer(client.seen());
    EXPECT_EQ(answer.status, static_cast<int>(number(answer_head.substr(9, 3), 10)));
    EXPECT_EQ(answer.has("content-length: 0"), answer.status == 200) << bytes;
    EXPECT_TRUE(bytes.ends_with("\r\n\r\n")) << bytes;
    expect_settled_once_as(house, Outcome::ok, AttemptResult::ok);
  }
}

// --- before the first output -----------------------------------------------------------------------------------------

TEST(RelayStream, TellsByTheStatusWhatFailsBeforeTheFirstOutput) {
  for (const std::string& cut : {std::string(), preamble, preamble + content.substr(0, 30)}) {
    House house;
    const Answer answer = answer_to(house, stream_request(),
                                    std::string(stream_head) + (cut.empty() ? "" : chunk(cut)));
    EXPECT_EQ(answer.status, 502);
    EXPECT_TRUE(answer.has("x-sluice-error: upstream_invalid\r\n"));
    EXPECT_EQ(answer.body.find("message_start"), std::string::npos);
    expect_settled_once_as(house, Outcome::upstream_error, AttemptResult::invalid);
  }
}

TEST(RelayStream, TellsAnErrorEventBeforeTheFirstOutputByItsStatusAndMasksTheCredential) {
  House house;
  const std::string event =
      "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
      "\"message\":\"no room for " +
      std::string(provider_secret) + "\"}}\n\n";
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  call.send(std::string(stream_head) + chunk(preamble + event) + std::string(last_chunk));
  ASSERT_TRUE(client.read_until("no room"));
  ASSERT_TRUE(client.read_until("}}"));
  const Answer answer = take_answer(client.seen());
  EXPECT_EQ(answer.status, 529);
  EXPECT_TRUE(answer.whole);
  EXPECT_FALSE(answer.has("x-sluice-error"));
  EXPECT_NE(answer.body.find("no room for ***"), std::string::npos) << answer.body;
  expect_settled_once_as(house, Outcome::upstream_error, AttemptResult::http_5xx);
}

TEST(RelayStream, PassesARefusalOnWithItsStatusAndMasksTheCredential) {
  House house;
  const std::string secret(provider_secret);
  Socket client = house.ask(document_request());
  Socket call = house.called();
  call.send(document(401, R"({"error":"bad key )" + secret + "\"}",
                     "retry-after: 3\r\nx-echo: " + secret + "\r\n"));
  ASSERT_TRUE(client.read_until("\"}"));
  const Answer answer = take_answer(client.seen());
  EXPECT_EQ(answer.status, 401);
  EXPECT_TRUE(answer.whole);
  EXPECT_TRUE(answer.has("retry-after: 3\r\n"));
  EXPECT_TRUE(answer.has("x-echo: ***\r\n"));
  EXPECT_EQ(answer.body, R"({"error":"bad key ***"})");
  expect_settled_once_as(house, Outcome::upstream_error, AttemptResult::http_4xx);
}

TEST(RelayStream, AsksForAFreshTokenWhereTheProviderRefusedTheAccounts) {
  for (const int status : {200, 400, 401, 403, 500}) {
    House house;
    Socket client = house.ask(document_request());
    Socket call = house.called();
    call.send(document(status, "{}", ""));
    ASSERT_TRUE(client.read_until("{}"));
    EXPECT_EQ(house.account_state().wants_refresh, status == 401) << status;
  }
}

TEST(RelayStream, GivesNoHeaderThatRepeatsTheCredentialWhateverTheStatus) {
  House house;
  Socket client = house.ask(document_request());
  Socket call = house.called();
  call.send(document(200, "{}", "x-echo: Bearer " + std::string(provider_secret) + "\r\n"));
  ASSERT_TRUE(client.read_until("{}"));
  EXPECT_TRUE(take_answer(client.seen()).has("x-echo: Bearer ***\r\n"));
}

TEST(RelayStream, FollowsNoRedirect) {
  House house;
  const Answer answer = answer_to(house, document_request(),
                                  document(307, "{}", "location: http://127.0.0.1:1/\r\n"));
  EXPECT_EQ(answer.status, 502);
  EXPECT_FALSE(answer.has("location"));
  expect_settled_once_as(house, Outcome::upstream_error, AttemptResult::invalid);
}

TEST(RelayStream, GivesUpOnAProviderThatStaysSilent) {
  House house;
  Socket client = house.ask(document_request());
  Socket call = house.called();
  house.advance(600s);
  house.advance(1s);
  ASSERT_TRUE(client.read_until("first_byte_timeout_ms"));
  const Answer answer = take_answer(client.seen());
  EXPECT_EQ(answer.status, 504);
  EXPECT_TRUE(answer.has("x-sluice-error: upstream_timeout\r\n"));
  EXPECT_FALSE(call.read_some()) << "the provider's connection is closed";
  expect_settled_once_as(house, Outcome::timeout, AttemptResult::timeout);
}

// --- after the first output ------------------------------------------------------------------------------------------

/// Bytes up to the end of the last whole event.
std::size_t whole_events_in(const std::string& stream, std::size_t cut, std::string_view blank) {
  const auto at = stream.rfind(blank, cut);
  const auto end = at == std::string::npos ? 0 : at + blank.size();
  return end <= cut ? end : whole_events_in(stream, at - 1, blank);
}

TEST(RelayStream, NeverGivesATornEventWhereverTheProviderDies) {
  const std::string lf = preamble + content + ending.substr(0, ending.find("event: message_stop"));
  std::string crlf;
  for (const char c : lf) (crlf += c == '\n' ? "\r" : "") += c;
  for (const std::string& stream : {lf, crlf}) {
    const std::string blank = stream == lf ? "\n\n" : "\r\n\r\n";
    House house({.rests = false});
    const std::size_t first = stream.find(blank, stream.find("content_block_start")) + blank.size();
    for (std::size_t cut = first; cut < stream.size(); ++cut) {
      const Answer answer = answer_to(house, stream_request(),
                                      std::string(stream_head) + chunk(stream.substr(0, cut)));
      ASSERT_EQ(answer.status, 200) << cut;
      ASSERT_FALSE(answer.whole) << cut;
      // A CR alone ends a line too: behind it the event is whole.
      const bool whole = stream.substr(0, cut).ends_with("\r\n\r");
      const std::size_t passed = whole ? cut : whole_events_in(stream, cut, blank);
      ASSERT_EQ(answer.body.substr(0, passed), stream.substr(0, passed)) << cut;
      ASSERT_TRUE(answer.body.substr(passed).starts_with("event: error\ndata: {"))
          << "cut after byte " << cut << ": " << answer.body.substr(passed);
    }
  }
}

TEST(RelayStream, HoldsAnEventOf64KiBBackAndPassesALongerOneInPieces) {
  for (const std::size_t size : {60U << 10U, 200U << 10U}) {
    House house;
    const std::string torn =
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\","
        "\"delta\":{\"type\":\"text_delta\",\"text\":\"" +
        std::string(size, 'a');
    const Answer answer = answer_to(house, stream_request(),
                                    std::string(stream_head) + chunk(preamble + content + torn));
    const std::string before = preamble + content;
    ASSERT_TRUE(answer.body.starts_with(before));
    const std::string rest = answer.body.substr(before.size());
    if (size <= RelayStream::tail_bytes_max) {
      EXPECT_TRUE(rest.starts_with("event: error\n"));
    } else {
      EXPECT_NE(rest.find("a\n\nevent: error\ndata: {"), std::string::npos);
    }
    expect_settled_once_as(house, Outcome::upstream_cut, AttemptResult::cut);
    EXPECT_EQ(house.tokens(TokenKind::input), 11U);
    EXPECT_GE(house.tokens(TokenKind::output), 2U) << "an estimate of what was relayed";
  }
}

TEST(RelayStream, PassesLongEventsByteForByte) {
  House house;
  const std::string big =
      "event: content_block_delta\ndata: {\"type\":\"content_block_delta\","
      "\"delta\":{\"type\":\"text_delta\",\"text\":\"" +
      std::string(300 << 10, 'a') + "\"}}\n\n";
  const std::string sent = preamble + content + big + big + ending;
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  call.send(std::string(stream_head) + chunk(sent) + std::string(last_chunk));
  ASSERT_TRUE(client.read_until("\r\n0\r\n\r\n"));
  EXPECT_EQ(take_answer(client.seen()).body, sent);
  expect_settled_once_as(house, Outcome::ok, AttemptResult::ok);
}

TEST(RelayStream, EndsAfterTheProvidersOwnErrorEventAndMasksTheCredentialInIt) {
  House house;
  const std::string event =
      "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
      "\"message\":\"key " +
      std::string(provider_secret) + "\"}}\n\n";
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  call.send(std::string(stream_head) + chunk(preamble + content));
  ASSERT_TRUE(client.read_until("Hello there"));
  call.send(chunk(event + ending));
  client.read_to_end();
  const Answer answer = take_answer(client.seen());
  EXPECT_FALSE(answer.whole);
  EXPECT_TRUE(answer.body.starts_with(preamble + content + "event: error\n")) << answer.body;
  EXPECT_EQ(answer.body.find(provider_secret), std::string::npos);
  EXPECT_FALSE(call.read_some()) << "the provider's connection is closed";
  expect_settled_once_as(house, Outcome::upstream_error, AttemptResult::http_5xx);
}

TEST(RelayStream, KnowsAnErrorEventInACompressedStreamForWhatItIs) {
  House house;
  const std::string packed =
      gzip(preamble + content +
           "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
           "\"message\":\"x\"}}\n\n");
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  call.send(
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\n"
      "transfer-encoding: chunked\r\n\r\n" +
      chunk(gzip(preamble + content)));
  ASSERT_TRUE(client.read_until("\r\n\r\n"));
  call.send(chunk(packed) + std::string(last_chunk));
  client.read_to_end();
  EXPECT_FALSE(take_answer(client.seen()).whole);
  expect_settled_once_as(house, Outcome::upstream_error, AttemptResult::http_5xx);
}

TEST(RelayStream, EndsAStreamWhoseFramingBreaks) {
  House house;
  const Answer answer = answer_to(house, stream_request(),
                                  std::string(stream_head) + chunk(preamble + content) + "zz\r\n");
  EXPECT_TRUE(answer.body.starts_with(preamble + content + "event: error\n"));
  EXPECT_FALSE(answer.whole);
  expect_settled_once_as(house, Outcome::upstream_cut, AttemptResult::cut);
}

TEST(RelayStream, SaysThatItLivesBetweenEventsAndEndsAStallInBand) {
  House house;
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  call.send(std::string(stream_head) + chunk(preamble + content + "event: content_"));
  ASSERT_TRUE(client.read_until("Hello there\"}}\n\n"));
  house.advance(15s);
  house.advance(1s);
  ASSERT_TRUE(client.read_until(":"));
  house.advance(300s);
  house.advance(1s);
  client.read_to_end();
  const Answer answer = take_answer(client.seen());
  ASSERT_TRUE(answer.body.starts_with(preamble + content + ":")) << answer.body;
  EXPECT_NE(answer.body.find("\n\nevent: error\ndata: {"), std::string::npos);
  EXPECT_NE(answer.body.find("idle_timeout_ms"), std::string::npos);
  EXPECT_FALSE(answer.whole);
  EXPECT_FALSE(call.read_some());
  expect_settled_once_as(house, Outcome::timeout, AttemptResult::timeout);
}

TEST(RelayStream, EndsAtTheTotalTimeoutAlsoWhereTheProviderIsNeverSilent) {
  House house({.limits = {.total_timeout = 60s}});
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  call.send(std::string(stream_head) + chunk(preamble + content));
  ASSERT_TRUE(client.read_until("Hello there"));
  std::thread provider([&call] {
    std::string many;
    for (int i = 0; i < 2000; ++i) many += content;
    many = chunk(many);
    while (call.send(many)) {
    }
  });
  std::thread reader([&client] {
    while (client.read_some()) {
      if (client.seen().size() > (8U << 20U)) client.seen().erase(0, 4U << 20U);
    }
  });
  house.advance(60s);
  house.advance(1s);
  reader.join();
  provider.join();
  EXPECT_NE(client.seen().find("total_timeout_ms"), std::string::npos);
  expect_settled_once_as(house, Outcome::timeout, AttemptResult::timeout);
}

// --- the client leaves -----------------------------------------------------------------------------------------------

TEST(RelayStream, ClosesTheProviderWhenTheClientLeaves) {
  for (const std::string& sent : {std::string(), preamble, preamble + content}) {
    House house;
    Socket client = house.ask(stream_request());
    Socket call = house.called();
    if (!sent.empty()) call.send(std::string(stream_head) + chunk(sent));
    if (sent.ends_with(content)) {
      EXPECT_TRUE(client.read_until("Hello there"));
    }
    client.close();
    EXPECT_FALSE(call.read_some());
    expect_settled_once_as(house, Outcome::client_closed, AttemptResult::cancelled);
  }
}

TEST(RelayStream, ReadsOnWithoutTheClientForTheUsage) {
  House house({.limits = {.on_client_gone = ClientGone::drain}});
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  call.send(std::string(stream_head) + chunk(preamble + content));
  ASSERT_TRUE(client.read_until("Hello there"));
  client.reset();
  call.send(chunk(ending) + std::string(last_chunk));
  // The connection lives on: the relay asks the next time on it.
  Socket other = house.ask(stream_request());
  call.seen().clear();
  House::read_request(call);
  call.send(std::string(stream_head) + chunk(whole_stream) + std::string(last_chunk));
  ASSERT_TRUE(other.read_until("\r\n0\r\n\r\n"));
  house.stop();
  EXPECT_EQ(house.settled(), 2U);
  EXPECT_EQ(house.settled(Outcome::client_closed), 1U);
  EXPECT_EQ(house.settled(Outcome::ok), 1U);
  EXPECT_EQ(house.tokens(TokenKind::output), 84U);
  house.expect_nothing_held();
}

TEST(RelayStream, ReadsOnWithoutTheClientNoLongerThanTheLimit) {
  House house({.limits = {.idle_timeout = 24h, .on_client_gone = ClientGone::drain}});
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  call.send(std::string(stream_head) + chunk(preamble + content));
  ASSERT_TRUE(client.read_until("Hello there"));
  client.close();
  auto waited = 0s;
  for (; !call.has_ended() && waited < 1h; waited += 10s) house.advance(10s);
  EXPECT_GE(waited, 120s);
  EXPECT_LE(waited, 150s);
  expect_settled_once_as(house, Outcome::client_closed, AttemptResult::timeout);
}

TEST(RelayStream, DrainsAnEndlessProviderWithoutStoppingEverybodyElse) {
  House house({.limits = {.idle_timeout = 24h, .on_client_gone = ClientGone::drain}});
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  call.send(std::string(stream_head) + chunk(preamble + content));
  ASSERT_TRUE(client.read_until("Hello there"));
  client.reset();
  std::atomic<bool> done = false;
  std::thread provider([&] {
    std::string many;
    for (int i = 0; i < 2000; ++i) many += content;
    many = chunk(many);
    while (call.send(many)) {
    }
    done = true;
  });
  Socket other = house.ask(stream_request());
  Socket second = house.called();
  second.send(std::string(stream_head) + chunk(whole_stream) + std::string(last_chunk));
  EXPECT_TRUE(other.read_until("\r\n0\r\n\r\n"));
  while (!done) house.advance(10s);
  provider.join();
  house.stop();
  EXPECT_EQ(house.settled(Outcome::client_closed), 1U);
  EXPECT_EQ(house.settled(Outcome::ok), 1U);
  house.expect_nothing_held();
}

TEST(RelayStream, WaitsForASlowClientAndSettlesWhenThatOneStalls) {
  House house({.limits = {.idle_timeout = 24h}});
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  std::string many = preamble;
  for (int i = 0; i < 4000; ++i) many += content;
  call.send(std::string(stream_head));
  std::atomic<bool> done = false;
  std::thread provider([&] {
    while (call.send(chunk(many))) {
    }
    done = true;
  });
  ASSERT_TRUE(client.read_until("Hello there"));
  // The client reads no more: when all buffers are full, the relay waits for it, up to write_stall_timeout_ms.
  while (!done) house.advance(10s);
  provider.join();
  expect_settled_once_as(house, Outcome::client_closed, AttemptResult::ok);
}

}  // namespace
}  // namespace sluice::relay

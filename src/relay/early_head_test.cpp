/// `early_head_ms`: a stream that we begin before its provider does.

#include <zlib.h>

#include "relay/testing.hpp"

namespace sluice::relay {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using metrics::Outcome;

struct Begun {
  House house{{.limits = {.early_head = 1s, .max_attempts = 1}}};
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  Begun() {
    house.advance(1s);
    house.advance(1s);
    EXPECT_TRUE(client.read_until(":"));
    EXPECT_TRUE(client.read_until("\r\n\r\n"));
    EXPECT_TRUE(client.seen().starts_with("HTTP/1.1 200 "));
  }
  Answer end() {
    client.read_to_end();
    house.stop();
    EXPECT_EQ(house.settled(), 1U);
    house.expect_nothing_held();
    return take_answer(client.seen());
  }
};

TEST(EarlyHead, IsFollowedByTheStream) {
  Begun begun;
  begun.call.send(std::string(stream_head) + chunk(preamble + content + ending) +
                  std::string(last_chunk));
  ASSERT_TRUE(begun.client.read_until("\r\n0\r\n\r\n"));
  begun.client.close();
  begun.house.stop();
  const Answer answer = take_answer(begun.client.seen());
  EXPECT_TRUE(answer.whole);
  EXPECT_TRUE(answer.has("content-type: text/event-stream"));
  EXPECT_TRUE(answer.body.starts_with(":"));
  EXPECT_TRUE(answer.body.ends_with("\n\n" + preamble + content + ending)) << answer.body;
  EXPECT_EQ(begun.house.settled(Outcome::ok), 1U);
}

TEST(EarlyHead, IsFollowedByARefusalInBandWithoutTheCredential) {
  Begun begun;
  begun.call.send(
      document(429, R"({"type":"error","error":{"type":"rate_limit_error","message":"slow down )" +
                        std::string(provider_secret) + "\"}}"));
  const Answer answer = begun.end();
  EXPECT_FALSE(answer.whole);
  EXPECT_NE(answer.body.find("\n\nevent: error\ndata: {"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("slow down ***"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("rate_limit_error"), std::string::npos) << answer.body;
  EXPECT_EQ(begun.house.settled(Outcome::upstream_error), 1U);
}

TEST(EarlyHead, TellsOfARefusalThatSaysNothing) {
  Begun begun;
  begun.call.send(document(503, "<html>busy</html>"));
  const Answer answer = begun.end();
  EXPECT_NE(answer.body.find("\nevent: error\ndata: {"), std::string::npos);
  EXPECT_NE(answer.body.find("503"), std::string::npos) << answer.body;
}

TEST(EarlyHead, IsFollowedByTheErrorOfAStreamThatBeganWithOne) {
  Begun begun;
  begun.call.send(std::string(stream_head) +
                  chunk("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":"
                        "\"overloaded_error\",\"message\":\"key " +
                        std::string(provider_secret) + "\"}}\n\nevent: content_bl"));
  const Answer answer = begun.end();
  EXPECT_FALSE(answer.whole);
  EXPECT_NE(answer.body.find("\n\nevent: error\ndata: {"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("overloaded_error"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("key ***"), std::string::npos) << answer.body;
  EXPECT_EQ(answer.body.find("content_bl"), std::string::npos) << answer.body;
}

TEST(EarlyHead, IsFollowedByAnErrorWhereTheProviderDiesOrSendsADocument) {
  for (const std::string& sent : {std::string(), std::string(stream_head) + chunk(preamble),
                                  document(200, R"({"type":"message"})")}) {
    Begun begun;
    begun.call.send(sent);
    begun.call.close();
    const Answer answer = begun.end();
    EXPECT_FALSE(answer.whole);
    EXPECT_NE(answer.body.find("\nevent: error\ndata: {"), std::string::npos) << answer.body;
    EXPECT_EQ(answer.body.find("message_start"), std::string::npos);
  }
}

TEST(EarlyHead, CannotBeFollowedByACompressedStream) {
  Begun begun;
  EXPECT_NE(begun.call.seen().find("accept-encoding: identity\r\n"), std::string::npos);
  std::string packed(1000, '\0');
  uLongf size = packed.size();
  const std::string plain = preamble + content + ending;
  ASSERT_EQ(::compress(reinterpret_cast<Bytef*>(packed.data()), &size,
                       reinterpret_cast<const Bytef*>(plain.data()), plain.size()),
            Z_OK);
  packed.resize(size);
  begun.call.send(
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: deflate\r\n"
      "transfer-encoding: chunked\r\n\r\n" +
      chunk(packed) + std::string(last_chunk));
  const Answer answer = begun.end();
  EXPECT_FALSE(answer.whole);
  EXPECT_EQ(answer.body.find(packed.substr(0, 10)), std::string::npos);
  EXPECT_NE(answer.body.find("\nevent: error\ndata: {"), std::string::npos) << answer.body;
}

TEST(EarlyHead, IsNotSentOnceTheProviderHasRefused) {
  House house({.limits = {.early_head = 1s, .max_attempts = 1}});
  Socket client = house.ask(stream_request());
  Socket call = house.called();
  call.send(
      "HTTP/1.1 529 X\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{\"a\":1");
  // The relay has read that when it has answered somebody who came later.
  Socket other = house.ask("GET /nowhere HTTP/1.1\r\nhost: a\r\n\r\n");
  ASSERT_TRUE(other.read_until("unknown_route"));
  house.advance(1s);
  house.advance(1s);
  call.send("            }x");
  ASSERT_TRUE(client.read_until("}x"));
  const Answer answer = take_answer(client.seen());
  EXPECT_EQ(answer.status, 529);
  EXPECT_EQ(answer.body, "{\"a\":1            }x");
}

}  // namespace
}  // namespace sluice::relay

#include "dialect/anthropic/stream_tap.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "dialect/anthropic/request.hpp"
#include "dialect/anthropic/testing.hpp"

namespace sluice::dialect::anthropic {
namespace {

using meter::Confidence;
using testing::feed_in_pieces;
using testing::read_fully;

std::string event(std::string_view name, std::string_view data) {
  return "event: " + std::string(name) + "\ndata: " + std::string(data) + "\n\n";
}

const std::string start = event(
    "message_start",
    R"({"type":"message_start","message":{"id":"msg_1","model":"claude-x","content":[],"usage":{"input_tokens":120,)"
    R"("cache_creation_input_tokens":3,"output_tokens":1,"service_tier":"standard"}}     })");
const std::string block_start =
    event("content_block_start",
          R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})");
const std::string ping = event("ping", R"({"type": "ping"})");
std::string text(std::string_view escaped) {
  return event("content_block_delta",
               R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":")" +
                   std::string(escaped) + "\"}       }");
}
const std::string block_stop =
    event("content_block_stop", R"({"type":"content_block_stop","index":0    })");
const std::string message_delta = event(
    "message_delta",
    R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":130,"output_tokens":40}})");
const std::string message_stop = event("message_stop", R"({"type":"message_stop"      })");
const std::string overloaded = event(
    "error",
    R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_EX"})");

const std::string whole = start + block_start + ping + text("Hello") + text(", you") + block_stop +
                          message_delta + message_stop;

meter::Usage usage_after(std::string_view stream) {
  AnthropicTap tap;
  tap.feed(stream);
  return tap.usage();
}

TEST(AnthropicTap, IsSmall) { EXPECT_LE(sizeof(AnthropicTap), 640U); }

TEST(AnthropicTap, FollowsThePhasesOfAStream) {
  AnthropicTap tap;
  EXPECT_EQ(tap.phase(), StreamPhase::preamble);
  tap.feed(start + ping + ": comment\n\n");
  EXPECT_EQ(tap.phase(), StreamPhase::preamble);
  EXPECT_EQ(tap.usage().tokens.input, Tokens(120));
  tap.feed(block_start);
  EXPECT_EQ(tap.phase(), StreamPhase::content);
  tap.feed(text("Hello") + block_stop + message_delta);
  EXPECT_EQ(tap.phase(), StreamPhase::content);
  tap.feed(message_stop);
  EXPECT_EQ(tap.phase(), StreamPhase::complete);
  EXPECT_EQ(tap.events(), 7U);
  EXPECT_FALSE(tap.error());
}

TEST(AnthropicTap, KnowsWhereAnEventEnds) {
  AnthropicTap tap;
  tap.feed(start);
  EXPECT_EQ(tap.pending(), 0U);
  tap.feed("event: ping\n");
  EXPECT_EQ(tap.pending(), 12U);
  tap.feed("data: {}");
  EXPECT_EQ(tap.pending(), 20U);
  tap.feed("\n\n");
  EXPECT_EQ(tap.pending(), 0U);
}

TEST(AnthropicTap, GivesTheSameHoweverTheStreamIsCutAndItsLinesEnd) {
  for (const std::string_view line_end : {"\n", "\r\n", "\r"}) {
    std::string stream;
    for (const char c : whole) stream += c == '\n' ? std::string(line_end) : std::string(1, c);
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
      AnthropicTap tap;
      feed_in_pieces(tap, stream, piece);
      const auto usage = tap.usage();
      ASSERT_EQ(tap.phase(), StreamPhase::complete) << piece;
      ASSERT_EQ(tap.pending(), 0U) << piece;
      ASSERT_EQ(tap.events(), 8U) << piece;
      ASSERT_EQ(usage.tokens.input, Tokens(130)) << piece;
      ASSERT_EQ(usage.tokens.cache_write_5m, Tokens(3)) << piece;
      ASSERT_EQ(usage.tokens.output, Tokens(40)) << piece;
      ASSERT_EQ(usage.service_tier.str(), "standard") << piece;
      ASSERT_EQ(usage.model, "claude-x") << piece;
      ASSERT_EQ(usage.confidence, Confidence::exact) << piece;
    }
  }
}

TEST(AnthropicTap, EstimatesTheOutputOfACutStream) {
  const auto usage = usage_after(start + block_start + text(std::string(400, 'x')) +
                                 text("\xE4\xBD\xA0\xE5\xA5\xBD"));
  EXPECT_EQ(usage.tokens.input, Tokens(120));
  EXPECT_EQ(usage.tokens.output, Tokens(104));
  EXPECT_EQ(usage.confidence, Confidence::partial);
  // Nothing of the text: what message_start said.
  EXPECT_EQ(usage_after(start).tokens.output, Tokens(1));
}

TEST(AnthropicTap, TheEstimateDoesNotDependOnTheCuts) {
  const std::string stream =
      start + text(std::string(5'000, 'x') + "\xE4\xBD\xA0") + text("tail}} }");
  const auto expected = usage_after(stream);
  for (std::size_t piece = 1; piece < 300; ++piece) {
    AnthropicTap tap;
    feed_in_pieces(tap, stream, piece);
    ASSERT_EQ(tap.usage(), expected) << piece;
  }
}

TEST(AnthropicTap, CountsOnFromTheLastMessageDelta) {
  const auto usage = usage_after(start + text("a") + message_delta + text(std::string(40, 'x')));
  EXPECT_EQ(usage.tokens.output, Tokens(50));
  EXPECT_EQ(usage.confidence, Confidence::partial);
}

TEST(AnthropicTap, TextWithoutAnyUsageIsAnEstimate) {
  const auto usage = usage_after(text(std::string(40, 'x')) + message_stop);
  EXPECT_EQ(usage.tokens.output, Tokens(10));
  EXPECT_EQ(usage.confidence, Confidence::estimated);
  EXPECT_EQ(usage_after("").confidence, Confidence::unknown);
  EXPECT_EQ(usage_after(ping).confidence, Confidence::unknown);
}

TEST(AnthropicTap, AnErrorFirstLeavesAnHttpAnswerToGive) {
  AnthropicTap tap;
  tap.feed(overloaded);
  EXPECT_EQ(tap.phase(), StreamPhase::failed);
  ASSERT_TRUE(tap.error());
  EXPECT_EQ(tap.error()->http_equivalent, 529);
  EXPECT_EQ(tap.error()->type, "overloaded_error");
  EXPECT_EQ(
      tap.error()->body,
      R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_EX"})");
}

TEST(AnthropicTap, AfterAnErrorNothingIsCompleteAnyMore) {
  AnthropicTap tap;
  tap.feed(start + text("Partial") + overloaded + message_stop);
  EXPECT_EQ(tap.phase(), StreamPhase::failed);
  EXPECT_EQ(tap.usage().confidence, Confidence::partial);
  AnthropicTap finished;
  finished.feed(whole + overloaded);
  EXPECT_EQ(finished.phase(), StreamPhase::complete);
  EXPECT_FALSE(finished.error());
}

TEST(AnthropicTap, AnErrorThatCantBeReadIsAnErrorStill) {
  for (const char* data : {"oops", "", "{\"type\":\"error\",\"error\":", "[]"}) {
    AnthropicTap tap;
    tap.feed(event("error", data));
    EXPECT_EQ(tap.phase(), StreamPhase::failed) << data;
    ASSERT_TRUE(tap.error());
    EXPECT_EQ(tap.error()->http_equivalent, 500);
    EXPECT_NE(tap.error()->body.find("\"api_error\""), std::string::npos);
  }
}

TEST(AnthropicTap, AnotherServersErrorShapeIsAnErrorInOurs) {
  AnthropicTap tap;
  tap.feed(
      "data: "
      "{\"error\":{\"code\":429,\"message\":\"slow\",\"status\":\"RESOURCE_EXHAUSTED\"}}\n\n");
  EXPECT_EQ(tap.phase(), StreamPhase::failed);
  ASSERT_TRUE(tap.error());
  EXPECT_EQ(tap.error()->http_equivalent, 429);
  EXPECT_EQ(
      tap.error()->body,
      R"({"type":"error","error":{"type":"rate_limit_error","message":"slow"},"request_id":null})");
}

TEST(AnthropicTap, ReadsServersThatSendNoEventLines) {
  std::string stream;
  for (std::size_t at = 0; at < whole.size();) {
    const auto end = whole.find('\n', at) + 1;
    if (!whole.substr(at).starts_with("event:")) stream += whole.substr(at, end - at);
    at = end;
  }
  ASSERT_EQ(stream.find("event:"), std::string::npos);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, stream.size()}) {
    AnthropicTap tap;
    feed_in_pieces(tap, stream, piece);
    EXPECT_EQ(tap.phase(), StreamPhase::complete);
    EXPECT_EQ(tap.usage(), usage_after(whole));
  }
}

TEST(AnthropicTap, ReadsJsonWhoseTypeComesLate) {
  const auto usage = usage_after(
      "data: {\"message\":{\"usage\":{\"input_tokens\":9}},\"type\":\"message_start\"}\n\n"
      "data: {\"delta\":{\"text\":\"" +
      std::string(400, 'x') + "\",\"type\":\"text_delta\"},\"type\":\"content_block_delta\"}\n\n");
  EXPECT_EQ(usage.tokens.input, Tokens(9));
  EXPECT_GE(usage.tokens.output, Tokens(100));
  EXPECT_LE(usage.tokens.output, Tokens(120));
}

TEST(AnthropicTap, JoinsDataThatComesInSeveralLines) {
  const auto usage = usage_after(
      "event: message_start\ndata: {\"type\":\"message_start\",\ndata: "
      "\"message\":{\"usage\":\ndata:{\"input_tokens\":9}}}\n\n");
  EXPECT_EQ(usage.tokens.input, Tokens(9));
}

TEST(AnthropicTap, ADuplicateStartIsTolerated) {
  const auto usage =
      usage_after(start + start + block_start + text("x") + message_delta + message_stop);
  EXPECT_EQ(usage, usage_after(whole));
}

TEST(AnthropicTap, AnUnfinishedEventDoesNotCount) {
  AnthropicTap tap;
  tap.feed(start + message_delta.substr(0, message_delta.size() - 1));
  EXPECT_EQ(tap.usage().confidence, Confidence::partial);
  EXPECT_EQ(tap.events(), 1U);
}

TEST(AnthropicTap, HostileFiguresGiveNoCredit) {
  const auto usage = usage_after(
      start +
      event("message_delta",
            R"({"type":"message_delta","usage":{"input_tokens":-5,"output_tokens":1e308}})"));
  EXPECT_TRUE(usage.quarantined);
  EXPECT_EQ(usage.tokens.input, Tokens(0));
  EXPECT_EQ(usage.tokens.output, Tokens(0));
}

TEST(AnthropicTap, WhatIsTooLargeOrTooDeepIsPassedBy) {
  AnthropicTap tap;
  tap.feed(start + event("message_delta", std::string(100'000, '[')));
  tap.feed(event("message_delta",
                 "{\"type\":\"message_delta\",\"pad\":\"" + std::string(2'000'000, 'x') + "\"}"));
  tap.feed(event("message_start", std::string(100'000, '{')));
  tap.feed("event: message_delta\n");
  for (int i = 0; i < 3'000; ++i) tap.feed("data: " + std::string(1'000, 'x') + "\n");
  tap.feed("\n");
  EXPECT_EQ(tap.usage().tokens.input, Tokens(120));
  EXPECT_EQ(tap.events(), 5U);
  tap.feed(message_delta + message_stop);
  EXPECT_EQ(tap.usage().confidence, Confidence::exact);
}

TEST(AnthropicTap, AgreesWithTheFullReadingOnAnyMixOfEvents) {
  const std::vector<std::string> parts = {
      start,
      block_start,
      ping,
      text("Hello"),
      text("\\u00e9\\\"}"),
      block_stop,
      message_delta,
      message_stop,
      ": note\n\n",
      "data: [DONE]\n\n",
      event("content_block_pause", R"({"type":"content_block_pause"})"),
      event("message_delta", R"({"type":"message_delta","usage":{"output_tokens":7}})"),
      event("message_delta", R"({"type":"message_delta","usage":null})")};
  std::mt19937 random(20'261'124);
  for (int round = 0; round < 3'000; ++round) {
    std::string stream;
    const auto count = random() % 12;
    for (std::size_t i = 0; i < count; ++i) stream += parts[random() % parts.size()];
    const auto full = read_fully(stream);
    AnthropicTap tap;
    while (!stream.empty()) {
      const auto piece = std::min<std::size_t>(stream.size(), random() % 90 + 1);
      tap.feed(std::string_view(stream).substr(0, piece));
      stream.erase(0, piece);
    }
    auto usage = tap.usage();
    ASSERT_EQ(tap.events(), full.event_count) << "round " << round;
    // The full reading makes no estimates.
    if (usage.confidence != Confidence::exact) usage.tokens.output = full.usage.tokens.output;
    if (usage.confidence == Confidence::estimated) usage.confidence = Confidence::unknown;
    ASSERT_EQ(usage, full.usage) << "round " << round;
  }
}

TEST(AnthropicTap, TellsTheContainerThatTheAnswerLeavesBehind) {
  AnthropicTap tap;
  tap.feed(event("message_start",
                 R"({"type":"message_start","message":{"id":"msg_1","container":null}})"));
  EXPECT_EQ(tap.resource(), "");
  tap.feed(event(
      "message_delta",
      R"({"type":"message_delta","delta":{"container":{"id":"container_1","expires_at":"x"},"stop_reason":"end_turn"}})"));
  EXPECT_EQ(tap.resource(), "container_1");
  tap.feed(event("message_delta", R"({"type":"message_delta","delta":{"container":null}})"));
  EXPECT_EQ(tap.resource(), "container_1");

  AnthropicTap early;
  early.feed(event("message_start",
                   R"({"type":"message_start","message":{"container":{"id":"container_2"}}})"));
  EXPECT_EQ(early.resource(), "container_2");
  early.feed(text("container_3"));
  EXPECT_EQ(early.resource(), "container_2");
  early.feed(event("message_delta", R"({"type":"message_delta","delta":{"container":{"id":")" +
                                        std::string(resource_bytes_max + 1, 'x') + R"("}}})"));
  EXPECT_EQ(early.resource(), "container_2");
}

TEST(DeltaText, IsTheTextOfEachDelta) {
  const auto of = [](const std::string& delta) {
    const std::string line =
        R"(data: {"type":"content_block_delta","index":12,"delta":)" + delta + "  }";
    return std::string(delta_text(line));
  };
  EXPECT_EQ(of(R"({"type":"text_delta","text":"a \"b\" }"})"), R"(a \"b\" })");
  EXPECT_EQ(of(R"({ "type" : "text_delta", "text" : "a" })"), "a");
  EXPECT_EQ(of(R"({"type":"input_json_delta","partial_json":"{\"a"})"), R"({\"a)");
  EXPECT_EQ(of(R"({"type":"thinking_delta","thinking":"hm"})"), "hm");
  EXPECT_EQ(of(R"({"type":"compaction_delta","content":"sum"})"), "sum");
  EXPECT_EQ(of(R"({"type":"signature_delta","signature":"EuoC"})"), "");
  EXPECT_EQ(of(R"({"type":"citations_delta","citation":{"a":"b"}})"), "");
  EXPECT_EQ(of(R"({"type":"text_delta","text":""})"), "");
  EXPECT_EQ(delta_text("data: {}"), "");
  EXPECT_EQ(delta_text(""), "");
}

}  // namespace
}  // namespace sluice::dialect::anthropic

#include "dialect/anthropic/stream_event.hpp"

#include <gtest/gtest.h>

namespace sluice::dialect::anthropic {
namespace {

template <class Event>
Event expect(std::string_view data) {
  const auto event = parse_event(data);
  const auto* got = event ? std::get_if<Event>(&*event) : nullptr;
  EXPECT_TRUE(got) << data;
  return got ? *got : Event{};
}

template <class Kind>
Kind expect_delta(std::string_view delta) {
  const auto event = expect<ContentBlockDelta>(
      R"({"type":"content_block_delta","index":3,"delta":)" + std::string(delta) + "   }");
  EXPECT_EQ(event.index, 3);
  const auto* got = std::get_if<Kind>(&event.delta);
  EXPECT_TRUE(got) << delta;
  return got ? *got : Kind{};
}

TEST(StreamEvent, MessageStart) {
  const auto start = expect<MessageStart>(
      R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x",)"
      R"("content":[],"stop_reason":null,"usage":{"input_tokens":12,"output_tokens":1}}     })");
  EXPECT_EQ(start.id, "msg_1");
  EXPECT_EQ(start.model, "claude-x");
  ASSERT_TRUE(start.usage);
  EXPECT_EQ(start.usage->tokens.input, 12);
}

TEST(StreamEvent, MessageStartWithoutUsageOrWithNull) {
  EXPECT_FALSE(expect<MessageStart>(R"({"type":"message_start","message":{"id":"m"}})").usage);
  EXPECT_FALSE(expect<MessageStart>(R"({"type":"message_start","message":{"usage":null}})").usage);
  EXPECT_FALSE(expect<MessageStart>(R"({"type":"message_start"})").usage);
}

TEST(StreamEvent, ContentBlockStartKeepsTheBlockAsItCame) {
  const auto start = expect<ContentBlockStart>(
      R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","input":{ }}  })");
  EXPECT_EQ(start.index, 1);
  EXPECT_EQ(start.block_type, "tool_use");
  EXPECT_EQ(start.block, R"({"type":"tool_use","id":"t","input":{ }})");
}

TEST(StreamEvent, EachDelta) {
  EXPECT_EQ(expect_delta<TextDelta>(R"({"type":"text_delta","text":"a\n\u00e9"})").text,
            "a\n\xC3\xA9");
  EXPECT_EQ(expect_delta<InputJsonDelta>(R"({"type":"input_json_delta","partial_json":"{\"a"})")
                .partial_json,
            "{\"a");
  const auto thinking = expect_delta<ThinkingDelta>(
      R"({"type":"thinking_delta","thinking":"hm","estimated_tokens":4})");
  EXPECT_EQ(thinking.thinking, "hm");
  EXPECT_EQ(thinking.estimated_tokens, 4);
  EXPECT_FALSE(
      expect_delta<ThinkingDelta>(R"({"type":"thinking_delta","thinking":""})").estimated_tokens);
  EXPECT_EQ(
      expect_delta<SignatureDelta>(R"({"type":"signature_delta","signature":"EuoC"})").signature,
      "EuoC");
  EXPECT_EQ(
      expect_delta<CitationsDelta>(R"({"type":"citations_delta","citation":{"type":"x","n":1}})")
          .citation,
      R"({"type":"x","n":1})");
  const auto compaction = expect_delta<CompactionDelta>(
      R"({"type":"compaction_delta","content":"sum","encrypted_content":"e"})");
  EXPECT_EQ(compaction.content, "sum");
  EXPECT_EQ(compaction.encrypted_content, "e");
  EXPECT_FALSE(compaction.content.empty());
}

TEST(StreamEvent, ADeltaOfTomorrowIsKept) {
  const auto delta = expect_delta<UnknownDelta>(R"({"type":"video_delta","frame":[1,2]})");
  EXPECT_EQ(delta.type, "video_delta");
  EXPECT_EQ(delta.raw, R"({"type":"video_delta","frame":[1,2]})");
}

TEST(StreamEvent, TypeMayStandAnywhere) {
  const auto event = expect<ContentBlockDelta>(
      R"({"delta":{"text":"x","type":"text_delta"},"index":2,"type":"content_block_delta"})");
  EXPECT_EQ(event.index, 2);
  EXPECT_EQ(std::get<TextDelta>(event.delta).text, "x");
}

TEST(StreamEvent, ContentBlockStop) {
  EXPECT_EQ(expect<ContentBlockStop>(R"({"type":"content_block_stop","index":5   })").index, 5);
}

TEST(StreamEvent, MessageDelta) {
  const auto delta = expect<MessageDelta>(
      R"({"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"END","stop_details":null},)"
      R"("usage":{"output_tokens":9},"context_management":{"applied_edits":[]}})");
  EXPECT_EQ(delta.stop_reason, "stop_sequence");
  EXPECT_EQ(delta.stop_sequence, "END");
  ASSERT_TRUE(delta.usage);
  EXPECT_EQ(delta.usage->tokens.output, 9);
  EXPECT_FALSE(delta.usage->tokens.input);
  EXPECT_FALSE(
      expect<MessageDelta>(R"({"type":"message_delta","delta":{"stop_reason":null}})").stop_reason);
}

TEST(StreamEvent, MessageStopAndPing) {
  expect<MessageStop>(R"({"type":"message_stop"       })");
  expect<MessageStop>(
      R"({"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":9}})");
  expect<Ping>(R"({"type": "ping"})");
}

TEST(StreamEvent, Error) {
  const auto error = expect<ErrorEvent>(
      R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded",)"
      R"("details":{"error_code":"busy"}},"request_id":"req_1"})");
  EXPECT_EQ(error.error.type, "overloaded_error");
  EXPECT_EQ(error.error.message, "Overloaded");
  EXPECT_EQ(error.error.code, "busy");
  EXPECT_EQ(error.error.request_id, "req_1");
  EXPECT_EQ(error.error.status, 529);
}

TEST(StreamEvent, AnErrorInAnotherServersShapeIsAnErrorToo) {
  const auto error = expect<ErrorEvent>(
      R"({"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}})");
  EXPECT_EQ(error.error.status, 429);
  EXPECT_EQ(error.error.code, "RESOURCE_EXHAUSTED");
}

TEST(StreamEvent, AnEventOfTomorrowIsKept) {
  const auto event = expect<Unknown>(R"({"type":"content_block_pause","index":1})");
  EXPECT_EQ(event.type, "content_block_pause");
  EXPECT_EQ(event.raw, R"({"type":"content_block_pause","index":1})");
}

TEST(StreamEvent, TheEventLinesNameStandsInForAMissingType) {
  const auto event = parse_event("{}", "message_stop");
  ASSERT_TRUE(event);
  EXPECT_TRUE(std::holds_alternative<MessageStop>(*event));
}

TEST(StreamEvent, WhatIsBrokenIsNoEvent) {
  for (const char* data :
       {"", "[DONE]", "null", "42", "[]", "{", R"({"type":"message_start","message":{)",
        "{\"type\":\"ping\",}", R"({"type":"content_block_delta","index":0})", "\xFF\xFE",
        "{\"type\":\"ping\",\"a\":\"\xC3(\"}", R"({"type":"content_block_delta","delta":7})"}) {
    EXPECT_FALSE(parse_event(data)) << data;
  }
}

TEST(StreamEvent, NothingIsReadBehindABreak) {
  // simdjson's on-demand reader, asked to go on after such an error, walks outside its index.
  for (const char* data : {R"({"typ":"x","message":{"model"":m","usage":{"input_tokens":1}}})",
                           R"({"type":"message_delta","usage":{"output_tokens":5}},)",
                           R"({"message":{"usage":{"input_tokens":1},},"type":"message_start"})"}) {
    EXPECT_FALSE(parse_event(data)) << data;
  }
}

TEST(StreamEvent, DepthDoesNotMatter) {
  const std::string deep = std::string(100'000, '[');
  EXPECT_FALSE(parse_event(deep));
  static_cast<void>(
      parse_event(R"({"type":"message_delta","usage":)" + deep + std::string(100'000, ']') + "}"));
  static_cast<void>(parse_event(R"({"type":"message_delta","x":)" + deep));
}

TEST(ParseSseLine, ReadsDataLinesAndNoOthers) {
  for (const char* line : {"data: {\"type\":\"ping\"}", "data:{\"type\":\"ping\"}\r\n",
                           "data: {\"type\":\"ping\"}\n"}) {
    EXPECT_TRUE(parse_sse_line(line)) << line;
  }
  for (const char* line :
       {"", "event: ping", ": comment", "data", "data ", "id: 1", "{\"type\":\"ping\"}"}) {
    EXPECT_FALSE(parse_sse_line(line)) << line;
  }
}

TEST(ExtractUsage, IsExactOnceInputAndOutputWereToldForGood) {
  meter::Usage usage;
  const auto take = [&](std::string_view data) {
    extract_usage_from_event(*parse_event(data), usage);
  };
  take(
      R"({"type":"message_start","message":{"model":"m","usage":{"input_tokens":17,"output_tokens":1}}})");
  EXPECT_EQ(usage.confidence, meter::Confidence::partial);
  EXPECT_EQ(usage.model, "m");
  take(R"({"type":"message_delta","delta":{},"usage":{"output_tokens":227}})");
  EXPECT_EQ(usage.confidence, meter::Confidence::exact);
  // A second start is provisional again, and forgets nothing.
  take(R"({"type":"message_start","message":{"usage":{"input_tokens":17,"output_tokens":1}}})");
  EXPECT_EQ(usage.tokens.output, Tokens(227));
  take(R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"more"}})");
  EXPECT_EQ(usage.confidence, meter::Confidence::partial);
  take(R"({"type":"message_delta","delta":{},"usage":{"output_tokens":230}})");
  EXPECT_EQ(usage.tokens.output, Tokens(230));
  EXPECT_EQ(usage.confidence, meter::Confidence::exact);
}

TEST(ExtractUsage, InputThatNobodyToldIsNeverExact) {
  meter::Usage usage;
  extract_usage_from_event(
      *parse_event(R"({"type":"message_delta","delta":{},"usage":{"output_tokens":227}})"), usage);
  EXPECT_EQ(usage.confidence, meter::Confidence::partial);
  EXPECT_FALSE(usage.input_told);
}

}  // namespace
}  // namespace sluice::dialect::anthropic

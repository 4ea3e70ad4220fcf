#include "dialect/anthropic/anthropic.hpp"

#include <gtest/gtest.h>

#include <string>

#include "dialect/anthropic/request.hpp"

namespace sluice::dialect::anthropic {
namespace {

const Anthropic dialect;

std::string refusal_of(std::string_view body) {
  const auto facts = dialect.read_request(body);
  EXPECT_FALSE(facts) << body;
  if (facts) return {};
  EXPECT_EQ(facts.error().code, Errc::invalid_request);
  EXPECT_EQ(facts.error().side, Side::client);
  return facts.error().context;
}

TEST(AnthropicRequest, TellsWhatTheRelayMustKnow) {
  const std::string body =
      R"({ "messages": [{"role":"user","content":"model"}], "model" : "claude-\u0073onnet", "stream":true,)"
      R"( "max_tokens": 1024, "metadata":{"user_id":"user_ab_account_12_session_34-56"} })";
  const auto facts = dialect.read_request(body);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->model, "claude-sonnet");
  EXPECT_EQ(body.substr(facts->model_offset, facts->model_length), "\"claude-\\u0073onnet\"");
  EXPECT_TRUE(facts->stream);
  EXPECT_EQ(facts->max_tokens, 1024);
  EXPECT_EQ(facts->session, "34-56");
}

TEST(AnthropicRequest, AsksForTheModelAlone) {
  const auto facts = dialect.read_request(R"({"model":"m"})");
  ASSERT_TRUE(facts);
  EXPECT_FALSE(facts->stream);
  EXPECT_FALSE(facts->max_tokens);
  EXPECT_EQ(facts->session, "");
}

TEST(AnthropicRequest, AMaxTokensOfZeroOnlyWarmsTheCache) {
  EXPECT_EQ(dialect.read_request(R"({"model":"m","max_tokens":0})")->max_tokens, 0);
}

TEST(AnthropicRequest, TellsTheContainerThatItGoesOnWith) {
  const auto resource_of = [](const std::string& container) {
    const auto facts = dialect.read_request(R"({"model":"m","container":)" + container + "}");
    return facts ? facts->resource : "refused";
  };
  EXPECT_EQ(resource_of("\"container_1\""), "container_1");
  EXPECT_EQ(resource_of(R"({"skills":[{"id":"s"}],"id":"container_\u0031"})"), "container_1");
  for (const char* none : {"null", "\"\"", "7", "[]", "{}", R"({"id":null})", R"({"skills":[]})"})
    EXPECT_EQ(resource_of(none), "") << none;
  EXPECT_EQ(resource_of('"' + std::string(resource_bytes_max + 1, 'x') + '"'), "");
  EXPECT_EQ(resource_of(R"("a","container":"b")"), "refused");
  EXPECT_EQ(resource_of(R"({"id":"a","id":"b"})"), "refused");
  EXPECT_EQ(dialect.read_request(R"({"model":"m","metadata":{"id":"x"}})")->resource, "");
}

TEST(AnthropicRequest, RefusalsNameTheField) {
  EXPECT_TRUE(refusal_of(R"({"max_tokens":1})").starts_with("model"));
  for (const char* model : {"null", "\"\"", "7", "[\"m\"]"}) {
    EXPECT_TRUE(refusal_of(R"({"model":)" + std::string(model) + "}").starts_with("model"))
        << model;
  }
  for (const char* stream : {"\"true\"", "1", "{}"}) {
    EXPECT_TRUE(
        refusal_of(R"({"model":"m","stream":)" + std::string(stream) + "}").starts_with("stream"));
  }
  for (const char* tokens : {"\"1\"", "1.5", "-1", "1e99", "99999999999999999999"}) {
    EXPECT_TRUE(refusal_of(R"({"model":"m","max_tokens":)" + std::string(tokens) + "}")
                    .starts_with("max_tokens"));
  }
}

TEST(AnthropicRequest, AFieldGivenTwiceIsRefused) {
  EXPECT_NE(refusal_of(R"({"model":"cheap","model":"dear"})").find("model"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"model":"m","stream":false,"stream":true})").find("stream"),
            std::string::npos);
  EXPECT_NE(refusal_of(R"({"model":"m","mod\u0065l":"n"})").find("model"), std::string::npos);
}

TEST(AnthropicRequest, WhatIsNoJsonObjectIsRefused) {
  for (const std::string& body :
       {std::string(), std::string("[]"), std::string("{"), std::string("null"),
        std::string(R"({"model":"m"} x)"), std::string(100'000, '[')}) {
    refusal_of(body);
  }
}

TEST(AnthropicSession, IsReadFromBothFormsAndNoOther) {
  EXPECT_EQ(session_of("user_a_account_b_session_0f-1"), "0f-1");
  EXPECT_EQ(session_of(R"({"device_id":"d","account_uuid":"","session_id":"0f-1"})"), "0f-1");
  for (const std::string& id :
       {std::string("alice"), std::string(), std::string("{"), std::string(R"({"session_id":7})"),
        "a_session_" + std::string(1'000, 'x')}) {
    EXPECT_EQ(session_of(id), "") << id;
  }
}

TEST(AnthropicBody, AMessageTellsItsUsage) {
  const auto usage = dialect.usage_of_body(
      R"({"content":[{"text":"usage"}],"model":"claude-x","usage":{"input_tokens":16,"cache_read_input_tokens":5,)"
      R"("output_tokens":3}, "type":"message"})");
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->tokens.total(), Tokens(24));
  EXPECT_EQ(usage->model, "claude-x");
  EXPECT_EQ(usage->confidence, meter::Confidence::exact);
}

TEST(AnthropicBody, OthersTellNone) {
  for (const std::string& body :
       {std::string(R"({"input_tokens":1114})"),
        std::string(R"({"type":"error","error":{"type":"api_error"}})"),
        std::string(R"({"usage":null})"), std::string(R"({"usage":[1]})"), std::string("<html>"),
        std::string(), std::string(R"({"usage":{"input_tokens":1)"), std::string(100'000, '[')}) {
    EXPECT_FALSE(dialect.usage_of_body(body)) << body.substr(0, 50);
  }
}

TEST(AnthropicBody, FiguresThatCantBeGiveNoCredit) {
  for (const char* figure : {"-5", "1e308", "\"12\"", "9e99"}) {
    const auto usage = dialect.usage_of_body(R"({"usage":{"input_tokens":)" + std::string(figure) +
                                             R"(,"output_tokens":-1000000000000}})");
    ASSERT_TRUE(usage);
    EXPECT_TRUE(usage->quarantined);
    EXPECT_EQ(usage->tokens.total(), Tokens(0));
  }
}

TEST(AnthropicBody, AMessageTellsTheContainerThatItLeavesBehind) {
  EXPECT_EQ(
      dialect.resource_of_body(
          R"({"content":[],"container" : {"expires_at":"2026-11-24T00:00:00Z","id":"container_1"}})"),
      "container_1");
  for (const char* body :
       {R"({"container":null})", R"({"container":{"id":7}})", R"({"content":["container"]})",
        R"({"content":[{"container":{"id":"x"}}]})", R"({"container":{"id":"x"})", "", "<html>"}) {
    EXPECT_EQ(dialect.resource_of_body(body), "") << body;
  }
}

TEST(AnthropicRefusal, IsADocumentOfTheDialect) {
  const Refusal refusal{Errc::budget_exhausted, 429, "The day's budget is used up.", "01J"};
  EXPECT_EQ(
      dialect.error_body(refusal),
      R"({"type":"error","error":{"type":"rate_limit_error","message":"The day's budget is used up."},)"
      R"("request_id":"01J"})");
  EXPECT_EQ(dialect.error_event(refusal),
            "event: error\ndata: " + dialect.error_body(refusal) + "\n\n");
}

TEST(AnthropicRefusal, OfOurOwnStatesIsTypedByItsMeaning) {
  EXPECT_NE(dialect.error_body({Errc::no_account, 503, "", ""}).find("overloaded_error"),
            std::string::npos);
  EXPECT_NE(dialect.error_body({Errc::upstream_timeout, 504, "", ""}).find("timeout_error"),
            std::string::npos);
  EXPECT_NE(dialect.error_body({Errc::upstream_invalid, 502, "", ""}).find("\"api_error\""),
            std::string::npos);
}

TEST(AnthropicRefusal, InsideAStreamEndsItForOurOwnTap) {
  const auto tap = dialect.make_tap();
  tap->feed(dialect.keepalive());
  EXPECT_EQ(tap->phase(), StreamPhase::preamble);
  tap->feed(dialect.error_event({Errc::overloaded, 503, "a\nb", ""}));
  EXPECT_EQ(tap->phase(), StreamPhase::failed);
  EXPECT_EQ(tap->pending(), 0U);
  ASSERT_TRUE(tap->error());
  EXPECT_EQ(tap->error()->http_equivalent, 529);
}

}  // namespace
}  // namespace sluice::dialect::anthropic

#include "dialect/anthropic/signatures.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::dialect::anthropic {
namespace {

const std::string thinking = R"({"type":"thinking","thinking":"a ], b","signature":"Ab=="})";
const std::string redacted = R"({ "data": "x", "type": "redacted_thinking" })";
const std::string text = R"({"type":"text","text":"thinking"})";
const std::string call = R"({"type":"tool_use","id":"t","name":"n","input":{"type":"thinking"}})";
const std::string asked = R"({"role":"user","content":"q"})";
const std::string result =
    R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"r"}]})";

std::string said(const std::string& blocks) {
  return R"({"role":"assistant","content":[)" + blocks + "]}";
}
std::string body_of(const std::string& messages, const std::string& more = "") {
  return R"({"model":"m","messages":[)" + messages + "]" + more + "}";
}

/// What is left of an assistant's blocks.
void expect_left(const std::string& blocks, const std::string& left) {
  EXPECT_EQ(without_signatures(body_of(asked + "," + said(blocks))),
            body_of(asked + "," + said(left)))
      << blocks;
}

TEST(AnthropicSignatures, ThinkingIsTakenOutWithOneComma) {
  expect_left(thinking + "," + text, text);
  expect_left(text + "," + thinking, text);
  expect_left(text + " , " + thinking + " , " + call, text + " , " + call);
  expect_left(thinking + ", " + redacted + ", " + text, text);
  expect_left(text + "," + thinking + "," + redacted, text);
  expect_left(thinking + "," + text + "," + redacted + "," + call + "," + thinking,
              text + "," + call);
  expect_left(" " + thinking + " , " + text + " ", " " + text + " ");
}

TEST(AnthropicSignatures, UnsignedThinkingGoesAsWell) {
  expect_left(R"({"type":"thinking","thinking":"x"},)" + text, text);
  expect_left(R"({"t\u0079pe":"th\u0069nking","thinking":"x"},)" + text, text);
}

TEST(AnthropicSignatures, AMessageThatHadNothingElseGoes) {
  EXPECT_EQ(without_signatures(body_of(asked + "," + said(thinking) + "," + asked)),
            body_of(asked + "," + asked));
  EXPECT_EQ(without_signatures(body_of(said(thinking) + "," + asked)), body_of(asked));
  EXPECT_EQ(without_signatures(body_of(asked + "," + said(thinking + "," + redacted))),
            body_of(asked));
}

TEST(AnthropicSignatures, EveryMessageOfTheAssistantIsLookedAt) {
  EXPECT_EQ(without_signatures(body_of(asked + "," + said(thinking + "," + text) + "," + asked +
                                       "," + said(redacted + "," + call) + "," + asked)),
            body_of(asked + "," + said(text) + "," + asked + "," + said(call) + "," + asked));
}

TEST(AnthropicSignatures, NothingComesOfABodyWithoutThem) {
  for (const std::string& body :
       {body_of(asked), body_of(asked + "," + said(text + "," + call) + "," + result), body_of(""),
        body_of(R"({"role":"user","content":[)" + thinking + "]}"),
        body_of(R"({"role":"assistant","content":"thinking"})"), body_of("1,[],{}"),
        std::string(R"({"model":"m"})"), std::string("{"), std::string(),
        std::string(R"({"messages":{}})")}) {
    EXPECT_FALSE(without_signatures(body)) << body;
  }
}

TEST(AnthropicSignatures, ARequestThatWouldSayNothingIsNotMade) {
  EXPECT_FALSE(without_signatures(body_of(said(thinking))));
  EXPECT_FALSE(without_signatures(body_of(said(thinking) + "," + said(redacted))));
}

TEST(AnthropicSignatures, AnOpenTurnGoesOnWithThinkingDisabled) {
  const std::string enabled = R"(,"thinking": {"type":"enabled","budget_tokens":2048})";
  const std::string disabled = R"(,"thinking": {"type":"disabled"})";
  const std::string before = asked + "," + said(thinking + "," + call);
  const std::string after = asked + "," + said(call);
  EXPECT_EQ(without_signatures(body_of(before + "," + result, enabled)),
            body_of(after + "," + result, disabled));
  EXPECT_EQ(without_signatures(body_of(before + "," + result + "," + asked, enabled)),
            body_of(after + "," + result + "," + asked, disabled));
  EXPECT_EQ(without_signatures(body_of(before, enabled)), body_of(after, disabled));
  // The next question begins a new one.
  const std::string closed = "," + result + "," + said(text) + "," + asked;
  EXPECT_EQ(without_signatures(body_of(before + closed, enabled)),
            body_of(after + closed, enabled));
  // Adaptive thinking doesn't ask for it, and newer models can't be told not to think.
  const std::string adaptive = R"(,"thinking":{"type":"adaptive"})";
  EXPECT_EQ(without_signatures(body_of(before + "," + result, adaptive)),
            body_of(after + "," + result, adaptive));
}

}  // namespace
}  // namespace sluice::dialect::anthropic

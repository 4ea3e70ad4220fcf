#include "dialect/anthropic/conversation.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace sluice::dialect::anthropic {
namespace {

using meter::CacheLife;

const std::string marker = R"("cache_control":{"type":"ephemeral"})";
const std::string long_marker = R"("cache_control":{"type":"ephemeral","ttl":"1h"})";
const std::string tools = R"([{"name":"a","input_schema":{"type":"object"}},{"name":"b"}])";
const std::string question = R"({"role":"user","content":"How \"far\"?"})";
const std::string answer = R"({"role":"assistant","content":[{"type":"text","text":"Far."}]})";

std::string body_of(const std::vector<std::string>& messages, const std::string& system = "\"s\"") {
  std::string body =
      R"({"model":"m","tools":)" + tools + R"(,"system":)" + system + R"(,"messages":[)";
  for (std::size_t i = 0; i < messages.size(); ++i) body += (i == 0 ? "" : ",") + messages[i];
  return body + "]}";
}

std::string user(const std::string& text) { return R"({"role":"user","content":")" + text + "\"}"; }

std::vector<std::uint64_t> hashes(const Conversation& of) {
  std::vector<std::uint64_t> all;
  for (std::size_t i = 0; i < of.prefix_count; ++i) all.push_back(of.prefixes[i].hash);
  return all;
}

std::vector<CacheLife> lives(const Conversation& of) {
  std::vector<CacheLife> all;
  for (std::size_t i = 0; i < of.prefix_count; ++i) all.push_back(of.prefixes[i].life);
  return all;
}

/// The same conversation, to the cache and to us.
void expect_same(const std::string& a, const std::string& b) {
  const auto one = read_conversation(a);
  const auto other = read_conversation(b);
  EXPECT_GT(one.prefix_count, 0U) << a;
  EXPECT_EQ(one.opening, other.opening) << a << '\n' << b;
  EXPECT_EQ(hashes(one), hashes(other)) << a << '\n' << b;
  for (std::size_t i = 0; i < one.prefix_count; ++i)
    EXPECT_EQ(one.prefixes[i].bytes, other.prefixes[i].bytes);
}

TEST(AnthropicConversation, PrefixesEndBehindToolsSystemAndEachMessage) {
  const auto conversation = read_conversation(body_of({question, answer, user("On?")}));
  ASSERT_EQ(conversation.prefix_count, 5U);
  EXPECT_NE(conversation.opening, 0U);
  EXPECT_EQ(conversation.prefixes[0].bytes, static_cast<std::int64_t>(tools.size()));
  std::set<std::uint64_t> different;
  for (std::size_t i = 0; i < 5; ++i) {
    different.insert(conversation.prefixes[i].hash);
    if (i > 0) EXPECT_GT(conversation.prefixes[i].bytes, conversation.prefixes[i - 1].bytes);
    EXPECT_EQ(conversation.prefixes[i].life, CacheLife::none);
  }
  EXPECT_EQ(different.size(), 5U);
}

TEST(AnthropicConversation, WhatIsNotThereHasNoPrefix) {
  EXPECT_EQ(read_conversation(R"({"model":"m","messages":[)" + question + "]}").prefix_count, 1U);
  EXPECT_EQ(read_conversation(R"({"tools":null,"system":null,"messages":[]})").prefix_count, 0U);
  for (const char* body : {"", "[]", "{", "7", R"({"model":"m"})", R"({"messages":{}})",
                           R"({"messages":null,"system":"s"})", R"({"messages":[)"}) {
    const auto conversation = read_conversation(body);
    EXPECT_EQ(conversation.prefix_count, 0U) << body;
    EXPECT_EQ(conversation.opening, 0U) << body;
  }
}

TEST(AnthropicConversation, TheNextTurnHasThePrefixesOfThisOne) {
  std::vector<std::string> messages;
  auto before = read_conversation(body_of({question}));
  const auto opening = before.opening;
  messages.push_back(question);
  for (int turn = 0; turn < 40; ++turn) {
    messages.push_back(answer);
    messages.push_back(user("Question " + std::to_string(turn)));
    const auto now = read_conversation(body_of(messages));
    EXPECT_EQ(now.opening, opening);
    const auto known = hashes(now);
    ASSERT_GE(known.size(), 4U);
    EXPECT_EQ(known[known.size() - 3], before.prefixes[before.prefix_count - 1].hash) << turn;
    EXPECT_LE(now.prefix_count, Conversation::prefixes_max);
    before = now;
  }
  EXPECT_EQ(before.prefix_count, Conversation::prefixes_max);
}

TEST(AnthropicConversation, AnotherBeginningIsAnotherConversation) {
  const auto one = read_conversation(body_of({question, answer}));
  const std::vector<std::string> others = {
      body_of({user("How near?"), answer}), body_of({question, answer}, "\"t\""),
      R"({"tools":[{"name":"c"}],"system":"s","messages":[)" + question + "," + answer + "]}",
      R"({"system":"s","messages":[)" + question + "," + answer + "]}",
      R"({"tools":)" + tools + R"(,"messages":[)" + question + "," + answer + "]}"};
  for (const std::string& body : others) {
    const auto other = read_conversation(body);
    EXPECT_NE(other.opening, one.opening) << body;
    EXPECT_NE(other.prefixes[other.prefix_count - 1].hash, one.prefixes[3].hash) << body;
  }
  // The role counts as well.
  const auto said = read_conversation(body_of({R"({"role":"assistant","content":"x"})"}));
  const auto asked = read_conversation(body_of({user("x")}));
  EXPECT_NE(said.prefixes[2].hash, asked.prefixes[2].hash);
}

TEST(AnthropicConversation, OpensWithTheFirstThatTheUserSays) {
  const std::string note = R"({"role":"assistant","content":"Hello."})";
  EXPECT_EQ(read_conversation(body_of({note, question})).opening,
            read_conversation(body_of({question, answer, user("x")})).opening);
  EXPECT_EQ(read_conversation(body_of({note})).opening, 0U);
}

TEST(AnthropicConversation, TheOrderOfTheMembersOfTheBodyDoesNotMatter) {
  const std::string head = R"("tools":)" + tools + R"(,"system":"s")";
  const std::string messages = R"("messages":[)" + question + "," + answer + "]";
  expect_same("{" + head + "," + messages + "}", R"({"model":"m",)" + messages + "," + head + "}");
}

TEST(AnthropicConversation, MarkersChangeNothingButTheLifeOfTheirPlace) {
  const std::string plain =
      R"({"tools":[{"name":"a"}],"system":[{"type":"text","text":"x"},{"type":"text","text":"y"}],"messages":[)"
      R"({"role":"user","content":[{"type":"text","text":"1"},{"type":"text","text":"2"}]},)" +
      answer + "," + question + "]}";
  const std::string marked =
      R"({"tools":[{"name":"a",)" + marker + R"(}],"system":[{)" + long_marker +
      R"(,"type":"text","text":"x"},{"type":"text","text":"y"}],"messages":[)"
      R"({"role":"user","content":[{"type":"text",)" +
      marker + R"(,"text":"1"},{"type":"text","text":"2"}]},)" + answer +
      R"(,{"role":"user","content":[{"type":"text","text":"How \"far\"?",)" + long_marker + "}]}]}";
  expect_same(plain, marked);
  EXPECT_EQ(lives(read_conversation(marked)),
            (std::vector{CacheLife::five_minutes, CacheLife::one_hour, CacheLife::five_minutes,
                         CacheLife::none, CacheLife::one_hour}));
}

TEST(AnthropicConversation, OneCommaAndItsBlanksGoWithAMarkerWhereverItStands) {
  const auto with_block = [](const std::string& block) {
    return R"({"messages":[{"role":"user","content":[{"type":"image","a":1},)" + block + "]}]}";
  };
  const std::string plain = with_block(R"({ "type": "text", "text": "x" })");
  for (const std::string& block :
       {R"({ )" + marker + R"(, "type": "text", "text": "x" })",
        R"({ "type": "text", )" + marker + R"(, "text": "x" })",
        R"({ "type": "text", "text": "x", )" + marker + R"( })",
        R"({ "type": "text", "text": "x" , )" + marker + R"( })",
        std::string(R"({ "type": "text", "text": "x", "cache_control" : null })"),
        std::string("{ \"cache_control\" : { \"type\": \"ephemeral\" } ,\n \"type\": \"text\", "
                    "\"text\": \"x\" }")}) {
    const auto conversation = read_conversation(with_block(block));
    EXPECT_EQ(hashes(conversation), hashes(read_conversation(plain))) << block;
  }
  EXPECT_EQ(hashes(read_conversation(with_block("{" + marker + "}"))),
            hashes(read_conversation(with_block("{}"))));
}

TEST(AnthropicConversation, AToolsResultMayCarryOneInside) {
  const auto with = [](const std::string& in, const std::string& on) {
    return R"({"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"r")" +
           in + "}]" + on + "}]}]}";
  };
  expect_same(with("", ""), with("," + marker, ""));
  expect_same(with("", ""), with("", "," + long_marker));
  EXPECT_EQ(lives(read_conversation(with("," + marker, ""))).back(), CacheLife::five_minutes);
}

TEST(AnthropicConversation, TheAutomaticMarkerStandsAtTheLastMessage) {
  const std::string rest = R"("messages":[)" + question + "," + answer + "]";
  for (const std::string& body :
       {"{" + long_marker + "," + rest + "}", "{" + rest + "," + long_marker + "}"}) {
    EXPECT_EQ(lives(read_conversation(body)), (std::vector{CacheLife::none, CacheLife::one_hour}));
  }
  expect_same("{" + rest + "}", "{" + marker + "," + rest + "}");
}

TEST(AnthropicConversation, TextThatLooksLikeAMarkerIsText) {
  const auto with = [](const std::string& text) { return body_of({user(text)}); };
  const std::string escaped = R"(\"cache_control\":{\"type\":\"ephemeral\"})";
  for (const std::string& text : {escaped, "," + escaped, R"(x\\\")" + escaped}) {
    const auto conversation = read_conversation(with(text));
    EXPECT_EQ(lives(conversation).back(), CacheLife::none) << text;
    EXPECT_NE(hashes(conversation), hashes(read_conversation(with("")))) << text;
  }
  // A tool's argument of that name, and a property of its schema, are what they are.
  const auto called = [](const std::string& input) {
    return R"({"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"n","input":)" +
           input + "}]}]}";
  };
  EXPECT_EQ(lives(read_conversation(called("{" + marker + "}"))).back(), CacheLife::none);
  EXPECT_NE(hashes(read_conversation(called("{" + marker + "}"))),
            hashes(read_conversation(called("{}"))));
  const auto named = read_conversation(called(R"({"x":"cache_control"})"));
  EXPECT_EQ(lives(named).back(), CacheLife::none);
}

TEST(AnthropicConversation, AMarkedMessageStaysThoughMuchWasSaidSince) {
  std::vector<std::string> messages = {
      R"({"role":"user","content":[{"type":"text","text":"book",)" + long_marker + "}]}"};
  for (int i = 0; i < 60; ++i) messages.push_back(user("m" + std::to_string(i)));
  const auto conversation = read_conversation(body_of(messages));
  ASSERT_EQ(conversation.prefix_count, Conversation::prefixes_max);
  EXPECT_EQ(conversation.prefixes[2].life, CacheLife::one_hour);
  const auto first = read_conversation(body_of({user("book")}));
  EXPECT_EQ(conversation.prefixes[2].hash, first.prefixes[2].hash);
  const auto last = read_conversation(body_of(messages)).prefixes[23];
  EXPECT_EQ(conversation.prefixes[23].hash, last.hash);
  for (std::size_t i = 1; i < conversation.prefix_count; ++i)
    EXPECT_GT(conversation.prefixes[i].bytes, conversation.prefixes[i - 1].bytes);
}

TEST(AnthropicConversation, TooManyMarkersStayWithinBounds) {
  std::vector<std::string> messages;
  for (int i = 0; i < 100; ++i) {
    messages.push_back(R"({"role":"user","content":[{"type":"text","text":"x",)" + marker + "}]}");
  }
  EXPECT_EQ(read_conversation(body_of(messages)).prefix_count, Conversation::prefixes_max);
}

TEST(AnthropicConversation, SignedThinkingOfTheAssistantIsSeen) {
  const auto with = [](const std::string& role, const std::string& block) {
    return read_conversation(R"({"messages":[{"content":[{"type":"text","text":"t"},)" + block +
                             R"(],"role":")" + role + "\"}]}")
        .has_signatures;
  };
  const std::string thinking = R"({"type":"thinking","thinking":"","signature":"Ab"})";
  EXPECT_TRUE(with("assistant", thinking));
  EXPECT_TRUE(with("assistant", R"({"data":"x","type":"redacted_thinking"})"));
  EXPECT_FALSE(with("user", thinking));
  EXPECT_FALSE(with("assistant", R"({"type":"thinking","thinking":"x","signature":""})"));
  EXPECT_FALSE(with("assistant", R"({"type":"thinking","thinking":"\"signature\":\"Ab\""})"));
  EXPECT_FALSE(with("assistant",
                    R"({"type":"tool_use","id":"t","input":{"signature":"f","type":"thinking"}})"));
  EXPECT_FALSE(with("assistant", R"({"type":"text","text":"redacted_thinking"})"));
}

TEST(AnthropicConversation, IsReadFromBlanksAndAnyShape) {
  for (
      const char* body :
      {R"( { "messages" : [ { "role" : "user" , "content" : [ { } , 1 , "x" , [ ] , null ] } , 7 , [ ] , "m" ] } )",
       R"({"messages":[{}]})", R"({"messages":[[[[]]]]})",
       R"({"messages":[{"role":7,"content":7}],"tools":[1,[2]],"system":[3]})"}) {
    EXPECT_GT(read_conversation(body).prefix_count, 0U) << body;
  }
}

TEST(AnthropicConversation, CutBodiesAreReadWithinTheirBounds) {
  const std::string body = body_of(
      {R"({"role":"user","content":[{"type":"text","text":"\\\"",)" + marker + "}]}", answer});
  for (std::size_t cut = 0; cut < body.size(); ++cut) {
    const std::string part = body.substr(0, cut);
    EXPECT_EQ(read_conversation(part).prefix_count, 0U) << part;
  }
}

}  // namespace
}  // namespace sluice::dialect::anthropic

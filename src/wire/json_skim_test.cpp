#include "wire/json_skim.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::wire {
namespace {

/// Where the value at the front ends; npos: it has no end.
std::size_t end_of_value(std::string_view text) {
  JsonSkim skim(text);
  return skim.skip_value() ? skim.at() : std::string_view::npos;
}

TEST(JsonSkim, FindsTheEndOfAnyValue) {
  for (const std::string value :
       {"1", "-1.5e9", "true", "null", R"("")", R"("a")", R"("\"")", R"("\\")", R"("\\\"},")", "{}",
        "[]", R"({"a":[1,{"b":"]}"}],"c":{}})", "[ [ ] , [ 1 ] ]", R"([{"x\\":"\\"}])"}) {
    for (const char* behind : {",", "]", "}", " ", "\n", ",1]"})
      EXPECT_EQ(end_of_value(value + behind), value.size()) << value << behind;
  }
}

TEST(JsonSkim, WhatHasNoEndIsNone) {
  for (const char* text :
       {"", "\"", R"("\")", R"("a\\\")", "{", "[1,", R"({"a":"})", "1", ",", "]"})
    EXPECT_EQ(end_of_value(text), std::string_view::npos) << text;
}

TEST(JsonSkim, GivesMembersAndElementsInOrder) {
  JsonSkim skim(R"({ "a" : [ 1 , "x" ] , "b\"" : 2 })");
  std::vector<std::string> seen;
  EXPECT_TRUE(skim_members(skim, [&](std::string_view name) {
    seen.emplace_back(name);
    if (skim.peek() != '[') return skim.skip_value();
    return skim_elements(skim, [&] {
      seen.emplace_back(1, skim.peek());
      return skim.skip_value();
    });
  }));
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "1", "\"", "b\\\""}));
}

TEST(JsonSkim, EndsWithTheVisitThatWantsNoMore) {
  JsonSkim skim(R"({"a":1,"b":2})");
  EXPECT_FALSE(skim_members(skim, [](std::string_view) { return false; }));
  JsonSkim other("7");
  EXPECT_FALSE(skim_members(other, [](std::string_view) { return true; }));
  EXPECT_FALSE(skim_elements(other, [] { return true; }));
}

TEST(JsonSkim, OfATextThatIsNoneAnEndComesToo) {
  // Visits that take nothing don't keep it going.
  JsonSkim skim("[,,,]");
  int visits = 0;
  static_cast<void>(skim_elements(skim, [&] { return ++visits < 100; }));
  EXPECT_LT(visits, 100);
}

}  // namespace
}  // namespace sluice::wire

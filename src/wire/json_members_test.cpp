#include "wire/json_members.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice::wire {
namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

TEST(JsonMembers, AreGivenWithDecodedNamesAndValuesAsTheyStand) {
  Members seen;
  EXPECT_TRUE(each_member(R"({ "a" : 1 ,"\u0062":"x\n", "c":{"d":[1, 2]},"e":null })",
                          [&](std::string_view name, std::string_view raw) {
                            seen.emplace_back(name, raw);
                            return true;
                          }));
  EXPECT_EQ(seen,
            (Members{{"a", "1"}, {"b", R"("x\n")"}, {"c", R"({"d":[1, 2]})"}, {"e", "null"}}));
}

TEST(JsonMembers, ElementsAreGivenInOrder) {
  std::vector<std::string> seen;
  EXPECT_TRUE(each_element(R"([ 1,{"a":2} , "]"])", [&](std::string_view raw) {
    seen.emplace_back(raw);
    return true;
  }));
  EXPECT_EQ(seen, (std::vector<std::string>{"1", R"({"a":2})", R"("]")"}));
}

TEST(JsonMembers, EmptyOnesHaveNone) {
  EXPECT_TRUE(each_member("{ }", [](std::string_view, std::string_view) { return false; }));
  EXPECT_TRUE(each_element("[ ]", [](std::string_view) { return false; }));
}

TEST(JsonMembers, EndAtTheFirstVisitThatSaysSo) {
  int visits = 0;
  EXPECT_FALSE(each_member(R"({"a":1,"b":2})",
                           [&](std::string_view, std::string_view) { return ++visits > 1; }));
  EXPECT_EQ(visits, 1);
}

TEST(JsonMembers, WhatIsNoObjectOrNotOneAloneIsRefusedWhereverItBreaks) {
  const auto any = [](std::string_view, std::string_view) { return true; };
  const std::string whole = R"({"a":[1,{"b":"c"}],"d":-1.5e3})";
  ASSERT_TRUE(each_member(whole, any));
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_FALSE(each_member(whole.substr(0, cut), any)) << cut;
  }
  for (const char* text : {"[]", "null", "{} ", "{}{}", R"({"a":1,})", R"({"a" 1})", R"({a:1})"}) {
    EXPECT_FALSE(each_member(text, any)) << text;
  }
  for (const char* text : {"{}", "[1,]", "[1 2]", "[", "[1", "[] "}) {
    EXPECT_FALSE(each_element(text, [](std::string_view) { return true; })) << text;
  }
}

}  // namespace
}  // namespace sluice::wire

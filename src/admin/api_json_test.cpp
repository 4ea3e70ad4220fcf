#include "admin/api_json.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::admin {
namespace {

std::string refusal_of(std::string_view body) {
  const auto parsed = parse_api_body(body);
  return parsed ? "" : parsed.error().message;
}

TEST(ApiJson, TakesOneObject) {
  const auto body = parse_api_body(R"({"name":"ci","limits":{"requests":"60/1m"},"tags":["a"]})");
  ASSERT_TRUE(body);
  EXPECT_EQ(body->at("name").as_string(), "ci");
  for (const char* text : {"", " ", "[]", "1", "null", "{", "{}{}", "{\"a\":1,}", "{'a':1}"}) {
    EXPECT_NE(refusal_of(text), "") << text;
  }
}

TEST(ApiJson, RefusesAMemberThatStandsTwice) {
  EXPECT_NE(refusal_of(R"({"name":"a","name":"b"})").find("\"name\""), std::string::npos);
  EXPECT_NE(refusal_of(R"({"a":{"b":1,"c":2,"b":3}})"), "");
  EXPECT_NE(refusal_of("{\"a\":1,\"\\u0061\":2}"), "") << "however it is spelled";
  EXPECT_EQ(refusal_of(R"({"a":{"b":1},"c":{"b":1}})"), "");
}

TEST(ApiJson, RefusesWhatNoDatabaseKeeps) {
  EXPECT_NE(refusal_of("{\"a\":\"x\\u0000y\"}"), "");
  EXPECT_NE(refusal_of("{\"a\\u0000\":1}"), "");
  EXPECT_NE(refusal_of("{\"a\":\"\xff\"}"), "");
  EXPECT_NE(refusal_of("{\"a\":\"\\ud800\"}"), "");
}

TEST(ApiJson, BoundsTheDepth) {
  const auto nested = [](std::size_t levels) {
    return "{\"a\":" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
  };
  EXPECT_EQ(refusal_of(nested(api_json_depth_max)), "");
  EXPECT_NE(refusal_of(nested(api_json_depth_max + 1)), "");
  EXPECT_NE(refusal_of(nested(100000)), "");
}

}  // namespace
}  // namespace sluice::admin

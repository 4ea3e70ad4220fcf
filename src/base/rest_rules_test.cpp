#include "base/rest_rules.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;

TEST(RestRules, HaveTheNamesThatTheyAreReadBy) {
  for (std::size_t i = 0; i < rest_rules; ++i) {
    const auto rule = static_cast<RestRule>(i);
    EXPECT_EQ(parse_rest_rule(to_string(rule)), rule);
  }
  EXPECT_EQ(to_string(RestRule::model_missing), "model_missing");
  EXPECT_EQ(parse_rest_rule("Overloaded"), std::nullopt);
  EXPECT_EQ(parse_rest_rule(""), std::nullopt);
}

TEST(RestLength, IsANumberWithAUnitOrZero) {
  EXPECT_EQ(parse_rest_length("0"), 0s);
  EXPECT_EQ(parse_rest_length("0s"), 0s);
  EXPECT_EQ(parse_rest_length("30s"), 30s);
  EXPECT_EQ(parse_rest_length("5m"), 5min);
  EXPECT_EQ(parse_rest_length("1h"), 1h);
  EXPECT_EQ(parse_rest_length("31d"), rest_length_max);
}

TEST(RestLength, IsNothingElse) {
  for (const std::string_view text : {"", "s", "30", "-1s", "+1s", "1.5s", "1w", "30S", " 30s",
                                      "30s ", "1h30m", "32d", "99999999999999d", "4000000000d"}) {
    EXPECT_EQ(parse_rest_length(text), std::nullopt) << text;
  }
}

TEST(RestLength, IsWrittenAsItIsRead) {
  for (const std::string_view text : {"0", "1s", "90s", "5m", "61m", "1h", "25h", "2d", "31d"}) {
    EXPECT_EQ(rest_length_text(*parse_rest_length(text)), text);
  }
  EXPECT_EQ(rest_length_text(60s), "1m");
  EXPECT_EQ(rest_length_text(24h), "1d");
}

}  // namespace
}  // namespace sluice

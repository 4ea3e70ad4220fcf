#include "meter/usage.hpp"

#include <gtest/gtest.h>

namespace sluice::meter {
namespace {

TEST(Usage, CountsAreDisjointSoThatTheTotalIsTheirSum) {
  const TokenCounts tokens{Tokens(16), Tokens(13'637), Tokens(7'000), Tokens(49), Tokens(344)};
  EXPECT_EQ(tokens.cache_write(), Tokens(7'049));
  EXPECT_EQ(tokens.input_total(), Tokens(20'702));
  EXPECT_EQ(tokens.total(), Tokens(21'046));
}

TEST(Usage, IsSmallEnoughToLiveInEveryStream) { EXPECT_LE(sizeof(Usage), 384U); }

TEST(Usage, BooksEachToolOnceAndForgetsZeros) {
  Usage usage;
  set_tool_calls(usage, "web_search", 3);
  set_tool_calls(usage, "web_fetch", 0);
  set_tool_calls(usage, "web_search", 10);
  ASSERT_EQ(usage.server_tool_calls.size(), 1U);
  EXPECT_EQ(usage.server_tool_calls[0].calls, 10);
  set_tool_calls(usage, "web_search", 0);
  EXPECT_TRUE(usage.server_tool_calls.empty());
}

TEST(ShortText, CutsWhatIsTooLong) {
  EXPECT_EQ(ShortText("standard").str(), "standard");
  EXPECT_EQ(ShortText(std::string(1'000, 'x')).str(), std::string(31, 'x'));
  EXPECT_TRUE(ShortText().empty());
}

TEST(EstimateTokens, TakesFourBytesOfLatinAndOneAndAHalfOfCjk) {
  EXPECT_EQ(estimate_tokens(0, 0), Tokens(0));
  EXPECT_EQ(estimate_tokens(400, 0), Tokens(100));
  EXPECT_EQ(estimate_tokens(0, 300), Tokens(200));
  EXPECT_EQ(estimate_tokens(1, 0), Tokens(1));
  EXPECT_EQ(estimate_tokens(2, 3), Tokens(3));
}

TEST(EstimateTokens, NeverLeavesTheBelievableRange) {
  EXPECT_EQ(estimate_tokens(-5, -7), Tokens(0));
  EXPECT_EQ(estimate_tokens(INT64_MAX, INT64_MAX), Tokens(token_count_max));
}

TEST(TextBytes, TellsScriptsApartByTheirLeadBytes) {
  TextBytes text;
  text.add("hello \xE4\xBD\xA0\xE5\xA5\xBD \xC3\xA9");  // two CJK characters and an e acute
  EXPECT_EQ(text.cjk, 6);
  EXPECT_EQ(text.latin, 9);
}

TEST(TextBytes, GivesTheSameHoweverTheTextIsCut) {
  const std::string_view whole =
      "a\xE4\xBD\xA0"
      "b\xF0\x9F\x98\x80";
  TextBytes expected;
  expected.add(whole);
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    TextBytes text;
    text.add(whole.substr(0, cut));
    text.add(whole.substr(cut));
    EXPECT_EQ(text.cjk, expected.cjk) << cut;
    EXPECT_EQ(text.latin, expected.latin) << cut;
  }
}

}  // namespace
}  // namespace sluice::meter

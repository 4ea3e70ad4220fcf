#include "dialect/anthropic/usage_figures.hpp"

#include <gtest/gtest.h>

namespace sluice::dialect::anthropic {
namespace {

UsageFigures figures_of(std::string_view json) {
  UsageFigures figures;
  EXPECT_TRUE(read_usage(json, figures)) << json;
  return figures;
}

meter::Usage after(std::string_view first, std::string_view second = "{}") {
  meter::Usage usage;
  apply(figures_of(first), usage);
  apply(figures_of(second), usage);
  return usage;
}

TEST(AnthropicUsage, LaterFiguresReplaceWhatTheyNameAndNothingElse) {
  const auto usage = after(
      R"({"input_tokens":2479,"cache_read_input_tokens":55096,"output_tokens":8,"service_tier":"priority",)"
      R"("inference_geo":"us","speed":"fast"})",
      R"({"input_tokens":404500,"cache_read_input_tokens":0,"output_tokens":943,)"
      R"("output_tokens_details":{"thinking_tokens":261},)"
      R"("server_tool_use":{"web_search_requests":10,"web_fetch_requests":0}})");
  EXPECT_EQ(usage.tokens.input, Tokens(404'500));
  EXPECT_EQ(usage.tokens.cache_read, Tokens(0));
  EXPECT_EQ(usage.tokens.output, Tokens(943));
  EXPECT_EQ(usage.reasoning, Tokens(261));
  EXPECT_EQ(usage.service_tier.str(), "priority");
  EXPECT_EQ(usage.inference_geo.str(), "us");
  EXPECT_EQ(usage.speed.str(), "fast");
  ASSERT_EQ(usage.server_tool_calls.size(), 1U);
  EXPECT_EQ(usage.server_tool_calls[0], (meter::ServerToolCalls{"web_search", 10}));
  EXPECT_FALSE(usage.quarantined);
}

TEST(AnthropicUsage, NullAndAbsentAreNotZero) {
  const auto usage =
      after(R"({"input_tokens":17,"output_tokens":1})",
            R"({"input_tokens":null,"output_tokens":227,"iterations":null,"cache_creation":null})");
  EXPECT_EQ(usage.tokens.input, Tokens(17));
  EXPECT_EQ(usage.tokens.output, Tokens(227));
  EXPECT_FALSE(usage.reasoning);
  const auto nothing = after("{}");
  EXPECT_FALSE(nothing.input_told);
  EXPECT_FALSE(nothing.output_told);
}

TEST(AnthropicUsage, AStaleSplitOfCacheWritesIsScaled) {
  const auto usage = after(
      R"({"cache_creation_input_tokens":400,"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":300}})",
      R"({"cache_creation_input_tokens":801})");
  EXPECT_EQ(usage.tokens.cache_write_1h, Tokens(601));  // rounded towards the dearer one
  EXPECT_EQ(usage.tokens.cache_write_5m, Tokens(200));
}

TEST(AnthropicUsage, CacheWritesWithoutAnySplitCountAsFiveMinutes) {
  const auto usage =
      after(R"({"cache_creation_input_tokens":0})", R"({"cache_creation_input_tokens":3337})");
  EXPECT_EQ(usage.tokens.cache_write_5m, Tokens(3'337));
  EXPECT_EQ(usage.tokens.cache_write_1h, Tokens(0));
}

TEST(AnthropicUsage, IterationsAreWhatCounts) {
  const auto usage = after(
      R"({"input_tokens":1128,"output_tokens":2})",
      R"({"input_tokens":2411,"output_tokens":145,"iterations":[)"
      R"({"type":"message","input_tokens":1128,"output_tokens":135,"cache_creation_input_tokens":9,)"
      R"("cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":9}},)"
      R"({"type":"advisor_message","model":"claude-opus-4-8","input_tokens":2543,"output_tokens":18},)"
      R"({"type":"message","input_tokens":1283,"output_tokens":10}]})");
  EXPECT_EQ(usage.tokens.input, Tokens(4'954));
  EXPECT_EQ(usage.tokens.output, Tokens(163));
  EXPECT_EQ(usage.tokens.cache_write_1h, Tokens(9));
  ASSERT_EQ(usage.iterations.size(), 3U);
  EXPECT_EQ(usage.iterations[1].type.str(), "advisor_message");
  EXPECT_EQ(usage.iterations[1].model, "claude-opus-4-8");
  EXPECT_EQ(usage.iterations[1].tokens.input, Tokens(2'543));
}

TEST(AnthropicUsage, IterationsThatDontTellTheirCountsLeaveItToTheTopLevel) {
  for (const char* iterations : {"[]", "null", R"([{"type":"message"}])", "[7]", "{}",
                                 R"([{"input_tokens":1,"output_tokens":null}])"}) {
    const auto usage = after(R"({"input_tokens":5,"output_tokens":6,"iterations":)" +
                             std::string(iterations) + "}");
    EXPECT_EQ(usage.tokens.input, Tokens(5)) << iterations;
    EXPECT_EQ(usage.tokens.output, Tokens(6)) << iterations;
    EXPECT_TRUE(usage.iterations.empty()) << iterations;
  }
}

TEST(AnthropicUsage, ImpossibleFiguresCountAsZeroAndAreFlagged) {
  for (const char* figure : {"-5", "-1000000000000", "100000001", "1e308", "9e99", "1.5", "\"12\"",
                             "99999999999999999999999", "true", "[1]", "{\"a\":1}"}) {
    const auto usage = after(R"({"input_tokens":7,"output_tokens":)" + std::string(figure) + "}");
    EXPECT_TRUE(usage.quarantined) << figure;
    EXPECT_EQ(usage.tokens.output, Tokens(0)) << figure;
    EXPECT_EQ(usage.tokens.input, Tokens(7)) << figure;
  }
  const auto most = after(R"({"output_tokens":100000000})");
  EXPECT_FALSE(most.quarantined);
  EXPECT_EQ(most.tokens.output, Tokens(100'000'000));
}

TEST(AnthropicUsage, ASumOfIterationsThatCantBeIsQuarantinedToo) {
  const auto usage = after(
      R"({"iterations":[{"input_tokens":100000000,"output_tokens":1},{"input_tokens":100000000,"output_tokens":1}]})");
  EXPECT_TRUE(usage.quarantined);
  EXPECT_EQ(usage.tokens.input, Tokens(0));
  EXPECT_EQ(usage.tokens.output, Tokens(2));
}

TEST(AnthropicUsage, KeepsABoundedNumberOfIterationsAndSumsAll) {
  std::string json = R"({"iterations":[)";
  for (int i = 0; i < 1'000; ++i) json += R"({"input_tokens":2,"output_tokens":1},)";
  json.back() = ']';
  const auto usage = after(json + "}");
  EXPECT_EQ(usage.iterations.size(), meter::iterations_max);
  EXPECT_EQ(usage.tokens.input, Tokens(2'000));
}

}  // namespace
}  // namespace sluice::dialect::anthropic

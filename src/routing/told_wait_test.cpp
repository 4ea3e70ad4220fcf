#include "routing/told_wait.hpp"

#include <gtest/gtest.h>

#include "base/timestamps.hpp"
#include "routing/failure_testing.hpp"

namespace sluice::routing {
namespace {

using namespace std::chrono_literals;
using metrics::ProviderKind;
using testing::head_of;

const WallTime now = *parse_rfc3339("2026-01-15T12:34:56Z");

std::optional<Milliseconds> told(ProviderKind provider, std::string_view fields, int status = 429) {
  const auto head = head_of(fields);
  return told_wait({.provider = provider, .status = status, .head = &head}, now);
}

std::optional<Milliseconds> told_by_body(ProviderKind provider, std::string_view body) {
  return told_wait({.provider = provider, .status = 429, .body = body}, now);
}

TEST(ToldWait, ReadsRetryAfterInAllItsForms) {
  EXPECT_EQ(told(ProviderKind::anthropic, "Retry-After: 17"), 17s);
  EXPECT_EQ(told(ProviderKind::anthropic, "retry-after: 0.5"), 500ms);
  EXPECT_EQ(told(ProviderKind::openai, "retry-after: 7\nretry-after-ms: 6200"), 6200ms);
  EXPECT_EQ(told(ProviderKind::openai, "retry-after: 7\nretry-after-ms: x"), 7s);
  EXPECT_EQ(told(ProviderKind::openai, "retry-after: Thu, 15 Jan 2026 13:34:56 GMT"), 1h);
  EXPECT_EQ(told(ProviderKind::openai, "retry-after: 3", 503), 3s);
}

TEST(ToldWait, IsNotClamped) {
  EXPECT_EQ(told(ProviderKind::anthropic, "retry-after: 604800"), 24h * 7);
  EXPECT_EQ(told(ProviderKind::anthropic, "retry-after: 0.0001"), 1ms);
}

TEST(ToldWait, BelievesNothingThatCannotBe) {
  for (const std::string_view value :
       {"", "0", "-5", "0.0", "soon", "1e9", "nan", "inf", "17 s", "1.2.3", "2678401",
        "99999999999999999999999999", "Thu, 15 Jan 2026 12:34:56 GMT",
        "Thu, 15 Jan 2020 12:34:56 GMT", "Thu, 15 Jan 2027 12:34:56 GMT"}) {
    EXPECT_EQ(told(ProviderKind::openai, "retry-after: " + std::string(value)), std::nullopt)
        << value;
  }
  EXPECT_EQ(told(ProviderKind::openai, "retry-after: 2678400"), 24h * 31);
  EXPECT_EQ(told_wait({.status = 429}, now), std::nullopt);
}

TEST(ToldWait, TakesTheResetOfTheDimensionThatIsUsedUp) {
  constexpr std::string_view fields =
      "anthropic-ratelimit-requests-remaining: 48\n"
      "anthropic-ratelimit-requests-reset: 2026-01-15T13:00:00Z\n"
      "anthropic-ratelimit-input-tokens-remaining: 0\n"
      "anthropic-ratelimit-input-tokens-reset: 2026-01-15T12:35:13Z\n"
      "anthropic-ratelimit-output-tokens-remaining: 0\n"
      "anthropic-ratelimit-output-tokens-reset: 2026-01-15T12:35:09Z";
  EXPECT_EQ(told(ProviderKind::anthropic, fields), 17s);
  EXPECT_EQ(told(ProviderKind::anthropic, "retry-after: 5\n" + std::string(fields)), 5s);
  EXPECT_EQ(told(ProviderKind::anthropic, fields, 529), std::nullopt)
      << "it wasn't the limit that refused";
}

TEST(ToldWait, TakesTheLatestOfASubscriptionsRejectedWindows) {
  // 2026-01-15T12:34:56Z is 1768480496.
  constexpr std::string_view fields =
      "anthropic-ratelimit-unified-status: rejected\n"
      "anthropic-ratelimit-unified-reset: 1768484096\n"
      "anthropic-ratelimit-unified-5h-status: rejected\n"
      "anthropic-ratelimit-unified-5h-reset: 1768484096\n"
      "anthropic-ratelimit-unified-7d-status: rejected\n"
      "anthropic-ratelimit-unified-7d-reset: 1768912496\n"
      "retry-after: 60";
  EXPECT_EQ(told(ProviderKind::anthropic, fields), 24h * 5);
  EXPECT_EQ(told(ProviderKind::anthropic,
                 "anthropic-ratelimit-unified-status: rejected\n"
                 "anthropic-ratelimit-unified-5h-status: rejected\n"
                 "anthropic-ratelimit-unified-5h-reset: 2026-01-15T14:34:56Z\n"
                 "anthropic-ratelimit-unified-7d-status: allowed\n"
                 "anthropic-ratelimit-unified-7d-reset: 1768912496"),
            2h);
}

TEST(ToldWait, ReadsTheDurationsOfOpenAiAndGroq) {
  EXPECT_EQ(told(ProviderKind::openai,
                 "x-ratelimit-remaining-requests: 499\nx-ratelimit-reset-requests: 8h\n"
                 "x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 6.2s"),
            6200ms);
  EXPECT_EQ(told(ProviderKind::openai_compatible,
                 "x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 1h2m3.5s"),
            3723500ms);
  EXPECT_EQ(told(ProviderKind::openai, "x-ratelimit-reset-requests: 120ms"), 120ms);
}

TEST(ToldWait, ReadsTheSecondsOfAzureAndTheDateOfOpenRouter) {
  EXPECT_EQ(told(ProviderKind::azure_openai,
                 "x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 6"),
            6s);
  EXPECT_EQ(told(ProviderKind::azure_openai,
                 "x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: -1"),
            std::nullopt);
  EXPECT_EQ(told(ProviderKind::azure_openai,
                 "x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 0"),
            std::nullopt);
  EXPECT_EQ(told(ProviderKind::openai_compatible,
                 "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1768480556000"),
            1min);
}

TEST(ToldWait, ReadsWhatGoogleAsksFor) {
  EXPECT_EQ(told_by_body(ProviderKind::gemini,
                         R"({"error":{"details":[{"@type":"RetryInfo","retryDelay":"34.074s"}]}})"),
            34074ms);
  EXPECT_EQ(told_by_body(ProviderKind::gemini,
                         R"([{"error":{"message":"Quota exceeded. Please retry in 34.07s."}}])"),
            34070ms);
}

TEST(ToldWait, OfADaysQuotaIsUntilTheDayEndsWhateverElseIsSaid) {
  // 04:34:56 in California.
  EXPECT_EQ(
      told_by_body(
          ProviderKind::gemini,
          R"({"error":{"details":[{"violations":[{"quotaId":"RequestsPerDayPerProject"}]},{"retryDelay":"34s"}]}})"),
      19h + 25min + 4s);
  EXPECT_EQ(
      told_by_body(ProviderKind::bedrock, R"({"message":"Too many tokens per day, please wait."})"),
      11h + 25min + 4s);
  EXPECT_EQ(told_by_body(ProviderKind::openai, R"({"error":{"message":"requests per day"}})"),
            std::nullopt);
}

TEST(ToldWait, ReadsWordsWhereThereIsNothingElse) {
  const auto words = [](std::string_view message) {
    return told_wait({.provider = ProviderKind::openai, .status = 429, .message = message}, now);
  };
  EXPECT_EQ(words("Rate limit reached. Please try again in 6.2s. Visit"), 6200ms);
  EXPECT_EQ(words("Please try again in 1m2.5s."), 62500ms);
  EXPECT_EQ(words("Please retry after 6 seconds."), 6s);
  EXPECT_EQ(words("Try again in 20ms"), 20ms);
  EXPECT_EQ(words("Try again in 6"), std::nullopt);
  EXPECT_EQ(words("Try again in a while"), std::nullopt);
}

TEST(PacificMidnight, KeepsSummerTime) {
  const auto next = [](std::string_view text) {
    return next_pacific_midnight(*parse_rfc3339(text));
  };
  EXPECT_EQ(next("2026-07-01T06:59:59Z"), parse_rfc3339("2026-07-01T07:00:00Z"));
  EXPECT_EQ(next("2026-07-01T07:00:00Z"), parse_rfc3339("2026-07-02T07:00:00Z"));
  EXPECT_EQ(next("2026-12-31T12:00:00Z"), parse_rfc3339("2027-01-01T08:00:00Z"));
  // The clocks go forward on 2026-03-08 and back on 2026-11-01, at 2 a.m.
  EXPECT_EQ(next("2026-03-08T07:30:00Z"), parse_rfc3339("2026-03-08T08:00:00Z"));
  EXPECT_EQ(next("2026-03-08T08:30:00Z"), parse_rfc3339("2026-03-09T07:00:00Z"));
  EXPECT_EQ(next("2026-03-08T12:00:00Z"), parse_rfc3339("2026-03-09T07:00:00Z"));
  EXPECT_EQ(next("2026-11-01T06:30:00Z"), parse_rfc3339("2026-11-01T07:00:00Z"));
  EXPECT_EQ(next("2026-11-01T07:30:00Z"), parse_rfc3339("2026-11-02T08:00:00Z"));
  EXPECT_EQ(next("2026-11-01T12:00:00Z"), parse_rfc3339("2026-11-02T08:00:00Z"));
}

}  // namespace
}  // namespace sluice::routing

#include "relay/record.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace sluice::relay {
namespace {

using namespace std::chrono_literals;
using metrics::TokenKind;

struct Settling {
  metrics::Metrics metrics{1};
  RequestRecord record;
  Settling() {
    record.dialect = metrics::Dialect::anthropic;
    record.attempt.provider = metrics::ProviderKind::anthropic;
    record.outcome = metrics::Outcome::ok;
    record.attempt.upstream_model = "claude-x";
    record.attempt.called = record.started;
  }
  metrics::ThreadMetrics& counted() { return metrics.thread(0); }
  void settle_after(std::chrono::milliseconds duration) {
    settle(record, record.started + duration, counted());
  }
  std::uint64_t tokens(std::string_view model, TokenKind kind) {
    auto& all = counted();
    return all.tokens.of(all.models.label(record.attempt.provider, model), kind).value();
  }
};

std::uint64_t observed(const metrics::Histogram& histogram) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) sum += histogram.count(i);
  return sum;
}

TEST(Settle, CountsARequestOnceInEachMetric) {
  Settling one;
  one.record.stream = true;
  one.record.bytes_to_client = 300;
  one.record.attempt.bytes_to_provider = 20;
  one.record.attempt.called = one.record.started + 1ms;
  one.record.attempt.first_output = one.record.started + 5ms;

  one.settle_after(9ms);

  auto& counted = one.counted();
  EXPECT_EQ(
      counted.requests
          .of(metrics::Dialect::anthropic, metrics::ProviderKind::anthropic, metrics::Outcome::ok)
          .value(),
      1U);
  EXPECT_EQ(counted.relayed_bytes.of(metrics::Direction::to_client).value(), 300U);
  EXPECT_EQ(counted.relayed_bytes.of(metrics::Direction::to_provider).value(), 20U);
  EXPECT_EQ(observed(counted.request_duration), 1U);
  EXPECT_EQ(counted.request_duration.sum(), 9ms);
  EXPECT_EQ(counted.overhead.sum(), 1ms);
  EXPECT_EQ(counted.first_event.sum(), 5ms);
}

TEST(Settle, KnowsNoTimesOfACallThatWasNeverMade) {
  Settling one;
  one.record.attempt.called = time_never;
  one.settle_after(9ms);
  EXPECT_EQ(observed(one.counted().overhead), 0U);
  EXPECT_EQ(observed(one.counted().first_event), 0U);
}

TEST(Settle, CountsTokensByTheModelThatTheProviderNames) {
  Settling one;
  one.record.billable = true;
  one.record.attempt.usage.model = "claude-x-20260101";
  one.record.attempt.usage.confidence = meter::Confidence::exact;
  one.record.attempt.usage.tokens.input = Tokens(11);
  one.record.attempt.usage.tokens.cache_read = Tokens(5);
  one.record.attempt.usage.tokens.output = Tokens(42);

  one.settle_after(1ms);

  EXPECT_EQ(one.tokens("claude-x-20260101", TokenKind::input), 11U);
  EXPECT_EQ(one.tokens("claude-x-20260101", TokenKind::cache_read), 5U);
  EXPECT_EQ(one.tokens("claude-x-20260101", TokenKind::output), 42U);
  EXPECT_EQ(one.tokens("claude-x", TokenKind::output), 0U);
}

TEST(Settle, CountsNoTokensOfWhatIsNotBilledOrNotKnown) {
  Settling unbilled;
  unbilled.record.attempt.usage.confidence = meter::Confidence::exact;
  unbilled.record.attempt.usage.tokens.input = Tokens(11);
  unbilled.settle_after(1ms);
  EXPECT_EQ(unbilled.tokens("claude-x", TokenKind::input), 0U);

  Settling unknown;
  unknown.record.billable = true;
  unknown.record.attempt.usage.tokens.input = Tokens(11);
  unknown.settle_after(1ms);
  EXPECT_EQ(unknown.tokens("claude-x", TokenKind::input), 0U);
}

TEST(Settle, CountsEveryAttempt) {
  Settling one;
  one.record.billable = true;
  AttemptRecord failed = one.record.attempt;
  failed.result = metrics::AttemptResult::http_5xx;
  failed.usage.confidence = meter::Confidence::partial;
  failed.usage.tokens.input = Tokens(7);
  one.record.earlier.push_back(failed);
  one.record.attempt.result = metrics::AttemptResult::ok;
  one.record.attempt.usage = failed.usage;

  one.settle_after(1ms);

  auto& counted = one.counted();
  const auto attempts = [&](metrics::AttemptResult result) {
    return counted.attempts.of(metrics::ProviderKind::anthropic, result).value();
  };
  EXPECT_EQ(attempts(metrics::AttemptResult::http_5xx), 1U);
  EXPECT_EQ(attempts(metrics::AttemptResult::ok), 1U);
  EXPECT_EQ(one.tokens("claude-x", TokenKind::input), 14U);
  EXPECT_EQ(
      counted.requests
          .of(metrics::Dialect::anthropic, metrics::ProviderKind::anthropic, metrics::Outcome::ok)
          .value(),
      1U);
}

}  // namespace
}  // namespace sluice::relay

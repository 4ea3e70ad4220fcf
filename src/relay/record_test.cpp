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
    record.provider = metrics::ProviderKind::anthropic;
    record.outcome = metrics::Outcome::ok;
    record.upstream_model = "claude-x";
  }
  metrics::ThreadMetrics& counted() { return metrics.thread(0); }
  void settle_after(std::chrono::milliseconds duration) {
    settle(record, record.started + duration, counted());
  }
  std::uint64_t tokens(std::string_view model, TokenKind kind) {
    auto& all = counted();
    return all.tokens.of(all.models.label(record.provider, model), kind).value();
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
  one.record.bytes_to_provider = 20;
  one.record.called = one.record.started + 1ms;
  one.record.first_event = one.record.started + 5ms;

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
  one.settle_after(9ms);
  EXPECT_EQ(observed(one.counted().overhead), 0U);
  EXPECT_EQ(observed(one.counted().first_event), 0U);
}

TEST(Settle, CountsTokensByTheModelThatTheProviderNames) {
  Settling one;
  one.record.billable = true;
  one.record.usage.model = "claude-x-20260101";
  one.record.usage.confidence = meter::Confidence::exact;
  one.record.usage.tokens.input = Tokens(11);
  one.record.usage.tokens.cache_read = Tokens(5);
  one.record.usage.tokens.output = Tokens(42);

  one.settle_after(1ms);

  EXPECT_EQ(one.tokens("claude-x-20260101", TokenKind::input), 11U);
  EXPECT_EQ(one.tokens("claude-x-20260101", TokenKind::cache_read), 5U);
  EXPECT_EQ(one.tokens("claude-x-20260101", TokenKind::output), 42U);
  EXPECT_EQ(one.tokens("claude-x", TokenKind::output), 0U);
}

TEST(Settle, CountsNoTokensOfWhatIsNotBilledOrNotKnown) {
  Settling unbilled;
  unbilled.record.usage.confidence = meter::Confidence::exact;
  unbilled.record.usage.tokens.input = Tokens(11);
  unbilled.settle_after(1ms);
  EXPECT_EQ(unbilled.tokens("claude-x", TokenKind::input), 0U);

  Settling unknown;
  unknown.record.billable = true;
  unknown.record.usage.tokens.input = Tokens(11);
  unknown.settle_after(1ms);
  EXPECT_EQ(unknown.tokens("claude-x", TokenKind::input), 0U);
}

}  // namespace
}  // namespace sluice::relay

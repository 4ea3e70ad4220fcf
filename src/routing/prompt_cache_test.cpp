#include "routing/prompt_cache.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "base/random.hpp"

namespace sluice::routing {
namespace {

using meter::CacheLife;
using meter::PromptPrefix;
using meter::TokenCounts;
using std::chrono::minutes;

constexpr AccountHash account = 101;
constexpr AccountHash other = 202;
constexpr ModelHash model = 303;

TokenCounts counts(std::int64_t read, std::int64_t written) {
  TokenCounts made;
  made.cache_read = Tokens(read);
  made.cache_write_5m = Tokens(written);
  return made;
}

class PromptCacheTest : public testing::Test {
 protected:
  [[nodiscard]] std::int64_t warm(std::span<const PromptPrefix> prefixes,
                                  AccountHash on = account) const {
    return cache_.warm_bytes(on, model, prefixes, clock_.now());
  }
  CacheFigures learn(std::span<const PromptPrefix> prefixes, const TokenCounts& tokens,
                     AccountHash on = account) {
    return cache_.learn(on, model, prefixes, tokens, clock_.now());
  }

  ManualClock clock_;
  PromptCache cache_;
  /// System prompt and tools, then the first turn.
  std::vector<PromptPrefix> prompt_{{.hash = 1, .bytes = 40000, .life = CacheLife::five_minutes},
                                    {.hash = 2, .bytes = 60000, .life = CacheLife::five_minutes}};
};

TEST_F(PromptCacheTest, KnowsWhatAnAccountHasWritten) {
  EXPECT_EQ(warm(prompt_), 0);
  learn(prompt_, counts(0, 15000));
  EXPECT_EQ(warm(prompt_), 60000);
  EXPECT_EQ(warm(prompt_, other), 0);
  EXPECT_EQ(cache_.warm_bytes(account, model + 1, prompt_, clock_.now()), 0);
}

TEST_F(PromptCacheTest, TheLongestKnownBeginningCounts) {
  learn(prompt_, counts(0, 15000));
  const std::vector<PromptPrefix> someone_elses{
      {.hash = 1, .bytes = 40000, .life = CacheLife::five_minutes},
      {.hash = 9, .bytes = 70000, .life = CacheLife::five_minutes}};
  EXPECT_EQ(warm(someone_elses), 40000);
}

TEST_F(PromptCacheTest, ALaterTurnFindsWhereTheEarlierOneEnded) {
  learn(prompt_, counts(0, 15000));
  const std::vector<PromptPrefix> next{
      {.hash = 2, .bytes = 60000, .life = CacheLife::none},
      {.hash = 3, .bytes = 65000, .life = CacheLife::five_minutes}};
  EXPECT_EQ(warm(next), 60000);
}

TEST_F(PromptCacheTest, EndsWithItsLifeAndAReadRenewsIt) {
  learn(prompt_, counts(0, 15000));
  clock_.advance(minutes(4));
  const std::vector<PromptPrefix> next{{.hash = 2, .bytes = 60000, .life = CacheLife::none}};
  learn(next, counts(15000, 0));
  clock_.advance(minutes(4));
  EXPECT_EQ(warm(next), 60000);
  clock_.advance(minutes(1));
  EXPECT_EQ(warm(next), 0);
}

TEST_F(PromptCacheTest, AnHourIsKeptForAnHour) {
  prompt_[0].life = CacheLife::one_hour;
  learn(prompt_, counts(0, 15000));
  clock_.advance(minutes(59));
  EXPECT_EQ(warm(prompt_), 40000);
  clock_.advance(minutes(1));
  EXPECT_EQ(warm(prompt_), 0);
}

TEST_F(PromptCacheTest, BelievesTheAnswerWhenItReadLessThanExpected) {
  learn(prompt_, counts(0, 15000));
  const std::vector<PromptPrefix> same{{.hash = 1, .bytes = 40000, .life = CacheLife::none},
                                       {.hash = 2, .bytes = 60000, .life = CacheLife::none}};
  learn(same, counts(0, 0));
  EXPECT_EQ(warm(same), 0);
}

TEST_F(PromptCacheTest, KeepsTheBeginningThatWasReadAndForgetsTheRest) {
  prompt_[1].bytes = 400000;
  learn(prompt_, counts(0, 100000));
  const std::vector<PromptPrefix> same{{.hash = 1, .bytes = 40000, .life = CacheLife::none},
                                       {.hash = 2, .bytes = 400000, .life = CacheLife::none}};
  learn(same, counts(9000, 0));
  EXPECT_EQ(warm(same), 40000);
}

TEST_F(PromptCacheTest, WhatAProviderDidntKeepIsNotWarm) {
  learn(prompt_, counts(0, 0));
  EXPECT_EQ(warm(prompt_), 0);
}

TEST_F(PromptCacheTest, NamesThoseThatHoldTheLongestBeginning) {
  learn(prompt_, counts(0, 15000));
  learn({prompt_.data(), 1}, counts(0, 10000), other);
  const auto holds = [&](std::size_t prefixes, AccountHash who) {
    const auto holders = cache_.holders(model, {prompt_.data(), prefixes}, clock_.now());
    return std::ranges::count(holders.accounts, who) == 1;
  };
  EXPECT_TRUE(holds(1, account) && holds(1, other));
  EXPECT_TRUE(holds(2, account));
  EXPECT_FALSE(holds(2, other));
  for (AccountHash more = 1; more <= PromptCache::holders_max; ++more) {
    learn({prompt_.data(), 1}, counts(0, 10000), more);
  }
  EXPECT_FALSE(holds(1, account));
  EXPECT_TRUE(holds(1, 1));
}

TEST_F(PromptCacheTest, CountsWhatItDid) {
  CacheCounts sum;
  sum.add(learn(prompt_, counts(0, 15000)));
  sum.add(learn(prompt_, counts(15000, 500)));
  sum.add(learn({}, counts(0, 0)));
  const std::vector<PromptPrefix> asks_nothing{{.hash = 8, .bytes = 50, .life = CacheLife::none}};
  sum.add(learn(asks_nothing, counts(0, 0)));
  const CacheFigures figures = sum.figures();
  EXPECT_EQ(figures.requests, 2U);
  EXPECT_EQ(figures.expected, 1U);
  EXPECT_EQ(figures.hits, 1U);
  EXPECT_EQ(figures.tokens_read, 15000U);
  EXPECT_EQ(figures.tokens_written_5m, 15500U);
}

TEST_F(PromptCacheTest, ForgetsThoseThatEndFirstWhenItIsFull) {
  SeededRandom random(1);
  std::vector<PromptPrefix> early;
  for (int i = 0; i < 400000; ++i) {
    if (i % 100000 == 0) clock_.advance(minutes(1));
    const PromptPrefix prefix{
        .hash = random.next(), .bytes = 5000, .life = CacheLife::five_minutes};
    learn({&prefix, 1}, counts(0, 2000));
    if (i < 1000) early.push_back(prefix);
    if (i < 399000) continue;
    EXPECT_EQ(warm({&prefix, 1}), 5000);
  }
  const auto left = std::ranges::count_if(
      early, [&](const PromptPrefix& prefix) { return warm({&prefix, 1}) > 0; });
  EXPECT_LT(left, 300);
}

TEST_F(PromptCacheTest, IsUsedByAllThreadsAtOnce) {
  std::vector<std::thread> threads;
  const TimePoint now = clock_.now();
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([this, t, now] {
      SeededRandom random(t);
      for (int i = 0; i < 20000; ++i) {
        const PromptPrefix prefix{
            .hash = random.below(100), .bytes = 5000, .life = CacheLife::five_minutes};
        const AccountHash on = 1 + random.below(10);
        (void)cache_.warm_bytes(on, model, {&prefix, 1}, now);
        (void)cache_.holders(model, {&prefix, 1}, now);
        cache_.learn(on, model, {&prefix, 1}, counts(random.below(2) == 0 ? 0 : 2000, 2000), now);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const PromptPrefix prefix{.hash = 5, .bytes = 5000, .life = CacheLife::five_minutes};
  EXPECT_NE(cache_.holders(model, {&prefix, 1}, now).accounts.front(), 0U);
}

}  // namespace
}  // namespace sluice::routing

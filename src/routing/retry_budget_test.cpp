#include "routing/retry_budget.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sluice::routing {
namespace {

using namespace std::chrono_literals;

int take_all(RetryBudget& budget, TimePoint now) {
  int taken = 0;
  while (taken < 100'000 && budget.take(now)) ++taken;
  return taken;
}

TEST(RetryBudget, HasAReserveForFewRequests) {
  RetryBudget budget;
  ManualClock clock;
  EXPECT_EQ(take_all(budget, clock.now()), 10);
  clock.advance(1s);
  EXPECT_EQ(take_all(budget, clock.now()), 1);
  clock.advance(3500ms);
  EXPECT_EQ(take_all(budget, clock.now()), 3);
  clock.advance(1h);
  EXPECT_EQ(take_all(budget, clock.now()), 10) << "no more is saved up";
}

TEST(RetryBudget, EarnsAFifthOfTheRequests) {
  RetryBudget budget;
  ManualClock clock;
  for (int i = 0; i < 500; ++i) budget.note_request(clock.now());
  EXPECT_EQ(take_all(budget, clock.now()), 100 + 10);
}

TEST(RetryBudget, SavesNoMoreThanOfTenSeconds) {
  RetryBudget budget;
  ManualClock clock;
  for (int second = 0; second < 100; ++second) {
    for (int i = 0; i < 10; ++i) budget.note_request(clock.now());
    clock.advance(1s);
  }
  const int taken = take_all(budget, clock.now());
  EXPECT_GE(taken, 18 + 10);
  EXPECT_LE(taken, 20 + 10);
  clock.advance(1min);
  EXPECT_EQ(take_all(budget, clock.now()), 10) << "the requests are long past";
}

TEST(RetryBudget, KeepsAStormWithinAFifth) {
  RetryBudget budget;
  ManualClock clock;
  int requests = 0;
  int retries = 0;
  for (int i = 0; i < 60'000; ++i) {  // a minute, 1,000 a second, each would like three more
    budget.note_request(clock.now());
    ++requests;
    for (int again = 0; again < 3; ++again) retries += budget.take(clock.now()) ? 1 : 0;
    clock.advance(1ms);
  }
  EXPECT_LE(retries, requests / 5 + 10 + 60);
  EXPECT_GE(retries, requests / 5 - 5);
}

TEST(RetryBudget, ThreadsShareIt) {
  RetryBudget budget;
  ManualClock clock;
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10'000; ++n) {
        budget.note_request(clock.now());
        if (budget.take(clock.now())) ++taken;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(taken, 8000 + 10);
  EXPECT_GE(taken, 7990);
}

}  // namespace
}  // namespace sluice::routing

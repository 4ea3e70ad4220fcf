#include "routing/model_pace.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/random.hpp"

namespace sluice::routing {
namespace {

TEST(ModelPace, SaysNothingBeforeItHasSeenAFew) {
  ModelPace pace;
  for (std::uint32_t i = 1; i < ModelPace::figures_min; ++i) {
    EXPECT_EQ(pace.observe(7, Milliseconds(500)).count(), 0);
  }
  EXPECT_EQ(pace.observe(7, Milliseconds(500)).count(), 500);
  EXPECT_EQ(pace.observe(8, Milliseconds(500)).count(), 0);
}

TEST(ModelPace, FollowsWhatMostAccountsDo) {
  ModelPace pace;
  SeededRandom random(1);
  Milliseconds usual{0};
  for (int i = 0; i < 2000; ++i) {
    // A third comes from an account that takes ten times as long.
    const auto jitter = static_cast<std::int64_t>(random.below(200));
    usual = pace.observe(1, Milliseconds(i % 3 == 0 ? 5000 + jitter : 400 + jitter));
  }
  EXPECT_GT(usual.count(), 400);
  EXPECT_LT(usual.count(), 700);
}

TEST(ModelPace, ComesAlongWhenAllBecomeSlower) {
  ModelPace pace;
  for (int i = 0; i < 100; ++i) (void)pace.observe(1, Milliseconds(500));
  Milliseconds usual{0};
  for (int i = 0; i < 100; ++i) usual = pace.observe(1, Milliseconds(2000));
  EXPECT_EQ(usual.count(), 2000);
}

TEST(ModelPace, ModelsPastTheBoundHaveNoPaceAndDisturbNobody) {
  ModelPace pace;
  for (std::uint64_t model = 1; model <= ModelPace::models_max; ++model) {
    for (int i = 0; i < 30; ++i) (void)pace.observe(model, Milliseconds(100));
  }
  for (int i = 0; i < 30; ++i) EXPECT_EQ(pace.observe(100000, Milliseconds(900)).count(), 0);
  EXPECT_EQ(pace.observe(5, Milliseconds(100)).count(), 100);
  EXPECT_EQ(pace.observe(0, Milliseconds(100)).count(), 0);
}

TEST(ModelPace, IsToldByAllThreadsAtOnce) {
  ModelPace pace;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&pace] {
      for (std::uint64_t i = 0; i < 20000; ++i) (void)pace.observe(1 + i % 50, Milliseconds(300));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::uint64_t model = 1; model <= 50; ++model) {
    EXPECT_EQ(pace.observe(model, Milliseconds(300)).count(), 300);
  }
}

}  // namespace
}  // namespace sluice::routing

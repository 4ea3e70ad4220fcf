#include "routing/resource_pins.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace sluice::routing {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

const WallTime noon{seconds(1'750'000'000)};
const AccountId one("A1");
const AccountId other("A2");

TEST(ResourcePins, TellTheAccountThatNamedAResource) {
  ResourcePins pins;
  pins.learn("container_1", one, noon);
  pins.learn("container_2", other, noon);
  EXPECT_EQ(pins.find("container_1", noon), one);
  EXPECT_EQ(pins.find("container_2", noon), other);
  EXPECT_EQ(pins.find("container_3", noon), std::nullopt);
  pins.learn("container_1", other, noon);
  EXPECT_EQ(pins.find("container_1", noon), other);
}

TEST(ResourcePins, EndAMonthAfterTheLastUse) {
  ResourcePins pins;
  pins.learn("c", one, noon);
  EXPECT_EQ(pins.find("c", noon + ResourcePins::kept_for - seconds(1)), one);
  EXPECT_EQ(pins.find("c", noon + ResourcePins::kept_for), std::nullopt);
  pins.learn("c", one, noon + days(20));
  EXPECT_EQ(pins.find("c", noon + days(49)), one);
}

TEST(ResourcePins, WhatIsNewIsTakenOnce) {
  ResourcePins pins;
  pins.learn("b", one, noon);
  pins.learn("a", other, noon + hours(1));
  const auto taken = pins.take_new();
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].resource, "a");
  EXPECT_EQ(taken[0].account, other);
  EXPECT_EQ(taken[0].until, noon + hours(1) + ResourcePins::kept_for);
  EXPECT_EQ(taken[1].resource, "b");
  EXPECT_TRUE(pins.take_new().empty());
}

TEST(ResourcePins, FurtherUseIsToldOnceADay) {
  ResourcePins pins;
  pins.learn("c", one, noon);
  EXPECT_EQ(pins.take_new().size(), 1U);
  pins.learn("c", one, noon + hours(23));
  EXPECT_TRUE(pins.take_new().empty());
  pins.learn("c", one, noon + hours(24));
  const auto taken = pins.take_new();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].until, noon + hours(24) + ResourcePins::kept_for);
  pins.learn("c", other, noon + hours(25));
  EXPECT_EQ(pins.take_new().size(), 1U) << "another account is news";
}

TEST(ResourcePins, WhatTheStoreKnowsIsNotNew) {
  ResourcePins pins;
  pins.learn("mine", one, noon);
  pins.recall({{"c", one, noon + days(3)}, {"mine", other, noon + days(1)}, {"c", other, noon}});
  EXPECT_EQ(pins.find("c", noon), one);
  EXPECT_EQ(pins.find("c", noon + days(3)), std::nullopt);
  EXPECT_EQ(pins.find("mine", noon), one) << "learnt later than the store's";
  EXPECT_EQ(pins.take_new().size(), 1U);
  pins.recall({{"c", other, noon + days(9)}});
  EXPECT_EQ(pins.find("c", noon), other);
}

TEST(ResourcePins, WhatIsNoIdIsPassedBy) {
  ResourcePins pins;
  for (const std::string& text :
       {std::string(), std::string("a b"), std::string("a\0b", 3), std::string("\n"),
        std::string("caf\xc3\xa9"), std::string(ResourcePins::resource_bytes_max + 1, 'x')}) {
    pins.learn(text, one, noon);
  }
  EXPECT_EQ(pins.size(), 0U);
  pins.learn(std::string(ResourcePins::resource_bytes_max, 'x'), one, noon);
  EXPECT_EQ(pins.size(), 1U);
}

TEST(ResourcePins, OfTooManyThoseThatEndFirstAreForgotten) {
  ResourcePins pins;
  pins.recall({{"soon", one, noon + hours(1)}});
  for (std::size_t i = 0; i < ResourcePins::pins_max; ++i)
    pins.learn("c" + std::to_string(i), one, noon + seconds(i));
  EXPECT_EQ(pins.size(), ResourcePins::pins_max);
  EXPECT_EQ(pins.find("soon", noon), std::nullopt);
  EXPECT_EQ(pins.find("c0", noon), one);
  pins.learn("last", one, noon + days(2));
  EXPECT_EQ(pins.find("c0", noon), std::nullopt);
  EXPECT_EQ(pins.take_new().size(), ResourcePins::pins_max);
}

TEST(ResourcePins, AreSharedByThreads) {
  ResourcePins pins;
  std::vector<std::thread> threads;
  std::atomic<std::size_t> taken = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2'000; ++i) {
        const std::string name = "c" + std::to_string(t) + "_" + std::to_string(i);
        pins.learn(name, one, noon);
        EXPECT_EQ(pins.find(name, noon), one);
        if (i % 100 == 0) taken += pins.take_new().size();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(taken + pins.take_new().size(), 8'000U);
}

}  // namespace
}  // namespace sluice::routing

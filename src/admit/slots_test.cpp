#include "admit/slots.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice::admit {
namespace {

TEST(Slots, NeverGivesMoreThanTheCap) {
  net::FairLine line;
  const auto slots = std::make_shared<Slots>(line);
  auto first = SlotLease::take(slots, 2);
  auto second = SlotLease::take(slots, 2);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(SlotLease::take(slots, 2));
  first.reset();
  EXPECT_TRUE(SlotLease::take(slots, 2));
  EXPECT_EQ(slots->in_use(), 1);
}

TEST(Slots, CountsWithoutACap) {
  net::FairLine line;
  const auto slots = std::make_shared<Slots>(line);
  const auto first = SlotLease::take(slots, 0);
  const auto second = SlotLease::take(slots, 0);
  EXPECT_EQ(slots->in_use(), 2);
}

TEST(SlotLease, GoesBackOnceHoweverItIsMoved) {
  net::FairLine line;
  const auto slots = std::make_shared<Slots>(line);
  {
    auto lease = SlotLease::take(slots, 1);
    SlotLease moved = std::move(*lease);
    SlotLease assigned;
    assigned = std::move(moved);
    EXPECT_EQ(slots->in_use(), 1);
  }
  EXPECT_EQ(slots->in_use(), 0);
}

TEST(Slots, HoldTheirCapUnderManyThreads) {
  net::FairLine line;
  const auto slots = std::make_shared<Slots>(line);
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20000; ++i) {
        const auto lease = SlotLease::take(slots, 3);
        if (!lease) continue;
        const int now = ++running;
        int seen = most.load();
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        --running;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(most.load(), 3);
  EXPECT_EQ(slots->in_use(), 0);
}

}  // namespace
}  // namespace sluice::admit

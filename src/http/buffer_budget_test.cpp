#include "http/buffer_budget.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice::http {
namespace {

using Lease = BufferBudget::Lease;

TEST(BufferBudget, LendsNoMoreThanItHas) {
  BufferBudget budget(100);
  Lease first;
  Lease second;
  EXPECT_TRUE(first.grow(budget, 60));
  EXPECT_FALSE(second.grow(budget, 41));
  EXPECT_EQ(second.bytes(), 0U);
  EXPECT_EQ(budget.left(), 40);
  EXPECT_TRUE(second.grow(budget, 40));
  EXPECT_TRUE(first.grow(budget, 0));
  EXPECT_EQ(budget.left(), 0);
}

TEST(BufferBudget, ALeaseThatCouldNotGrowKeepsWhatItHad) {
  BufferBudget budget(100);
  Lease lease;
  EXPECT_TRUE(lease.grow(budget, 80));
  EXPECT_FALSE(lease.grow(budget, 80));
  EXPECT_EQ(lease.bytes(), 80U);
  lease.release();
  EXPECT_EQ(budget.left(), 100);
}

TEST(BufferBudget, EveryPathGivesTheBytesBackOnce) {
  BufferBudget budget(100);
  {
    Lease lease;
    EXPECT_TRUE(lease.grow(budget, 10));
    Lease moved = std::move(lease);
    Lease assigned;
    EXPECT_TRUE(assigned.grow(budget, 5));
    assigned = std::move(moved);
    EXPECT_EQ(budget.left(), 90);
    assigned.release();
    assigned.release();
    EXPECT_EQ(budget.left(), 100);
    EXPECT_TRUE(assigned.grow(budget, 1));
  }
  EXPECT_EQ(budget.left(), 100);
}

TEST(BufferBudget, IsSharedByThreads) {
  BufferBudget budget(1000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        Lease lease;
        if (lease.grow(budget, 400)) {
          EXPECT_GE(budget.left(), -1200);
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(budget.left(), 1000);
}

}  // namespace
}  // namespace sluice::http

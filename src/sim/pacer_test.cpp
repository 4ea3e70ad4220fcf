#include "sim/pacer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::sim {
namespace {

/// Runs coroutines on a loop until the last of them stops it.
class PacerTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(pacer_.open()); }
  void TearDown() override {
    tasks_.clear();
    pacer_.close();
  }
  net::Task<void> sleep_and_note(TimePoint at, char name, std::size_t last) {
    net::Timer timer;
    const bool slept = co_await pacer_.sleep_until(at, timer, nullptr);
    EXPECT_TRUE(slept);
    EXPECT_GE(Pacer::now(), at);
    order_ += name;
    if (order_.size() == last) loop_.stop();
  }
  net::Task<void> take_turns(char name, int turns, std::size_t last) {
    net::Timer timer;
    for (int i = 0; i < turns; ++i) {
      order_ += name;
      if (order_.size() == last) loop_.stop();
      const bool slept = co_await pacer_.sleep_until(TimePoint{}, timer, nullptr);
      EXPECT_TRUE(slept);
    }
  }

  SystemClock clock_;
  net::Loop loop_{clock_};
  Pacer pacer_{loop_};
  net::TaskSet tasks_;
  std::string order_;
};

TEST_F(PacerTest, WakesInTheOrderOfTheDeadlines) {
  const TimePoint now = Pacer::now();
  tasks_.start(sleep_and_note(now + Milliseconds(15), 'c', 3));
  tasks_.start(sleep_and_note(now + Milliseconds(5), 'a', 3));
  tasks_.start(sleep_and_note(now + Milliseconds(10), 'b', 3));

  loop_.run();

  EXPECT_EQ(order_, "abc");
}

TEST_F(PacerTest, WhoIsLateStillLetsOthersRun) {
  tasks_.start(take_turns('a', 3, 6));
  tasks_.start(take_turns('b', 3, 6));

  loop_.run();

  EXPECT_EQ(order_, "ababab");
}

TEST_F(PacerTest, ASleeperMayBeDestroyed) {
  tasks_.start(sleep_and_note(Pacer::now() + Milliseconds(1), 'x', 99));
  tasks_.clear();
  tasks_.start(sleep_and_note(Pacer::now() + Milliseconds(5), 'a', 1));

  loop_.run();

  EXPECT_EQ(order_, "a");
}

}  // namespace
}  // namespace sluice::sim

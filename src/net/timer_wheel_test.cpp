#include "net/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include "base/random.hpp"

namespace sluice::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A timer that notes when it fired.
struct Probe {
  Timer timer;
  std::vector<TimePoint>* fired = nullptr;
  const TimePoint* now = nullptr;
  std::function<void()> also;
  static void fire(void* self) {
    auto& probe = *static_cast<Probe*>(self);
    probe.fired->push_back(*probe.now);
    if (probe.also) probe.also();
  }
};

class TimerWheelTest : public ::testing::Test {
 protected:
  void advance(milliseconds by) { wheel_.advance(now_ += by); }
  std::unique_ptr<Probe> probe() {
    auto made = std::make_unique<Probe>();
    made->fired = &fired_;
    made->now = &now_;
    return made;
  }
  void arm(Probe& probe, milliseconds in) {
    wheel_.arm(probe.timer, now_ + in, &Probe::fire, &probe);
  }

  TimePoint now_{hours(5) + milliseconds(37)};
  const TimePoint begin_ = now_;
  TimerWheel wheel_{now_};
  std::vector<TimePoint> fired_;
};

TEST_F(TimerWheelTest, NeverFiresEarlyAndAtMostATickLate) {
  // given deadlines at every millisecond, near and beyond one turn of the wheel
  SeededRandom random(7);
  for (int round = 0; round < 300; ++round) {
    const auto one = probe();
    const milliseconds in{static_cast<std::int64_t>(random.below(round % 3 == 0 ? 250'000 : 900))};
    const TimePoint deadline = now_ + in;
    fired_.clear();
    arm(*one, in);
    // when time goes by in small steps
    while (fired_.empty()) {
      advance(milliseconds(10));
      ASSERT_LE(now_ - deadline, TimerWheel::tick + milliseconds(10)) << in.count();
    }
    // then
    EXPECT_GE(fired_.front(), deadline);
    EXPECT_FALSE(one->timer.armed());
  }
}

TEST_F(TimerWheelTest, FiresOnceInTheOrderOfTheTicks) {
  const auto late = probe();
  const auto soon = probe();
  std::vector<int> order;
  late->also = [&] { order.push_back(2); };
  soon->also = [&] { order.push_back(1); };
  arm(*late, milliseconds(900));
  arm(*soon, milliseconds(200));

  advance(seconds(5));
  advance(seconds(5));

  EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST_F(TimerWheelTest, ADeadlineThatMovesLaterIsKeptWhereItMovedTo) {
  // given a stream that is alive: its deadline moves a bit every tick
  const auto one = probe();
  for (int i = 0; i < 50; ++i) {
    arm(*one, seconds(1));
    advance(milliseconds(100));
  }
  EXPECT_TRUE(fired_.empty());

  // when it falls silent
  advance(milliseconds(800));
  EXPECT_TRUE(fired_.empty());
  advance(milliseconds(200));

  EXPECT_EQ(fired_.size(), 1U);
}

TEST_F(TimerWheelTest, ADeadlineThatMovesEarlierIsObeyed) {
  const auto one = probe();
  arm(*one, seconds(60));
  arm(*one, milliseconds(150));

  advance(milliseconds(300));

  EXPECT_EQ(fired_.size(), 1U);
}

TEST_F(TimerWheelTest, ADisarmedTimerStaysSilentAndCanBeArmedAgain) {
  const auto one = probe();
  arm(*one, milliseconds(100));
  one->timer.disarm();
  advance(seconds(1));
  EXPECT_TRUE(fired_.empty());

  arm(*one, milliseconds(100));
  wheel_.arm(one->timer, time_never, &Probe::fire, one.get());  // never: disarms
  advance(seconds(1));
  EXPECT_TRUE(fired_.empty());

  arm(*one, milliseconds(100));
  advance(seconds(1));
  EXPECT_EQ(fired_.size(), 1U);
}

TEST_F(TimerWheelTest, ATimerArmedWhileFiringFiresAtItsOwnTime) {
  const auto one = probe();
  int left = 3;
  one->also = [&] {
    if (--left > 0) arm(*one, milliseconds(300));
  };
  arm(*one, milliseconds(100));

  for (int i = 0; i < 20; ++i) advance(milliseconds(100));

  ASSERT_EQ(fired_.size(), 3U);
  EXPECT_GE(fired_[1] - fired_[0], milliseconds(300));
  EXPECT_GE(fired_[2] - fired_[1], milliseconds(300));
}

TEST_F(TimerWheelTest, WhoFiresMayArmDisarmAndDestroyItsNeighbours) {
  // given three timers of one slot
  const auto first = probe();
  auto doomed = probe();
  const auto hushed = probe();
  const auto moved = probe();
  first->also = [&] {
    doomed.reset();
    hushed->timer.disarm();
    arm(*moved, milliseconds(500));
  };
  for (Probe* each : {first.get(), doomed.get(), hushed.get(), moved.get()}) {
    arm(*each, milliseconds(100));
  }

  advance(milliseconds(200));
  EXPECT_EQ(fired_.size(), 1U);

  advance(milliseconds(700));
  EXPECT_EQ(fired_.size(), 2U);
}

TEST_F(TimerWheelTest, ALongPauseLosesNothing) {
  // given timers all over the wheel, and one that is still far away
  std::vector<std::unique_ptr<Probe>> many;
  for (int i = 1; i <= 500; ++i) {
    many.push_back(probe());
    arm(*many.back(), seconds(i));
  }
  const auto far = probe();
  arm(*far, hours(3));

  // when the machine slept for an hour
  advance(hours(1));

  // then all that was due fired, the rest later
  EXPECT_EQ(fired_.size(), 500U);
  advance(hours(2));
  EXPECT_EQ(fired_.size(), 501U);
}

TEST_F(TimerWheelTest, TheNextTickIsNeverInThePast) {
  for (int i = 0; i < 100; ++i) {
    advance(milliseconds(37));
    EXPECT_GT(wheel_.next_tick(), now_);
    EXPECT_LE(wheel_.next_tick() - now_, TimerWheel::tick);
  }
  advance(hours(30));
  EXPECT_GT(wheel_.next_tick(), now_);
}

}  // namespace
}  // namespace sluice::net

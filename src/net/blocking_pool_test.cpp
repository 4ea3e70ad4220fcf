#include "net/blocking_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>

#include "net/testing.hpp"

namespace sluice::net {
namespace {

using testing::ManualLoop;
using Bounds = BlockingPool::Bounds;
using Outcome = BlockingPool::Outcome<int>;

/// Work that holds a thread until it is let go.
struct Held {
  std::latch begun{1};
  std::latch let_go{1};
  std::function<int()> work = [this] {
    begun.count_down();
    let_go.wait();
    return 7;
  };
};

TEST(BlockingPool, GivesWhatTheWorkGaveOnTheLoopsOwnThread) {
  ManualLoop bench;
  BlockingPool pool(2);
  std::atomic<std::thread::id> where;
  std::function<int()> work = [&] {
    where = std::this_thread::get_id();
    return 42;
  };

  const Outcome outcome = bench.run(pool.run<int>(bench.loop, bench.timer, work, Bounds{}));

  EXPECT_EQ(outcome.wake, Wake::signalled);
  EXPECT_EQ(outcome.value, 42);
  EXPECT_NE(where.load(), std::this_thread::get_id());
}

TEST(BlockingPool, AWaitEndsAtItsDeadlineWhileTheWorkGoesOn) {
  ManualLoop bench;
  Held held;
  BlockingPool pool(1);
  const Bounds bounds{.deadline = bench.loop.now() + Milliseconds(500)};
  std::optional<Outcome> outcome;
  bench.start(pool.run<int>(bench.loop, bench.timer, held.work, bounds), outcome);
  held.begun.wait();

  bench.pass(Milliseconds(600));

  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->wake, Wake::timeout);
  EXPECT_FALSE(outcome->value);
  held.let_go.count_down();  // what comes now concerns nobody
  bench.settle();
}

TEST(BlockingPool, AWaitEndsWhenTheWatchedPeerLeaves) {
  ManualLoop bench;
  Held held;
  BlockingPool pool(1);
  testing::Pair pair = testing::unix_pair();
  Descriptor client;
  ASSERT_TRUE(client.open(bench.loop, pair.near.release()));
  std::optional<Outcome> outcome;
  bench.start(pool.run<int>(bench.loop, bench.timer, held.work, Bounds{.gone = &client}), outcome);

  pair.far.close();
  bench.until([&] { return outcome.has_value(); });

  EXPECT_EQ(outcome->wake, Wake::gone);
  held.let_go.count_down();
}

TEST(BlockingPool, ADestroyedWaitHearsNothingOfTheAnswer) {
  ManualLoop bench;
  Held held;
  BlockingPool pool(1);
  std::optional<Outcome> outcome;
  bench.start(pool.run<int>(bench.loop, bench.timer, held.work, Bounds{}), outcome);
  held.begun.wait();
  bench.tasks.clear();
  held.let_go.count_down();
  // A second question goes through the same thread: by its answer the first one's has been handled.
  std::function<int()> next = [] { return 1; };
  EXPECT_EQ(bench.run(pool.run<int>(bench.loop, bench.timer, next, Bounds{})).value, 1);
  EXPECT_FALSE(outcome);
}

TEST(BlockingPool, WorkThatNobodyWaitsForAnyMoreIsNotBegun) {
  ManualLoop bench;
  Held held;
  BlockingPool pool(1);
  Timer timers[2];
  std::optional<Outcome> first;
  bench.start(pool.run<int>(bench.loop, timers[0], held.work, Bounds{}), first);
  held.begun.wait();
  // given a question behind a thread that hangs, given up by who asked
  std::atomic<bool> ran = false;
  std::function<int()> work = [&] {
    ran = true;
    return 0;
  };
  const Bounds bounds{.deadline = bench.loop.now() + Milliseconds(100)};
  std::optional<Outcome> second;
  bench.start(pool.run<int>(bench.loop, timers[1], work, bounds), second);
  bench.pass(Milliseconds(200));
  EXPECT_EQ(second->wake, Wake::timeout);

  // when the thread is free again
  held.let_go.count_down();
  std::function<int()> next = [] { return 1; };
  EXPECT_EQ(bench.run(pool.run<int>(bench.loop, bench.timer, next, Bounds{})).value, 1);

  EXPECT_FALSE(ran);
}

TEST(BlockingPool, SaysSoWhenItsQueueIsFull) {
  ManualLoop bench;
  Held held;
  BlockingPool pool(1);
  std::optional<Outcome> first;
  Timer timer;
  bench.start(pool.run<int>(bench.loop, timer, held.work, Bounds{}), first);
  held.begun.wait();
  std::vector<std::optional<Outcome>> outcomes(BlockingPool::queue_max + 1);
  std::vector<Timer> timers(outcomes.size());
  std::function<int()> work = [] { return 1; };
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    bench.start(pool.run<int>(bench.loop, timers[i], work, Bounds{}), outcomes[i]);
  }
  ASSERT_TRUE(outcomes.back());
  EXPECT_EQ(outcomes.back()->wake, Wake::none);
  EXPECT_FALSE(outcomes.front());
  held.let_go.count_down();
  bench.until([&] { return outcomes[BlockingPool::queue_max - 1].has_value(); });
}

TEST(BlockingPool, EndsWithWhatRunsAndDropsTheRest) {
  ManualLoop bench;
  Held held;
  std::atomic<bool> ran = false;
  Timer timers[2];
  std::optional<Outcome> outcomes[2];
  std::function<int()> work = [&] {
    ran = true;
    return 1;
  };
  {
    BlockingPool pool(1);
    bench.start(pool.run<int>(bench.loop, timers[0], held.work, Bounds{}), outcomes[0]);
    held.begun.wait();
    bench.start(pool.run<int>(bench.loop, timers[1], work, Bounds{}), outcomes[1]);
    pool.stop_soon();
    held.let_go.count_down();
  }
  bench.settle();
  EXPECT_TRUE(outcomes[0]);
  EXPECT_FALSE(outcomes[1]);
  EXPECT_FALSE(ran);
  bench.tasks.clear();
}

}  // namespace
}  // namespace sluice::net

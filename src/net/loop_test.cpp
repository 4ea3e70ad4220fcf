#include "net/loop.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "net/testing.hpp"

namespace sluice::net {
namespace {

using testing::Fd;
using testing::ManualLoop;
using testing::Pair;
using testing::tcp_pair;
using testing::unix_pair;

/// One wait as a task.
Task<Wake> wait_for(ManualLoop& bench, Timer& timer, WaitFor what) {
  co_return co_await Wait(bench.loop, timer, what);
}
Task<Wake> wait_for(ManualLoop& bench, WaitFor what) { return wait_for(bench, bench.timer, what); }

/// A descriptor that has nothing to read and no room to write, so that waits truly wait.
struct Quiet {
  Pair pair = unix_pair();
  Descriptor descriptor;
  explicit Quiet(Loop& loop) {
    EXPECT_TRUE(descriptor.open(loop, pair.near.release()));
    descriptor.readable = descriptor.writable = false;
  }
};

TEST(Loop, ResumesAReaderWhenBytesCome) {
  ManualLoop bench;
  Quiet quiet(bench.loop);
  bench.settle();
  std::optional<Wake> wake;
  bench.start(wait_for(bench, {.read = &quiet.descriptor}), wake);
  bench.settle();
  EXPECT_FALSE(wake);

  quiet.pair.far.send("x");
  bench.until([&] { return wake.has_value(); });

  EXPECT_EQ(wake, Wake::readable);
  EXPECT_FALSE(quiet.descriptor.gone);
}

TEST(Loop, AnEdgeThatCameBeforeTheWaitIsNotLost) {
  ManualLoop bench;
  Quiet quiet(bench.loop);
  bench.settle();
  quiet.pair.far.send("x");
  bench.until([&] { return quiet.descriptor.readable; });

  EXPECT_EQ(bench.run(wait_for(bench, {.read = &quiet.descriptor})), Wake::readable);
}

TEST(Loop, ThePeersFinMakesReadableAndGone) {
  ManualLoop bench;
  Quiet quiet(bench.loop);
  bench.settle();
  std::optional<Wake> wake;
  bench.start(wait_for(bench, {.gone = &quiet.descriptor}), wake);
  quiet.pair.far.send("rest");  // bytes alone don't end that wait
  bench.settle();
  EXPECT_FALSE(wake);

  ::shutdown(quiet.pair.far.get(), SHUT_WR);
  bench.until([&] { return wake.has_value(); });

  EXPECT_EQ(wake, Wake::gone);
  EXPECT_TRUE(quiet.descriptor.readable);
}

TEST(Loop, AResetWakesAWriterToo) {
  ManualLoop bench;
  Pair pair = tcp_pair();
  Descriptor descriptor;
  ASSERT_TRUE(descriptor.open(bench.loop, pair.near.release()));
  bench.settle();
  descriptor.writable = false;
  std::optional<Wake> wake;
  bench.start(wait_for(bench, {.write = &descriptor}), wake);

  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(pair.far.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  pair.far.close();
  bench.until([&] { return wake.has_value(); });

  EXPECT_EQ(wake, Wake::writable);
  EXPECT_TRUE(descriptor.gone);
}

TEST(Wait, ConditionsThatHoldAlreadyEndItInAFixedOrder) {
  ManualLoop bench;
  Quiet quiet(bench.loop);
  Descriptor& descriptor = quiet.descriptor;
  Signal signal;
  signal.fire();
  descriptor.readable = descriptor.writable = descriptor.gone = true;
  const WaitFor all{.read = &descriptor,
                    .write = &descriptor,
                    .gone = &descriptor,
                    .signal = &signal,
                    .deadline = bench.loop.now()};

  EXPECT_EQ(bench.run(wait_for(bench, all)), Wake::signalled);
  signal.reset();
  EXPECT_EQ(bench.run(wait_for(bench, all)), Wake::readable);
  descriptor.readable = false;
  EXPECT_EQ(bench.run(wait_for(bench, all)), Wake::writable);
  descriptor.writable = false;
  EXPECT_EQ(bench.run(wait_for(bench, all)), Wake::gone);
  descriptor.gone = false;
  EXPECT_EQ(bench.run(wait_for(bench, all)), Wake::timeout);
}

TEST(Wait, TimesOutNeverEarlyAndAtMostATickLate) {
  ManualLoop bench;
  Quiet quiet(bench.loop);
  const TimePoint deadline = bench.loop.now() + Milliseconds(1234);
  std::optional<Wake> wake;
  bench.start(wait_for(bench, {.read = &quiet.descriptor, .deadline = deadline}), wake);

  while (!wake && bench.clock.now() < deadline + std::chrono::seconds(1)) {
    bench.pass(Milliseconds(7));
    if (bench.clock.now() < deadline) {
      ASSERT_FALSE(wake);
    }
  }

  EXPECT_EQ(wake, Wake::timeout);
  EXPECT_LE(bench.clock.now() - deadline, TimerWheel::tick + Milliseconds(7));
}

TEST(Wait, OneTimerServesManyWaitsInTurn) {
  ManualLoop bench;
  Quiet quiet(bench.loop);
  int timeouts = 0;
  const auto work = [&]() -> Task<void> {
    for (int i = 0; i < 5; ++i) {
      const WaitFor what{.read = &quiet.descriptor,
                         .deadline = bench.loop.now() + std::chrono::seconds(5 - i)};
      if (co_await Wait(bench.loop, bench.timer, what) == Wake::timeout) ++timeouts;
    }
  };
  bench.tasks.start(work());

  for (int i = 0; i < 200; ++i) bench.pass(Milliseconds(100));

  EXPECT_EQ(timeouts, 5);
}

TEST(Wait, DestroyingASuspendedCoroutineDetachesEveryWaiter) {
  ManualLoop bench;
  Quiet quiet(bench.loop);
  Signal signal;
  bool resumed = false;
  const auto work = [&]() -> Task<void> {
    const WaitFor what{.read = &quiet.descriptor,
                       .write = &quiet.descriptor,
                       .gone = &quiet.descriptor,
                       .signal = &signal,
                       .deadline = bench.loop.now() + Milliseconds(100)};
    co_await Wait(bench.loop, bench.timer, what);
    resumed = true;
  };
  bench.settle();
  quiet.descriptor.readable = quiet.descriptor.writable = false;
  bench.tasks.start(work());

  bench.tasks.clear();
  quiet.pair.far.send("x");
  quiet.pair.far.close();
  signal.fire();
  bench.pass(std::chrono::seconds(1));

  EXPECT_FALSE(resumed);
  EXPECT_FALSE(bench.timer.armed());
}

TEST(Wait, TheFirstSourceWinsAndTheOthersLetGo) {
  ManualLoop bench;
  Quiet quiet(bench.loop);
  bench.settle();
  quiet.descriptor.readable = quiet.descriptor.writable = false;
  Signal signal;
  std::vector<Wake> wakes;
  const auto work = [&]() -> Task<void> {
    const WaitFor what{.read = &quiet.descriptor, .signal = &signal};
    wakes.push_back(co_await Wait(bench.loop, bench.timer, what));
  };
  bench.tasks.start(work());
  signal.fire();
  EXPECT_EQ(bench.tasks.size(), 0U);

  quiet.pair.far.send("x");
  bench.settle();

  EXPECT_EQ(wakes, (std::vector{Wake::signalled}));
}

TEST(Loop, WhoIsResumedMayDestroyItsOwnDescriptor) {
  ManualLoop bench;
  auto quiet = std::make_unique<Quiet>(bench.loop);
  bench.settle();
  quiet->descriptor.readable = quiet->descriptor.writable = false;
  const auto work = [&]() -> Task<void> {
    const WaitFor what{.read = &quiet->descriptor};
    co_await Wait(bench.loop, bench.timer, what);
    quiet.reset();
  };
  bench.tasks.start(work());
  quiet->pair.far.send("x");
  bench.until([&] { return quiet == nullptr; });
}

TEST(Loop, AnEventOfAFormerOwnerOfTheNumberIsNotTakenForTheNewOnes) {
  ManualLoop bench;
  Quiet first(bench.loop);
  auto second = std::make_unique<Quiet>(bench.loop);
  Pair fresh = unix_pair();
  Descriptor replacement;
  bool checked = false;
  bench.settle();
  first.descriptor.readable = second->descriptor.readable = false;
  // given two events in one batch, of which the first closes the second's descriptor and opens another of that number
  const auto work = [&]() -> Task<void> {
    const WaitFor what{.read = &first.descriptor};
    co_await Wait(bench.loop, bench.timer, what);
    const int number = second->descriptor.fd();
    second->descriptor.close();
    EXPECT_EQ(::dup3(fresh.near.get(), number, O_CLOEXEC), number);
    EXPECT_TRUE(replacement.open(bench.loop, number));
    replacement.readable = replacement.writable = false;
    checked = true;
  };
  bench.tasks.start(work());
  first.pair.far.send("x");
  second->pair.far.send("x");

  // when that batch is handled
  while (!checked) bench.loop.turn(Milliseconds(5));

  // then the new owner heard nothing of it
  EXPECT_FALSE(replacement.readable);
  EXPECT_FALSE(replacement.gone);
}

TEST(Loop, RefusesWhatEpollCannotWatchAndClosesIt) {
  ManualLoop bench;
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  Descriptor descriptor;

  const Status opened = descriptor.open(bench.loop, file);

  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::io);
  EXPECT_FALSE(descriptor.is_open());
  EXPECT_LT(::fcntl(file, F_GETFD), 0);
}

TEST(Loop, CallsTheTickOnceHoweverLongThePauseWas) {
  ManualLoop bench;
  int ticks = 0;
  bench.loop.on_tick = [&] { ++ticks; };
  bench.pass(Milliseconds(99));
  EXPECT_EQ(ticks, 0);
  bench.pass(Milliseconds(1));
  EXPECT_EQ(ticks, 1);
  bench.pass(std::chrono::hours(2));
  EXPECT_EQ(ticks, 2);
}

TEST(Loop, WorkPostedFromOtherThreadsRunsOnItsOwnEachThreadsInOrder) {
  SystemClock clock;
  Loop loop(clock);
  std::vector<int> seen[2];
  std::thread::id where;
  std::thread owner([&] {
    where = std::this_thread::get_id();
    loop.run();
  });
  std::vector<std::thread> threads;
  std::atomic<bool> foreign{false};
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 1000; ++i) {
        loop.post([&, t, i] {
          seen[t].push_back(i);
          if (std::this_thread::get_id() != where) foreign = true;
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  loop.stop();
  owner.join();

  EXPECT_FALSE(foreign);
  for (const auto& one : seen) {
    ASSERT_EQ(one.size(), 1000U);
    EXPECT_TRUE(std::is_sorted(one.begin(), one.end()));
  }
}

TEST(Loop, WorkThatPostsMoreDoesNotKeepTheLoopFromItsDescriptors) {
  ManualLoop bench;
  int rounds = 0;
  std::function<void()> again = [&] {
    ++rounds;
    bench.loop.post(again);
  };
  bench.loop.post(again);
  bench.settle();
  EXPECT_EQ(rounds, 4);  // one a turn
}

TEST(Breathe, LetsTheOthersGoFirst) {
  ManualLoop bench;
  std::string order;
  const auto runner = [&](char name) -> Task<void> {
    for (int i = 0; i < 3; ++i) {
      order += name;
      co_await Breathe(bench.loop);
    }
  };
  TaskSet tasks;
  tasks.start(runner('a'));
  tasks.start(runner('b'));
  bench.settle();
  EXPECT_EQ(order, "ababab");
  EXPECT_EQ(tasks.size(), 0U);
}

TEST(Breathe, MayBeDestroyedMeanwhile) {
  ManualLoop bench;
  bool resumed = false;
  const auto runner = [&]() -> Task<void> {
    co_await Breathe(bench.loop);
    resumed = true;
  };
  {
    TaskSet tasks;
    tasks.start(runner());
  }
  bench.settle();
  EXPECT_FALSE(resumed);
}

TEST(Loop, AStopBeforeTheRunEndsIt) {
  SystemClock clock;
  Loop loop(clock);
  loop.stop();
  loop.run();
}

}  // namespace
}  // namespace sluice::net

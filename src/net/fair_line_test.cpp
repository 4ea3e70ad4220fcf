#include "net/fair_line.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/testing.hpp"

namespace sluice::net {
namespace {

using testing::ManualLoop;
using Party = FairLine::Party;
using namespace std::chrono_literals;

/// What is waited for: so many of a thing. A lease gives one back and tells the line.
class Things {
 public:
  class Lease {
   public:
    Lease() = default;
    explicit Lease(Things& things) : things_(&things) {}
    Lease(Lease&& other) noexcept : things_(std::exchange(other.things_, nullptr)) {}
    Lease& operator=(Lease&& other) noexcept {
      std::swap(things_, other.things_);
      return *this;
    }
    ~Lease() {
      if (things_ != nullptr) things_->give_back();
    }
    explicit operator bool() const { return things_ != nullptr; }

   private:
    Things* things_ = nullptr;
  };

  Things(FairLine& line, int cap) : line_(line), free_(cap), cap_(cap) {}
  [[nodiscard]] Lease take() {
    int free = free_.load();
    while (free > 0 && !free_.compare_exchange_weak(free, free - 1)) continue;
    return free > 0 ? Lease(*this) : Lease();
  }
  [[nodiscard]] bool all_back() const { return free_.load() == cap_; }

 private:
  void give_back() {
    ++free_;
    line_.notify();
  }
  FairLine& line_;
  std::atomic<int> free_;
  int cap_;
};

/// One who waits, and what it got.
struct Waiting {
  Waiting(FairLine& line, Loop& loop, Party party, Things& things)
      : place(std::in_place, line, loop, party, [this, &things] {
          ++asked;
          lease = things.take();
          return static_cast<bool>(lease);
        }) {}

  int asked = 0;
  Things::Lease lease;
  std::optional<FairLine::Place> place;
};

struct FairLineTest : ::testing::Test {
  ManualLoop bench;
  FairLine line{bench.clock};

  std::unique_ptr<Waiting> wait(Things& things, Party party = {.id = 1}) {
    return std::make_unique<Waiting>(line, bench.loop, party, things);
  }
  /// Gives `lease` back, and lets the news arrive.
  void give_back(Things::Lease& lease) {
    lease = Things::Lease();
    bench.settle();
  }
};

TEST_F(FairLineTest, ServesOnePartyInTheOrderOfComing) {
  Things things(line, 1);
  auto held = things.take();
  std::vector<std::unique_ptr<Waiting>> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(wait(things));

  give_back(held);
  EXPECT_TRUE(waiting[0]->place->granted());
  EXPECT_FALSE(waiting[1]->place->granted());
  give_back(waiting[0]->lease);
  EXPECT_TRUE(waiting[1]->place->granted());
  EXPECT_FALSE(waiting[2]->place->granted());
  give_back(waiting[1]->lease);
  EXPECT_TRUE(waiting[2]->place->granted());
  EXPECT_FALSE(line.has_waiters());
}

TEST_F(FairLineTest, GrantsAtOnceWhatIsFree) {
  Things things(line, 1);
  const auto waiting = wait(things);
  EXPECT_TRUE(waiting->place->joined());
  EXPECT_TRUE(waiting->place->granted());
  EXPECT_TRUE(waiting->place->signal().fired());
  EXPECT_FALSE(line.has_waiters());
}

TEST_F(FairLineTest, ANewcomerDoesNotGetWhatSomebodyInFrontCanUse) {
  int free = 0;
  const auto take = [&] { return free > 0 && free-- > 0; };
  FairLine::Place first(line, bench.loop, {.id = 1}, take);
  free = 1;  // and nobody has been told yet
  FairLine::Place newcomer(line, bench.loop, {.id = 2, .weight = 1000}, take);
  bench.settle();
  EXPECT_TRUE(first.granted());
  EXPECT_FALSE(newcomer.granted());
}

TEST_F(FairLineTest, OneNoticeServesAllWhomItCan) {
  int free = 0;
  const auto take = [&] { return free > 0 && free-- > 0; };
  FairLine::Place a(line, bench.loop, {.id = 1}, take);
  FairLine::Place b(line, bench.loop, {.id = 1}, take);
  FairLine::Place c(line, bench.loop, {.id = 2}, take);
  free = 2;
  line.notify();
  bench.settle();
  EXPECT_TRUE(a.granted());
  EXPECT_FALSE(b.granted());
  EXPECT_TRUE(c.granted());  // the other party's turn
}

TEST_F(FairLineTest, ServesPartiesByWeight) {
  Things things(line, 1);
  auto lease = things.take();
  std::map<std::uint64_t, std::vector<std::unique_ptr<Waiting>>> waiting;
  for (int i = 0; i < 400; ++i) {
    for (const std::uint64_t id : {1U, 3U}) {
      waiting[id].push_back(wait(things, {.id = id, .weight = static_cast<int>(id)}));
    }
  }
  std::map<std::uint64_t, std::size_t> served;
  for (int i = 1; i <= 400; ++i) {
    give_back(lease);
    for (const std::uint64_t id : {1U, 3U}) {
      auto& next = *waiting[id][served[id]];
      if (!next.place->granted()) continue;
      lease = std::move(next.lease);
      ++served[id];
    }
    ASSERT_EQ(served[1] + served[3], static_cast<std::size_t>(i));
    // At no time far from its share.
    ASSERT_NEAR(static_cast<double>(served[3]), 0.75 * i, 1.0);
  }
  EXPECT_EQ(served[1], 100U);
  EXPECT_EQ(served[3], 300U);
}

TEST_F(FairLineTest, WhoWasIdleGetsNoMoreThanItsShareAfterwards) {
  Things things(line, 1);
  auto lease = things.take();
  std::vector<std::unique_ptr<Waiting>> busy;
  for (int i = 0; i < 100; ++i) busy.push_back(wait(things, {.id = 1}));
  std::size_t next = 0;
  for (; next < 50; ++next) {
    give_back(lease);
    lease = std::move(busy[next]->lease);
  }
  std::vector<std::unique_ptr<Waiting>> late;
  for (int i = 0; i < 10; ++i) late.push_back(wait(things, {.id = 2}));

  std::size_t late_served = 0;
  for (int i = 0; i < 10; ++i) {
    give_back(lease);
    auto& one = busy[next]->place->granted() ? *busy[next++] : *late[late_served++];
    lease = std::move(one.lease);
    ASSERT_TRUE(lease);
  }
  EXPECT_EQ(late_served, 5U);
}

TEST_F(FairLineTest, LeavingAndComingBackGainsNothing) {
  Things things(line, 1);
  auto lease = things.take();
  std::vector<std::unique_ptr<Waiting>> steady;
  for (int i = 0; i < 20; ++i) steady.push_back(wait(things, {.id = 1, .weight = 3}));
  // Has one place at a time, and takes the next when it was served.
  auto hasty = wait(things, {.id = 2});
  std::size_t next = 0;
  int hasty_served = 0;
  for (int i = 0; i < 16; ++i) {
    give_back(lease);
    if (hasty->place->granted()) {
      ++hasty_served;
      lease = std::move(hasty->lease);
      hasty = wait(things, {.id = 2});
    } else {
      lease = std::move(steady[next++]->lease);
    }
    ASSERT_TRUE(lease);
  }
  EXPECT_EQ(hasty_served, 4);
}

TEST_F(FairLineTest, PassesOverWhoCannotBeServed) {
  Things rare(line, 0);
  Things common(line, 1);
  auto held = common.take();
  const auto first = wait(rare);
  const auto second = wait(common);
  const auto other = wait(common, {.id = 2});

  give_back(held);
  EXPECT_FALSE(first->place->granted());
  EXPECT_TRUE(second->place->granted());  // of the same party, but it needs something else
  give_back(second->lease);
  EXPECT_TRUE(other->place->granted());
}

TEST_F(FairLineTest, WhoCouldNotBeServedForLongGetsOneAheadAndNotABurst) {
  int free = 0;
  bool open = false;  // to party 2
  std::string order;
  std::vector<std::unique_ptr<FairLine::Place>> places;
  for (int i = 0; i < 40; ++i) {
    const std::uint64_t id = i < 10 ? 2 : 1;
    places.push_back(std::make_unique<FairLine::Place>(line, bench.loop, Party{.id = id}, [&, id] {
      if (free == 0 || (id == 2 && !open)) return false;
      --free;
      order += static_cast<char>('0' + id);
      return true;
    }));
  }
  const auto free_one = [&] {
    free = 1;
    line.notify();
  };
  for (int i = 0; i < 20; ++i) free_one();
  ASSERT_EQ(order, std::string(20, '1'));

  open = true;
  for (int i = 0; i < 6; ++i) free_one();
  EXPECT_EQ(order.substr(20), "212121");
}

TEST_F(FairLineTest, WhoLeavesIsNotAskedAnyMore) {
  Things things(line, 1);
  auto held = things.take();
  const auto gone = wait(things);
  const auto stays = wait(things);
  gone->place.reset();
  const int asked = gone->asked;

  give_back(held);
  EXPECT_EQ(gone->asked, asked);
  EXPECT_TRUE(stays->place->granted());
}

TEST_F(FairLineTest, WhoLeavesBetweenTheGrantAndItsNewsGivesBackWhatWasTaken) {
  Things things(line, 1);
  auto held = things.take();
  auto leaves = wait(things);
  const auto next = wait(things);
  held = Things::Lease();  // granted; the news is on its way
  EXPECT_TRUE(leaves->lease);
  EXPECT_FALSE(leaves->place->granted());

  leaves.reset();
  bench.settle();
  EXPECT_TRUE(next->place->granted());
  next->lease = Things::Lease();
  EXPECT_TRUE(things.all_back());
}

TEST_F(FairLineTest, LeavingAfterTheGrantIsNothingToTheLine) {
  Things things(line, 1);
  auto held = things.take();
  const auto waiting = wait(things);
  give_back(held);
  ASSERT_TRUE(waiting->place->granted());
  waiting->place.reset();
  EXPECT_TRUE(waiting->lease);
  EXPECT_FALSE(line.has_waiters());
}

TEST_F(FairLineTest, WakesTheCoroutineThatWaits) {
  Things things(line, 1);
  auto held = things.take();
  std::optional<Wake> wake;
  const auto work = [&]() -> Task<Wake> {
    Waiting waiting(line, bench.loop, {.id = 1}, things);
    const WaitFor what{.signal = &waiting.place->signal(), .deadline = bench.clock.now() + 5s};
    co_return co_await Wait(bench.loop, bench.timer, what);
  };
  bench.start(work(), wake);
  std::thread other([&] { held = Things::Lease(); });
  bench.until([&] { return wake.has_value(); });
  other.join();
  EXPECT_EQ(wake, Wake::signalled);
  EXPECT_TRUE(things.all_back());
}

TEST_F(FairLineTest, ATakeMayGiveBackWhatItTookInVain) {
  Things first(line, 1);
  Things second(line, 1);
  auto held = second.take();
  Things::Lease one;
  Things::Lease two;
  int asked = 0;
  FairLine::Place place(line, bench.loop, {.id = 1}, [&] {
    ++asked;
    auto taken = first.take();  // goes back, and tells the line, when there is no second
    two = second.take();
    if (!two) return false;
    one = std::move(taken);
    return true;
  });
  line.notify();
  bench.settle();
  EXPECT_EQ(asked, 2);  // what a failed take gives back is no reason to ask again
  give_back(held);
  EXPECT_TRUE(place.granted());
}

TEST_F(FairLineTest, WhatASuccessfulTakeGivesBackGoesToWhomItConcerns) {
  Things small(line, 1);
  Things large(line, 1);
  auto held = large.take();
  auto small_one = small.take();
  const auto wants_small = wait(small);
  Things::Lease large_one;
  FairLine::Place place(line, bench.loop, {.id = 2}, [&] {
    large_one = large.take();
    if (!large_one) return false;
    small_one = Things::Lease();
    return true;
  });
  give_back(held);
  EXPECT_TRUE(place.granted());
  EXPECT_TRUE(wants_small->place->granted());
}

TEST_F(FairLineTest, AsksABoundedNumberAtOnceAndTheRestSoon) {
  std::vector<std::unique_ptr<FairLine::Place>> places;
  int asked = 0;
  bool open = false;
  const auto in_vain = [&] {
    ++asked;
    return false;
  };
  for (int i = 0; i < 1000; ++i) {
    places.push_back(std::make_unique<FairLine::Place>(line, bench.loop, Party{.id = 1}, in_vain));
  }
  FairLine::Place last(line, bench.loop, {.id = 1}, [&] { return open; });
  bench.settle();

  open = true;
  asked = 0;
  line.notify();
  EXPECT_EQ(asked, FairLine::asked_max);
  bench.settle();
  EXPECT_TRUE(last.granted());
  bench.settle();
  EXPECT_EQ(asked, 1000);  // each of them once
}

TEST_F(FairLineTest, NoticesThatComeThickAndFastDoNotKeepTheRearFromBeingAsked) {
  std::vector<std::unique_ptr<FairLine::Place>> places;
  bool open = false;
  for (int i = 0; i < 1000; ++i) {
    places.push_back(
        std::make_unique<FairLine::Place>(line, bench.loop, Party{.id = 1}, [] { return false; }));
  }
  FairLine::Place last(line, bench.loop, {.id = 1}, [&] { return open; });
  open = true;
  const int half = FairLine::asked_max / 2;
  for (int i = 0; i < 1000 / half + 1; ++i) line.notify();  // nothing runs in between
  bench.settle();
  EXPECT_TRUE(last.granted());
}

TEST_F(FairLineTest, ThoseOfOneNeedAreAskedUntilOneIsRefused) {
  int free = 0;
  int asked = 0;
  const auto take = [&] {
    ++asked;
    return free > 0 && free-- > 0;
  };
  constexpr FairLine::Need one = 1;
  constexpr FairLine::Need other = 2;
  std::vector<std::unique_ptr<FairLine::Place>> places;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    places.push_back(
        std::make_unique<FairLine::Place>(line, bench.loop, Party{.id = i % 10}, take, one));
  }
  EXPECT_EQ(asked, 1000);  // for each newcomer only who is in front

  bool open = false;
  FairLine::Place last(line, bench.loop, {.id = 1}, [&] { return open; }, other);
  asked = 0;
  free = 2;
  open = true;
  line.notify();
  bench.settle();
  EXPECT_EQ(asked, 3);
  EXPECT_TRUE(places[0]->granted());
  EXPECT_TRUE(places[1]->granted());
  EXPECT_FALSE(places[2]->granted());
  EXPECT_TRUE(last.granted());
}

TEST_F(FairLineTest, IsBounded) {
  std::vector<std::unique_ptr<FairLine::Place>> places;
  const auto never = [] { return false; };
  for (std::size_t i = 0; i < FairLine::places_max; ++i) {
    places.push_back(
        std::make_unique<FairLine::Place>(line, bench.loop, Party{.id = i % 100}, never));
    ASSERT_TRUE(places.back()->joined());
  }
  int asked = 0;
  const auto counted = [&] {
    ++asked;
    return true;
  };
  EXPECT_FALSE(FairLine::Place(line, bench.loop, Party{.id = 1}, counted).joined());
  EXPECT_EQ(asked, 0);
  places.resize(100);
  EXPECT_TRUE(FairLine::Place(line, bench.loop, Party{.id = 1}, counted).joined());
}

// --- how long it takes --------------------------------------------------------------------------------------------

TEST_F(FairLineTest, KnowsNoWaitBeforeItHasMoved) {
  EXPECT_EQ(line.expected_wait({.id = 1}, bench.clock.now()), std::nullopt);
  Things things(line, 1);
  const auto at_once = wait(things);
  EXPECT_EQ(line.expected_wait({.id = 1}, bench.clock.now()), std::nullopt);
}

TEST_F(FairLineTest, TellsTheWaitFromItsPaceAndWhoIsServedBefore) {
  Things things(line, 1);
  auto lease = things.take();
  std::vector<std::unique_ptr<Waiting>> waiting;
  for (int i = 0; i < 20; ++i) waiting.push_back(wait(things, {.id = 1}));
  for (std::size_t i = 0; i < 10; ++i) {
    bench.clock.advance(2s);
    give_back(lease);
    lease = std::move(waiting[i]->lease);
  }
  const TimePoint now = bench.clock.now();

  // Ten of its own are in front.
  EXPECT_EQ(line.expected_wait({.id = 1}, now), 22s);
  // Who comes anew is served when those have had their next turn.
  EXPECT_EQ(line.expected_wait({.id = 2}, now), 2s);
  const auto other = wait(things, {.id = 2});
  EXPECT_EQ(line.expected_wait({.id = 2}, now), 6s);
  EXPECT_EQ(line.expected_wait({.id = 2, .weight = 1000}, now), 4s);
}

TEST_F(FairLineTest, ALineThatStandsStillIsExpectedToBeSlower) {
  Things things(line, 1);
  auto lease = things.take();
  const auto a = wait(things);
  const auto b = wait(things);
  bench.clock.advance(1s);
  give_back(lease);
  EXPECT_EQ(line.expected_wait({.id = 2}, bench.clock.now() + 1s), 1s);
  EXPECT_EQ(line.expected_wait({.id = 2}, bench.clock.now() + 9s), 2s);
}

// --- many threads -------------------------------------------------------------------------------------------------

/// A loop on a thread of its own, whose coroutines wait, hold and give back, one after the other.
class Worker {
 public:
  Worker(FairLine& line, Things& things, std::atomic<int>& held, int cap)
      : line_(line), things_(things), held_(held), cap_(cap) {}

  void run(int coroutines, int rounds) {
    for (int i = 0; i < coroutines; ++i) tasks_.start(work(i, rounds));
    while (tasks_.size() > 0) loop_.turn(Milliseconds(5));
  }
  int granted = 0;
  int gave_up = 0;
  bool exceeded = false;

 private:
  Task<void> work(int number, int rounds) {
    Timer timer;
    for (int round = 0; round < rounds; ++round) {
      Waiting waiting(line_, loop_,
                      {.id = static_cast<std::uint64_t>(number), .weight = number + 1}, things_);
      // Some lose patience, now and then in the very moment of being granted.
      const bool impatient = (round + number) % 7 == 0;
      const WaitFor what{.signal = &waiting.place->signal(),
                         .deadline = impatient ? loop_.now() + 1ms : time_never};
      co_await Wait(loop_, timer, what);
      waiting.place.reset();
      if (!waiting.lease) {
        ++gave_up;
        continue;
      }
      ++granted;
      if (held_.fetch_add(1) >= cap_) exceeded = true;
      co_await Breathe(loop_);
      held_.fetch_sub(1);
    }
  }

  FairLine& line_;
  Things& things_;
  std::atomic<int>& held_;
  int cap_;
  SystemClock clock_;
  Loop loop_{clock_};
  TaskSet tasks_;
};

TEST(FairLineThreads, NobodyIsLostAndNoCapExceeded) {
  constexpr int cap = 3;
  constexpr int threads = 4;
  constexpr int coroutines = 100;  // more than are asked at once
  constexpr int rounds = 25;
  FairLine line;
  Things things(line, cap);
  std::atomic<int> held = 0;
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < threads; ++i) {
    workers.push_back(std::make_unique<Worker>(line, things, held, cap));
  }

  std::vector<std::thread> running;
  for (auto& worker : workers) running.emplace_back([&] { worker->run(coroutines, rounds); });
  for (auto& thread : running) thread.join();

  int ended = 0;
  for (const auto& worker : workers) {
    ended += worker->granted + worker->gave_up;
    EXPECT_FALSE(worker->exceeded);
    EXPECT_GE(worker->granted, coroutines * rounds * 5 / 7);
  }
  EXPECT_EQ(ended, threads * coroutines * rounds);
  EXPECT_TRUE(things.all_back());
  EXPECT_FALSE(line.has_waiters());
}

}  // namespace
}  // namespace sluice::net

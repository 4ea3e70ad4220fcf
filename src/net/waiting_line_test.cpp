#include "net/waiting_line.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "net/testing.hpp"

namespace sluice::net {
namespace {

using testing::ManualLoop;
using Place = WaitingLine::Place;

TEST(WaitingLine, TellsWhoWaitsFirstComeFirst) {
  ManualLoop bench;
  WaitingLine line;
  std::vector<int> order;
  Timer timers[3];
  const auto work = [&](int number) -> Task<void> {
    Place place(line, bench.loop);
    const WaitFor what{.signal = &place.signal()};
    co_await Wait(bench.loop, timers[number], what);
    order.push_back(number);
  };
  for (int i = 0; i < 3; ++i) bench.tasks.start(work(i));

  line.notify();
  bench.settle();

  EXPECT_EQ(order, (std::vector{0, 1, 2}));
}

TEST(WaitingLine, ANoticeThatComesBeforeTheWaitIsNotLost) {
  ManualLoop bench;
  WaitingLine line;
  Place place(line, bench.loop);
  place.signal().reset();
  line.notify();
  bench.settle();
  EXPECT_TRUE(place.signal().fired());
}

TEST(WaitingLine, WhoLeftIsNotTold) {
  ManualLoop bench;
  WaitingLine line;
  auto place = std::make_unique<Place>(line, bench.loop);
  line.notify();  // on its way
  place.reset();
  bench.settle();
  line.notify();
  bench.settle();
}

TEST(WaitingLine, IsBounded) {
  ManualLoop bench;
  WaitingLine line;
  std::vector<std::unique_ptr<Place>> places;
  for (std::size_t i = 0; i < WaitingLine::places_max; ++i) {
    places.push_back(std::make_unique<Place>(line, bench.loop));
    ASSERT_TRUE(places.back()->joined());
  }
  EXPECT_FALSE(Place(line, bench.loop).joined());
  places.resize(100);  // one leaves, one may come
  EXPECT_TRUE(Place(line, bench.loop).joined());
}

TEST(WaitingLine, IsToldFromAnyThread) {
  ManualLoop bench;
  WaitingLine line;
  std::optional<Wake> wake;
  const auto work = [&]() -> Task<Wake> {
    Place place(line, bench.loop);
    const WaitFor what{.signal = &place.signal()};
    co_return co_await Wait(bench.loop, bench.timer, what);
  };
  bench.start(work(), wake);
  std::thread other([&] { line.notify(); });
  bench.until([&] { return wake.has_value(); });
  other.join();
  EXPECT_EQ(wake, Wake::signalled);
}

}  // namespace
}  // namespace sluice::net

#include "net/wait_any.hpp"

#include <gtest/gtest.h>

#include <array>

#include "net/testing.hpp"

namespace sluice::net {
namespace {

using std::chrono::seconds;
using testing::ManualLoop;

/// Three sockets that take no more, until the test reads at their other ends.
class WaitAnyTest : public ::testing::Test {
 protected:
  WaitAnyTest() {
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      testing::Pair pair = testing::unix_pair();
      const std::string block(65536, 'x');
      while (::send(pair.near.get(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
      }
      far_[i] = std::move(pair.far);
      EXPECT_TRUE(sockets_[i].open(bench_.loop, pair.near.release()));
    }
    testing::Pair client = testing::unix_pair();
    client_far_ = std::move(client.far);
    EXPECT_TRUE(client_.open(bench_.loop, client.near.release()));
    bench_.settle();
    for (Descriptor& socket : sockets_) socket.writable = false;
  }
  void wait() {
    const auto wait = [](WaitAnyTest& self) -> Task<Wake> {
      const TimePoint deadline = self.bench_.loop.now() + seconds(10);
      co_return co_await WaitAnyWritable(self.bench_.loop, self.bench_.timer, self.all_,
                                         &self.client_, deadline);
    };
    bench_.start(wait(*this), woken_);
  }
  void make_room(std::size_t which) {
    while (far_[which].receive().value_or("") != "") {
    }
  }

  ManualLoop bench_;
  std::array<Descriptor, 3> sockets_;
  std::array<testing::Fd, 3> far_;
  Descriptor client_;
  testing::Fd client_far_;
  const std::array<Descriptor*, 3> all_{&sockets_[0], &sockets_[1], &sockets_[2]};
  std::optional<Wake> woken_;
};

TEST_F(WaitAnyTest, AnyOfThemEndsItAtOnce) {
  const TimePoint begin = bench_.clock.now();
  for (std::size_t which = 0; which < sockets_.size(); ++which) {
    woken_.reset();
    wait();
    bench_.settle();
    EXPECT_FALSE(woken_);
    make_room(which);
    bench_.settle();
    ASSERT_TRUE(woken_);
    EXPECT_EQ(*woken_, Wake::writable);
    EXPECT_TRUE(sockets_[which].writable);
    sockets_[which].writable = false;
  }
  EXPECT_EQ(bench_.clock.now(), begin);
}

TEST_F(WaitAnyTest, SeveralAtOnceEndItOnce) {
  wait();
  for (std::size_t which = 0; which < sockets_.size(); ++which) make_room(which);
  bench_.settle();
  EXPECT_EQ(woken_, Wake::writable);
  // and what is so already needs no wait
  woken_.reset();
  wait();
  EXPECT_EQ(woken_, Wake::writable);
}

TEST_F(WaitAnyTest, EndsAtTheDeadline) {
  wait();
  bench_.pass(seconds(9));
  EXPECT_FALSE(woken_);
  bench_.pass(seconds(2));
  EXPECT_EQ(woken_, Wake::timeout);
}

TEST_F(WaitAnyTest, EndsWhenTheClientLeaves) {
  wait();
  client_far_.close();
  bench_.settle();
  EXPECT_EQ(woken_, Wake::gone);
}

TEST_F(WaitAnyTest, WhoStopsWaitingIsForgotten) {
  wait();
  bench_.tasks.clear();
  make_room(1);
  client_far_.close();
  bench_.pass(seconds(20));
  EXPECT_FALSE(woken_);
}

}  // namespace
}  // namespace sluice::net

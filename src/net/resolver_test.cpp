#include "net/resolver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>

#include "net/testing.hpp"

namespace sluice::net {
namespace {

using std::chrono::seconds;
using testing::ManualLoop;

class ResolverTest : public ::testing::Test {
 protected:
  Resolver::Lookup lookup() {
    return [this](const std::string& host) -> Result<Addresses> {
      ++asked_;
      if (hangs_ && host != "quick.test") let_go_.wait();
      if (host == "nowhere.test" || fails_) {
        return fail(Errc::upstream_unreachable, Side::provider, "the name does not resolve");
      }
      return Addresses{*Address::literal("192.0.2.1", 0), *Address::literal("2001:db8::1", 0)};
    };
  }
  Task<Result<Addresses>> resolve(std::string host, TimePoint deadline = time_never,
                                  Descriptor* gone = nullptr) {
    return resolver_.resolve(bench_.loop, bench_.timer, std::move(host), 443, deadline, gone);
  }

  std::atomic<int> asked_ = 0;
  std::atomic<bool> hangs_ = false;
  std::atomic<bool> fails_ = false;
  std::latch let_go_{1};
  ManualLoop bench_;
  BlockingPool pool_{1};
  Resolver resolver_{bench_.clock, pool_, lookup()};
};

TEST_F(ResolverTest, LiteralsNeedNoQuestion) {
  const auto v4 = bench_.run(resolve("127.0.0.1"));
  const auto v6 = bench_.run(resolve("::1"));
  EXPECT_EQ(v4->front().text(), "127.0.0.1:443");
  EXPECT_EQ(v6->front().text(), "[::1]:443");
  EXPECT_EQ(asked_, 0);
}

TEST_F(ResolverTest, AnswersCarryThePortAndAreRememberedForAWhile) {
  for (int i = 0; i < 3; ++i) {
    const auto found = bench_.run(resolve("api.test"));
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ((*found)[1].text(), "[2001:db8::1]:443");
  }
  EXPECT_EQ(asked_, 1);

  bench_.pass(Resolver::fresh_for);
  EXPECT_TRUE(bench_.run(resolve("api.test")));
  EXPECT_EQ(asked_, 2);
}

TEST_F(ResolverTest, AFailureIsToldAndAskedAgainAfterAWhile) {
  for (int i = 0; i < 3; ++i) {
    const auto found = bench_.run(resolve("nowhere.test"));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::upstream_unreachable);
    EXPECT_EQ(asked_, 1);
  }
  bench_.pass(Resolver::failed_for);
  EXPECT_FALSE(bench_.run(resolve("nowhere.test")));
  EXPECT_EQ(asked_, 2);
}

TEST_F(ResolverTest, WhileDnsFailsTheAddressesOfAWhileAgoServe) {
  ASSERT_TRUE(bench_.run(resolve("api.test")));
  fails_ = true;
  bench_.pass(Resolver::fresh_for);

  for (int i = 0; i < 3; ++i) {
    const auto found = bench_.run(resolve("api.test"));
    ASSERT_TRUE(found);
    EXPECT_EQ((*found)[0].text(), "192.0.2.1:443");
  }
  EXPECT_EQ(asked_, 2) << "one question in three seconds";
  bench_.pass(Resolver::failed_for);
  EXPECT_TRUE(bench_.run(resolve("api.test")));
  EXPECT_EQ(asked_, 3);

  // but not for ever
  bench_.pass(Resolver::stale_for);
  EXPECT_FALSE(bench_.run(resolve("api.test")));
}

TEST_F(ResolverTest, WhileDnsIsSilentTheAddressesOfAWhileAgoServeAfterASecond) {
  ASSERT_TRUE(bench_.run(resolve("api.test")));
  hangs_ = true;
  bench_.pass(Resolver::fresh_for);
  std::optional<Result<Addresses>> found;
  bench_.start(resolve("api.test"), found);
  bench_.until([&] { return asked_ == 2; });
  bench_.pass(Resolver::stale_patience - Milliseconds(150));
  EXPECT_FALSE(found);
  bench_.pass(Milliseconds(300));
  ASSERT_TRUE(found);
  EXPECT_TRUE(*found);

  // Whoever comes later doesn't wait for the same question anew.
  std::optional<Result<Addresses>> later;
  bench_.start(resolve("api.test"), later);
  EXPECT_TRUE(later && *later);
  EXPECT_EQ(asked_, 2);
  let_go_.count_down();
}

TEST_F(ResolverTest, ASlowNameHoldsNoOtherUp) {
  hangs_ = true;
  BlockingPool two(2);
  Resolver resolver(bench_.clock, two, lookup());
  std::vector<std::optional<Result<Addresses>>> slow(10);
  std::vector<Timer> timers(slow.size());
  for (std::size_t i = 0; i < slow.size(); ++i) {
    bench_.start(resolver.resolve(bench_.loop, timers[i], "slow.test", 443, time_never, nullptr),
                 slow[i]);
  }
  const auto quick = bench_.run(
      resolver.resolve(bench_.loop, bench_.timer, "quick.test", 443, time_never, nullptr));
  EXPECT_TRUE(quick);
  EXPECT_FALSE(slow.front());

  let_go_.count_down();
  bench_.until([&] {
    return std::all_of(slow.begin(), slow.end(), [](const auto& one) { return one.has_value(); });
  });
  EXPECT_EQ(asked_, 2);
}

TEST_F(ResolverTest, QuestionsNobodyWaitsForAnyMoreAreNotAsked) {
  hangs_ = true;
  std::optional<Result<Addresses>> first;
  bench_.start(resolve("slow.test"), first);
  bench_.until([&] { return asked_ == 1; });
  Timer timer;
  std::optional<Result<Addresses>> second;
  bench_.start(resolver_.resolve(bench_.loop, timer, "other.test", 443,
                                 bench_.loop.now() + seconds(1), nullptr),
               second);
  bench_.pass(seconds(2));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->error().code, Errc::upstream_timeout);

  let_go_.count_down();
  bench_.until([&] { return first.has_value(); });
  EXPECT_TRUE(bench_.run(resolve("quick.test")));
  EXPECT_EQ(asked_, 2);
}

TEST_F(ResolverTest, QuestionsThatWaitForTheSameNameShareOneAnswer) {
  // given a cold name that many ask for at once, and one thread to look it up
  hangs_ = true;
  std::vector<std::optional<Result<Addresses>>> found(20);
  std::vector<Timer> timers(found.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    bench_.start(resolver_.resolve(bench_.loop, timers[i], "api.test", 443, time_never, nullptr),
                 found[i]);
  }
  let_go_.count_down();
  bench_.until([&] { return found.back().has_value(); });

  for (const auto& one : found) EXPECT_TRUE(one && *one);
  EXPECT_EQ(asked_, 1);
}

TEST_F(ResolverTest, GivesUpAtTheDeadlineAndTheLateAnswerServesTheNext) {
  hangs_ = true;
  std::optional<Result<Addresses>> found;
  bench_.start(resolve("api.test", bench_.loop.now() + seconds(1)), found);
  bench_.until([&] { return asked_ == 1; });
  bench_.pass(seconds(2));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->error().code, Errc::upstream_timeout);
  EXPECT_NE(found->error().context.find("connect_timeout_ms"), std::string::npos);

  let_go_.count_down();
  EXPECT_TRUE(bench_.run(resolve("api.test")));
  EXPECT_EQ(asked_, 1);
}

TEST_F(ResolverTest, StopsWaitingWhenTheClientLeaves) {
  hangs_ = true;
  testing::Pair pair = testing::unix_pair();
  Descriptor client;
  ASSERT_TRUE(client.open(bench_.loop, pair.near.release()));
  std::optional<Result<Addresses>> found;
  bench_.start(resolve("api.test", time_never, &client), found);
  pair.far.close();
  bench_.until([&] { return found.has_value(); });
  EXPECT_EQ(found->error().code, Errc::client_gone);
  let_go_.count_down();
}

TEST_F(ResolverTest, ManyNamesDoNotGrowTheMemoryWithoutBound) {
  for (std::size_t i = 0; i < Resolver::names_max + 10; ++i) {
    ASSERT_TRUE(bench_.run(resolve("host" + std::to_string(i) + ".test")));
  }
  const int before = asked_;
  EXPECT_TRUE(bench_.run(resolve("host0.test")));  // forgotten, and found again
  EXPECT_EQ(asked_, before + 1);
}

TEST(Resolver, TheSystemKnowsLocalhostAndTellsOfWhatItDoesNotKnow) {
  const auto local = Resolver::system_lookup("localhost");
  ASSERT_TRUE(local);
  EXPECT_TRUE(local->front().is_loopback());
  const auto bad = Resolver::system_lookup("not a name");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Errc::upstream_unreachable);
  EXPECT_NE(bad.error().context.find("not a name"), std::string::npos);
}

}  // namespace
}  // namespace sluice::net

#include "routing/session_table.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/random.hpp"

namespace sluice::routing {
namespace {

constexpr AccountHash one = 11;
constexpr AccountHash other = 22;
using std::chrono::minutes;

class SessionTableTest : public testing::Test {
 protected:
  [[nodiscard]] AccountHash where(SessionHash session) const {
    const auto place = table_.find(session, clock_.now());
    return place ? place->account : 0;
  }
  int count(AccountHash account) { return table_.count_of(account).load(); }

  ManualClock clock_;
  SessionTable table_;
};

TEST_F(SessionTableTest, KnowsWhereAConversationIsAndSinceWhen) {
  EXPECT_FALSE(table_.find(1, clock_.now()));
  table_.put(1, one, clock_.now());
  const TimePoint then = clock_.now();
  clock_.advance(minutes(3));
  const auto place = table_.find(1, clock_.now());
  ASSERT_TRUE(place);
  EXPECT_EQ(place->account, one);
  EXPECT_EQ(place->last_used, then);
}

TEST_F(SessionTableTest, CountsWhatEachAccountHas) {
  table_.put(1, one, clock_.now());
  table_.put(2, one, clock_.now());
  table_.put(2, one, clock_.now());
  EXPECT_EQ(count(one), 2);
  table_.put(2, other, clock_.now());
  EXPECT_EQ(count(one), 1);
  EXPECT_EQ(count(other), 1);
}

TEST_F(SessionTableTest, AnExpectedPlaceCountsButMovesNobody) {
  table_.expect(1, one, clock_.now());
  EXPECT_EQ(count(one), 1);
  table_.expect(1, other, clock_.now());
  EXPECT_EQ(where(1), one);
  EXPECT_EQ(count(other), 0);
}

TEST_F(SessionTableTest, NoConversationIsNoEntry) {
  table_.put(0, one, clock_.now());
  table_.expect(0, one, clock_.now());
  EXPECT_EQ(count(one), 0);
  EXPECT_EQ(where(0), 0U);
}

TEST_F(SessionTableTest, ForgetsThoseThatWereIdleForLong) {
  table_.put(1, one, clock_.now());
  clock_.advance(SessionTable::kept_for - minutes(1));
  EXPECT_EQ(where(1), one);
  clock_.advance(minutes(1));
  EXPECT_EQ(where(1), 0U);
  table_.expect(2, other, clock_.now());  // of the same shard: clears the first away
  EXPECT_EQ(count(one), 0);
  EXPECT_EQ(count(other), 1);
}

TEST_F(SessionTableTest, OneThatEndedMayBeginElsewhere) {
  table_.put(1, one, clock_.now());
  table_.put(2, one, clock_.now());
  clock_.advance(SessionTable::kept_for);
  table_.expect(1, other, clock_.now());
  EXPECT_EQ(where(1), other);
  EXPECT_EQ(count(one), 0);
  EXPECT_EQ(count(other), 1);
}

TEST_F(SessionTableTest, ForgetsTheLongestIdleWhenItIsFull) {
  SeededRandom random(1);
  const SessionHash kept = random.next();
  table_.put(kept, one, clock_.now());
  for (std::size_t i = 0; i < 3 * SessionTable::sessions_max; ++i) {
    clock_.advance(Milliseconds(1));
    table_.put(random.next(), other, clock_.now());
    if (i % 1000 == 0) table_.put(kept, one, clock_.now());
  }
  EXPECT_EQ(where(kept), one);
  EXPECT_EQ(count(one), 1);
  EXPECT_LE(count(other), static_cast<int>(SessionTable::sessions_max));
  EXPECT_GT(count(other), static_cast<int>(SessionTable::sessions_max * 9 / 10));
}

TEST_F(SessionTableTest, CountsStayTrueUnderManyThreads) {
  std::vector<std::thread> threads;
  const TimePoint now = clock_.now();
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([this, t, now] {
      SeededRandom random(t);
      for (int i = 0; i < 50000; ++i) {
        const SessionHash session = (1 + random.below(500)) * 0x9e3779b97f4a7c15U;
        const AccountHash account = 1 + random.below(7);
        (void)table_.find(session, now);
        i % 2 == 0 ? table_.put(session, account, now) : table_.expect(session, account, now);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  int sum = 0;
  std::vector<int> is_there(8);
  for (std::uint64_t session = 1; session <= 500; ++session) {
    ++is_there[where(session * 0x9e3779b97f4a7c15U)];
  }
  for (AccountHash account = 1; account <= 7; ++account) {
    EXPECT_EQ(count(account), is_there[account]);
    sum += count(account);
  }
  EXPECT_EQ(sum, 500);
}

}  // namespace
}  // namespace sluice::routing

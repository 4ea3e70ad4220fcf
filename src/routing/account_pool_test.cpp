#include "routing/account_pool.hpp"

#include <gtest/gtest.h>

namespace sluice::routing {
namespace {

using Why = Unavailable::Why;

class AccountPoolTest : public ::testing::Test {
 protected:
  Account account(const std::string& id) {
    Account made;
    made.id = AccountId(id);
    made.dialect = "anthropic";
    made.name = id;
    made.pools = {"default"};
    made.state = std::make_shared<AccountState>(made.id, id, line_, events_);
    return made;
  }
  /// Its route 0 is that of the pool "default".
  AccountPool pool_of(std::vector<Account> accounts) {
    AccountPool pool(std::move(accounts), memory_);
    EXPECT_EQ(pool.route({"default"}), 0U);
    return pool;
  }
  [[nodiscard]] Need need(std::string_view model) const {
    return {.dialect = "anthropic", .model = model, .at = at()};
  }
  [[nodiscard]] Moment at() const { return {.now = clock_.now(), .wall = clock_.wall_now()}; }

  ManualClock clock_;
  net::FairLine line_;
  std::shared_ptr<StateEvents> events_ = std::make_shared<StateEvents>();
  std::shared_ptr<RoutingMemory> memory_ = std::make_shared<RoutingMemory>();
};

TEST_F(AccountPoolTest, TakesTheBestPriorityThenTheLeastInFlight) {
  auto spare = account("spare");
  spare.priority = 20;
  const AccountPool pool = pool_of({spare, account("a"), account("b")});
  const auto first = pool.lease(need("m"));
  const auto second = pool.lease(need("m"));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->index() + second->index(), 3U);
  EXPECT_NE(first->index(), second->index());
}

TEST_F(AccountPoolTest, WeighsTheLoad) {
  auto heavy = account("heavy");
  heavy.weight = 3;
  const AccountPool pool = pool_of({heavy, account("light")});
  std::vector<AccountLease> leases;
  int of_heavy = 0;
  for (int i = 0; i < 40; ++i) {
    auto lease = pool.lease(need("m"));
    ASSERT_TRUE(lease);
    of_heavy += lease->index() == 0 ? 1 : 0;
    leases.push_back(std::move(*lease));
  }
  EXPECT_NEAR(of_heavy, 30, 1);
}

TEST_F(AccountPoolTest, PassesOverAFullAccountAndSaysWhenAllAreFull) {
  auto first = account("first");
  first.priority = 1;
  first.max_concurrency = 1;
  auto second = account("second");
  second.max_concurrency = 1;
  const AccountPool pool = pool_of({first, second});
  auto one = pool.lease(need("m"));
  const auto two = pool.lease(need("m"));
  ASSERT_TRUE(one && two);
  EXPECT_EQ(two->index(), 1U);
  EXPECT_EQ(pool.lease(need("m")).error().why, Why::full);
  one->release();
  EXPECT_EQ(pool.lease(need("m"))->index(), 0U);
}

TEST_F(AccountPoolTest, ServesByPatternMapAndPool) {
  auto claude = account("claude");
  claude.models = {"claude-*"};
  claude.model_map = {{"sonnet", "claude-sonnet-4-5"}};
  AccountPool pool = pool_of({claude});
  EXPECT_TRUE(pool.lease(need("claude-x")));
  EXPECT_TRUE(pool.lease(need("sonnet")));
  EXPECT_EQ(pool.accounts()[0].upstream_model("sonnet"), "claude-sonnet-4-5");
  EXPECT_EQ(pool.lease(need("gpt-4o")).error().why, Why::nobody);
  Need elsewhere = need("claude-x");
  elsewhere.route = pool.route({"other"});
  EXPECT_EQ(pool.lease(elsewhere).error().why, Why::nobody);
}

TEST_F(AccountPoolTest, GivesEverySlotBack) {
  const AccountPool pool = pool_of({account("a")});
  {
    const auto one = pool.lease(need("m"));
    auto two = pool.lease(need("m"));
    const AccountLease moved = std::move(*two);
    EXPECT_EQ(pool.accounts()[0].state->in_flight.load(), 2);
  }
  EXPECT_EQ(pool.accounts()[0].state->in_flight.load(), 0);
}

TEST_F(AccountPoolTest, KeysOfTheSamePoolsShareARoute) {
  AccountPool pool = pool_of({account("a")});
  EXPECT_EQ(pool.route({"x", "default"}), pool.route({"default", "x"}));
  EXPECT_NE(pool.route({"x"}), 0U);
  EXPECT_EQ(pool.route({"default"}), 0U);
}

TEST_F(AccountPoolTest, AKeyWithAccountsOfItsOwnReachesNoOthers) {
  AccountPool pool = pool_of({account("a"), account("b")});
  Need mine = need("m");
  mine.route = pool.route({"default"}, {"b"});
  EXPECT_EQ(pool.lease(mine)->index(), 1U);
  mine.route = pool.route({"default"}, {"gone"});
  EXPECT_EQ(pool.lease(mine).error().why, Why::nobody);
}

TEST_F(AccountPoolTest, SpreadsOverManyByWeightWithoutLookingAtAll) {
  std::vector<Account> accounts;
  for (int i = 0; i < 100; ++i) {
    accounts.push_back(account("a" + std::to_string(i)));
    accounts.back().weight = i < 50 ? 1 : 3;
  }
  const AccountPool pool = pool_of(std::move(accounts));
  std::vector<AccountLease> leases;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    Need one = need("m");
    one.draw = i;
    leases.push_back(std::move(*pool.lease(one)));
  }
  int of_heavy = 0;
  for (std::size_t i = 0; i < 100; ++i) {
    const int in_flight = pool.accounts()[i].state->in_flight.load();
    // 20 and 60 are the shares; the better of two keeps close to them.
    EXPECT_NEAR(in_flight, i < 50 ? 20 : 60, i < 50 ? 10 : 15) << i;
    of_heavy += i < 50 ? 0 : in_flight;
  }
  EXPECT_NEAR(of_heavy, 3000, 150);
}

TEST_F(AccountPoolTest, FindsTheOneThatServesAmongMany) {
  std::vector<Account> accounts;
  for (int i = 0; i < 100; ++i) {
    accounts.push_back(account("a" + std::to_string(i)));
    accounts.back().models = {i == 37 ? "rare" : "common"};
    accounts.back().max_concurrency = 1;
  }
  const AccountPool pool = pool_of(std::move(accounts));
  auto lease = pool.lease(need("rare"));
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->index(), 37U);
  EXPECT_EQ(pool.lease(need("rare")).error().why, Why::full);
  EXPECT_EQ(pool.lease(need("none")).error().why, Why::nobody);
}

}  // namespace
}  // namespace sluice::routing

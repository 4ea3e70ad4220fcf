#include "routing/account_pool.hpp"

#include <gtest/gtest.h>

namespace sluice::routing {
namespace {

const std::vector<std::string> default_pools = {"default"};

class AccountPoolTest : public ::testing::Test {
 protected:
  Account account(const std::string& id) {
    Account made;
    made.id = AccountId(id);
    made.dialect = "anthropic";
    made.pools = default_pools;
    made.state = std::make_shared<AccountState>(line_);
    return made;
  }
  static Need need(std::string_view model) {
    return {.dialect = "anthropic", .model = model, .pools = default_pools};
  }
  net::WaitingLine line_;
};

TEST_F(AccountPoolTest, TakesTheBestPriorityThenTheLeastInFlight) {
  auto spare = account("spare");
  spare.priority = 20;
  const AccountPool pool({spare, account("a"), account("b")});
  const auto first = pool.lease(need("m"));
  const auto second = pool.lease(need("m"));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->index(), 1U);
  EXPECT_EQ(second->index(), 2U);
}

TEST_F(AccountPoolTest, WeighsTheLoad) {
  auto heavy = account("heavy");
  heavy.weight = 3;
  const AccountPool pool({heavy, account("light")});
  std::vector<AccountLease> leases;
  int of_heavy = 0;
  for (int i = 0; i < 40; ++i) {
    auto lease = pool.lease(need("m"));
    ASSERT_TRUE(lease);
    of_heavy += lease->index() == 0 ? 1 : 0;
    leases.push_back(std::move(*lease));
  }
  EXPECT_EQ(of_heavy, 30);
}

TEST_F(AccountPoolTest, PassesOverAFullAccountAndSaysWhenAllAreFull) {
  auto first = account("first");
  first.priority = 1;
  first.max_concurrency = 1;
  auto second = account("second");
  second.max_concurrency = 1;
  const AccountPool pool({first, second});
  auto one = pool.lease(need("m"));
  const auto two = pool.lease(need("m"));
  ASSERT_TRUE(one && two);
  EXPECT_EQ(two->index(), 1U);
  EXPECT_EQ(pool.lease(need("m")).error().code, Errc::overloaded);
  one->release();
  EXPECT_EQ(pool.lease(need("m"))->index(), 0U);
}

TEST_F(AccountPoolTest, ServesByPatternMapAndPool) {
  auto claude = account("claude");
  claude.models = {"claude-*"};
  claude.model_map = {{"sonnet", "claude-sonnet-4-5"}};
  const AccountPool pool({claude});
  EXPECT_TRUE(pool.lease(need("claude-x")));
  EXPECT_TRUE(pool.lease(need("sonnet")));
  EXPECT_EQ(pool.accounts()[0].upstream_model("sonnet"), "claude-sonnet-4-5");
  EXPECT_EQ(pool.lease(need("gpt-4o")).error().code, Errc::no_account);
  const std::vector<std::string> other = {"other"};
  const Need elsewhere{.dialect = "anthropic", .model = "claude-x", .pools = other};
  EXPECT_EQ(pool.lease(elsewhere).error().code, Errc::no_account);
}

TEST_F(AccountPoolTest, GivesEverySlotBack) {
  const AccountPool pool({account("a")});
  {
    const auto one = pool.lease(need("m"));
    auto two = pool.lease(need("m"));
    const AccountLease moved = std::move(*two);
    EXPECT_EQ(pool.accounts()[0].state->in_flight.load(), 2);
  }
  EXPECT_EQ(pool.accounts()[0].state->in_flight.load(), 0);
}

}  // namespace
}  // namespace sluice::routing

#include "routing/account_lease.hpp"

#include <atomic>
#include <thread>

#include "routing/simulation.hpp"

namespace sluice::routing {
namespace {

using simulation::World;
using std::chrono::seconds;

class AccountLeaseTest : public testing::Test {
 protected:
  AccountLeaseTest() {
    world_.add("a");
    world_.build();
  }
  AccountState& state() { return *world_.accounts.front().state; }
  AccountLease lease(SessionHash session = 0) {
    return std::move(*world_.pool->lease(world_.need(session)));
  }
  static Verdict server_error(int streak) {
    Verdict made;
    made.scope = Verdict::Scope::account;
    made.rest = seconds(30);
    made.streak = streak;
    return made;
  }

  World world_{1};
};

TEST_F(AccountLeaseTest, GivesTheSlotBackOnceOnEveryPathOut) {
  AccountLease first = lease();
  AccountLease second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(state().in_flight.load(), 1);
  second = lease();
  EXPECT_EQ(state().in_flight.load(), 1);
  second.release();
  second.release();
  EXPECT_EQ(state().in_flight.load(), 0);
}

TEST_F(AccountLeaseTest, ASuccessSaysWhereTheConversationIs) {
  world_.memory->sessions.put(7, 1234, world_.clock.now());
  AccountLease one = lease(7);
  EXPECT_EQ(world_.memory->sessions.find(7, world_.clock.now())->account, 1234U);
  one.succeeded(world_.at(), Milliseconds(300));
  EXPECT_EQ(world_.memory->sessions.find(7, world_.clock.now())->account, state().hash);
  EXPECT_EQ(state().health.first_event(), Milliseconds(300));
}

TEST_F(AccountLeaseTest, AWholeDocumentIsNoMeasureOfPace) {
  for (std::uint32_t i = 0; i < 2 * ModelPace::figures_min; ++i) {
    lease().succeeded(world_.at(), Milliseconds(0));
  }
  EXPECT_EQ(world_.memory->pace.observe(model_hash("claude"), Milliseconds(500)).count(), 0);
  EXPECT_EQ(state().health.first_event(), Milliseconds(0));
}

TEST_F(AccountLeaseTest, AFailureMovesNoConversation) {
  world_.memory->sessions.put(7, 1234, world_.clock.now());
  AccountLease one = lease(7);
  one.failed(world_.at(), server_error(1), 0);
  EXPECT_EQ(world_.memory->sessions.find(7, world_.clock.now())->account, 1234U);
}

TEST_F(AccountLeaseTest, IsAGuessAfterAnAttemptThatCameToNothing) {
  AccountLease one = lease();
  EXPECT_FALSE(one.is_guess());
  one.failed(world_.at(), server_error(3), 0);
  EXPECT_TRUE(lease().is_guess());
  lease().succeeded(world_.at(), Milliseconds(300));
  EXPECT_FALSE(lease().is_guess());
}

TEST_F(AccountLeaseTest, MayTryAgainWhileTheAccountDoesNotRest) {
  AccountLease one = lease();
  one.failed(world_.at(), server_error(3), 0);
  EXPECT_TRUE(one.try_again(world_.at()));
}

TEST_F(AccountLeaseTest, TriesAgainAsTheProbeWhereTheRestWasAGuess) {
  AccountLease one = lease();
  AccountLease other = lease();
  one.failed(world_.at(), server_error(1), 0);
  EXPECT_FALSE(world_.pool->lease(world_.need(0)));
  EXPECT_TRUE(one.try_again(world_.at()));
  EXPECT_TRUE(one.is_probe());
  EXPECT_FALSE(other.try_again(world_.at()));
  one.succeeded(world_.at(), Milliseconds(300));
  EXPECT_TRUE(world_.pool->lease(world_.need(0)));
}

TEST_F(AccountLeaseTest, IsParkedWithoutASlotUntilItIsTriedAgain) {
  AccountLease one = lease();
  one.park();
  EXPECT_EQ(world_.accounts[0].state->in_flight.load(), 0);
  EXPECT_TRUE(one);
  EXPECT_TRUE(one.try_again(world_.at()));
  EXPECT_EQ(world_.accounts[0].state->in_flight.load(), 1);
  one.park();
  one.release();
  EXPECT_EQ(world_.accounts[0].state->in_flight.load(), 0);
}

TEST_F(AccountLeaseTest, IsAnEarlyProbeOfAnAccountThatIsTheLast) {
  AccountLease one = lease();
  one.failed(world_.at(), server_error(1), 0);
  one.release();
  world_.clock.advance(AccountHealth::early_probe_every);
  auto early = world_.pool->lease(world_.need(0));
  ASSERT_TRUE(early);
  EXPECT_TRUE(early->is_probe());
  EXPECT_FALSE(world_.pool->lease(world_.need(0)));
  early->failed(world_.at(), server_error(1), 0);
  EXPECT_FALSE(world_.pool->lease(world_.need(0)));
  world_.clock.advance(AccountHealth::early_probe_every);
  early = world_.pool->lease(world_.need(0));
  ASSERT_TRUE(early);
  early->succeeded(world_.at(), Milliseconds(300));
  EXPECT_TRUE(world_.pool->lease(world_.need(0)));
}

TEST_F(AccountLeaseTest, IsNoEarlyProbeWhereTheProviderSaidWhen) {
  AccountLease one = lease();
  Verdict limited = server_error(1);
  limited.told = Milliseconds(60000);
  one.failed(world_.at(), limited, 0);
  world_.clock.advance(AccountHealth::early_probe_every * 2);
  EXPECT_FALSE(world_.pool->lease(world_.need(0)));
}

TEST_F(AccountLeaseTest, DoesNotTryAgainWhereTheProviderSaidWhen) {
  AccountLease one = lease();
  Verdict limited = server_error(1);
  limited.rule = RestRule::rate_limited;
  limited.told = seconds(60);
  one.failed(world_.at(), limited, 0);
  EXPECT_FALSE(one.try_again(world_.at()));
}

TEST_F(AccountLeaseTest, CountsWhatTheCacheDid) {
  const meter::PromptPrefix prefix{.hash = 1, .bytes = 40000, .life = meter::CacheLife::one_hour};
  meter::TokenCounts written;
  written.cache_write_1h = Tokens(10000);
  lease().learn({&prefix, 1}, written, world_.clock.now());
  meter::TokenCounts read;
  read.cache_read = Tokens(9900);
  lease().learn({&prefix, 1}, read, world_.clock.now());
  const CacheFigures figures = state().cache.figures();
  EXPECT_EQ(figures.requests, 2U);
  EXPECT_EQ(figures.expected, 1U);
  EXPECT_EQ(figures.hits, 1U);
  EXPECT_EQ(figures.tokens_read, 9900U);
  EXPECT_EQ(figures.tokens_written_1h, 10000U);
}

TEST_F(AccountLeaseTest, TellsWhoeverKeepsTheTokenFresh) {
  lease().want_refresh();
  EXPECT_TRUE(state().wants_refresh.load());
}

TEST_F(AccountLeaseTest, AnEmptyOneDoesNothing) {
  AccountLease none;
  none.succeeded(world_.at(), Milliseconds(1));
  none.failed(world_.at(), server_error(1), 0);
  none.learn({}, {}, world_.clock.now());
  none.want_refresh();
  EXPECT_FALSE(none.try_again(world_.at()));
  EXPECT_FALSE(none.is_guess());
  EXPECT_FALSE(none);
}

TEST(AccountLeases, NeverAreMoreThanTheCapOnAnyThread) {
  World world(1);
  for (int i = 0; i < 12; ++i) world.add("account-" + std::to_string(i), 1 + i % 3, 1 + i % 4);
  const AccountPool& pool = world.build();
  const Moment at = world.at();
  std::array<std::atomic<int>, 12> held{};
  std::atomic<int> too_many{0};
  std::atomic<int> leased{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      SeededRandom random(t);
      std::vector<AccountLease> mine;
      for (int i = 0; i < 5000; ++i) {
        const SessionHash session = random.below(3) == 0 ? 0 : 1 + random.below(200);
        auto lease = pool.lease({.dialect = "anthropic",
                                 .model = "claude",
                                 .at = at,
                                 .session = session,
                                 .draw = random.next()});
        if (lease) {
          const Account& account = pool.accounts()[lease->index()];
          leased.fetch_add(1);
          if (held[lease->index()].fetch_add(1) >= account.max_concurrency) too_many.fetch_add(1);
          if (account.state->in_flight.load() > account.max_concurrency) too_many.fetch_add(1);
          lease->succeeded(at, Milliseconds(100));
          mine.push_back(std::move(*lease));
        } else {
          refused.fetch_add(1);
        }
        while (!mine.empty() && (!lease || random.below(2) == 0)) {
          held[mine.back().index()].fetch_sub(1);
          mine.pop_back();
        }
      }
      for (const AccountLease& one : mine) held[one.index()].fetch_sub(1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(too_many.load(), 0);
  EXPECT_GT(leased.load(), 10000);
  for (const Account& account : world.accounts) EXPECT_EQ(account.state->in_flight.load(), 0);
}

TEST(AccountLeases, OneOfManyThreadsIsTheProbe) {
  World world(1);
  world.add("a");
  const AccountPool& pool = world.build();
  for (int round = 0; round < 50; ++round) {
    Verdict limited;
    limited.scope = Verdict::Scope::account;
    limited.rule = RestRule::rate_limited;
    limited.told = seconds(10);
    world.accounts.front().state->health.failed(world.at(), "claude", limited, 0);
    world.clock.advance(seconds(20));
    const Moment at = world.at();
    std::atomic<int> got{0};
    std::atomic<bool> go{false};
    std::vector<AccountLease> leases(4);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < leases.size(); ++t) {
      threads.emplace_back([&, t] {
        while (!go.load()) std::this_thread::yield();
        auto lease = pool.lease({.dialect = "anthropic", .model = "claude", .at = at});
        if (!lease) return;
        got.fetch_add(1);
        leases[t] = std::move(*lease);
      });
    }
    go.store(true);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(got.load(), 1);
  }
}

}  // namespace
}  // namespace sluice::routing

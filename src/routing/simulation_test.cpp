/// Accounts and conversations by the thousand, with a clock and chance of their own: SLUICE_SEED=n repeats a run.

#include "routing/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sluice::routing::simulation {
namespace {

/// The share of sessions that an account has, at worst, more or less than its weight says.
double worst_deviation(const World& world, const std::map<std::string, int>& had, double sessions) {
  double worst = 0;
  for (const Account& account : world.accounts) {
    const double due = sessions * account.weight / world.weight();
    const auto found = had.find(account.name);
    const int has = found == had.end() ? 0 : found->second;
    worst = std::max(worst, std::abs(has / due - 1));
  }
  return worst;
}

TEST(Simulation, AThousandSessionsSpreadByWeightAndStay) {
  constexpr int runs = 60;
  const std::uint64_t first = seed_or(1);
  double worst = 0;
  double sum = 0;
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    SCOPED_TRACE("SLUICE_SEED=" + std::to_string(seed));
    World world(seed);
    const bool even = seed % 2 == 0;
    for (int i = 0; i < 10; ++i) {
      const int weight = even ? 1 : 1 + static_cast<int>(world.random.below(5));
      world.add("account-" + std::to_string(world.random.next()), weight);
    }
    world.build();
    const auto sessions = world.sessions(1000);
    std::map<SessionHash, std::string> home;
    std::map<std::string, int> had;
    for (const SessionHash session : sessions) {
      home[session] = world.serve(session);
      ++had[home[session]];
    }
    const double deviation = worst_deviation(world, had, 1000);
    EXPECT_LE(deviation, 0.25);
    worst = std::max(worst, deviation);
    sum += deviation;
    int moved = 0;
    for (int i = 0; i < 5000; ++i) {
      world.clock.advance(Milliseconds(world.random.below(200)));
      const SessionHash session = sessions[world.random.below(sessions.size())];
      moved += world.serve(session) == home[session] ? 0 : 1;
    }
    EXPECT_EQ(moved, 0);
  }
  std::printf(
      "1,000 sessions over 10 accounts, %d seeds: worst deviation from weight %.1f %%, mean of the "
      "worst %.1f %%\n",
      runs, worst * 100, sum / runs * 100);
}

TEST(Simulation, OnlyTheSessionsOfAnAccountThatLeavesMove) {
  const std::uint64_t seed = seed_or(7);
  SCOPED_TRACE("SLUICE_SEED=" + std::to_string(seed));
  World world(seed);
  constexpr std::size_t accounts = 10;
  for (std::size_t i = 0; i < accounts; ++i) world.add("account-" + std::to_string(i));
  world.build();
  const auto sessions = world.sessions(1000);
  std::map<SessionHash, std::string> home;
  for (const SessionHash session : sessions) home[session] = world.serve(session);
  const std::string leaver = world.accounts[3].name;
  world.accounts.erase(world.accounts.begin() + 3);
  world.build();
  int moved = 0;
  std::map<std::string, int> had;
  for (const SessionHash session : sessions) {
    const std::string now = world.serve(session);
    ++had[now];
    if (now == home[session]) continue;
    ++moved;
    EXPECT_EQ(home[session], leaver);
  }
  EXPECT_LE(moved, 1000 / 10 + 50);
  EXPECT_LE(worst_deviation(world, had, 1000), 0.25);
  std::printf(
      "1 of 10 accounts leaves: %d of 1,000 sessions move, worst deviation after it %.1f %%\n",
      moved, worst_deviation(world, had, 1000) * 100);
}

TEST(Simulation, ANodeThatRemembersNothingFindsMostSessionsWhereTheyWere) {
  const std::uint64_t seed = seed_or(8);
  SCOPED_TRACE("SLUICE_SEED=" + std::to_string(seed));
  World world(seed);
  for (int i = 0; i < 10; ++i) world.add("account-" + std::to_string(i), 1 + i % 3);
  world.build();
  auto sessions = world.sessions(1000);
  std::map<SessionHash, std::string> home;
  for (const SessionHash session : sessions) home[session] = world.serve(session);
  std::reverse(sessions.begin(), sessions.end());
  const auto moved_on_another_node = [&] {
    world.memory = std::make_shared<RoutingMemory>();
    world.build();
    int moved = 0;
    for (const SessionHash session : sessions)
      moved += world.serve(session) == home[session] ? 0 : 1;
    return moved;
  };
  const int same_accounts = moved_on_another_node();
  const double left = static_cast<double>(world.accounts[4].weight) / world.weight();
  world.accounts.erase(world.accounts.begin() + 4);
  const int one_less = moved_on_another_node();
  std::printf("another node: %d of 1,000 sessions elsewhere; with an account of %.0f %% less: %d\n",
              same_accounts, left * 100, one_less);
  EXPECT_LE(same_accounts, 120);
  EXPECT_LE(one_less, left * 1000 + 120);
}

TEST(Simulation, ARushOfNewSessionsSpreadsBeforeTheFirstAnswer) {
  const std::uint64_t seed = seed_or(9);
  SCOPED_TRACE("SLUICE_SEED=" + std::to_string(seed));
  World world(seed);
  for (int i = 0; i < 10; ++i) world.add("account-" + std::to_string(i));
  const AccountPool& pool = world.build();
  std::vector<AccountLease> leases;
  std::map<std::string, int> had;
  for (const SessionHash session : world.sessions(1000)) {
    leases.push_back(std::move(*pool.lease(world.need(session))));
    ++had[world.accounts[leases.back().index()].name];
  }
  EXPECT_LE(worst_deviation(world, had, 1000), 0.25);
}

TEST(Simulation, OneSystemPromptForAllGathersWhereItIsWarmAndStillSpreads) {
  const std::uint64_t seed = seed_or(400);
  SCOPED_TRACE("SLUICE_SEED=" + std::to_string(seed));
  World world(seed);
  for (int i = 0; i < 100; ++i) world.add("account-" + std::to_string(i));
  const AccountPool& pool = world.build();
  const meter::PromptPrefix system{
      .hash = 42, .bytes = 60000, .life = meter::CacheLife::five_minutes};
  std::map<std::string, int> had;
  int warm = 0;
  const auto sessions = world.sessions(1000);
  for (const SessionHash session : sessions) {
    world.clock.advance(Milliseconds(world.random.below(200)));
    Need need = world.need(session);
    need.prefixes = {&system, 1};
    auto lease = pool.lease(need);
    ASSERT_TRUE(lease);
    const std::string& name = world.accounts[lease->index()].name;
    const bool is_warm = had[name]++ > 0;
    warm += is_warm ? 1 : 0;
    lease->succeeded(world.at(), Milliseconds(500));
    constexpr std::int64_t all = 15000;
    lease->learn(need.prefixes, is_warm ? cached(all, 0) : cached(0, all), need.at.now);
  }
  int most = 0;
  for (const auto& [name, count] : had) most = std::max(most, count);
  std::printf(
      "one system prompt, 1,000 sessions, 100 accounts: %d found it warm, the most that one "
      "account has: %d\n",
      warm, most);
  EXPECT_LE(most, 14);
  EXPECT_GE(warm, 900);
}

}  // namespace
}  // namespace sluice::routing::simulation

/// Requests with retries while accounts fail, without a relay: SLUICE_SEED=n repeats a run.

#include <algorithm>
#include <cstdio>

#include "routing/simulation.hpp"

namespace sluice::routing::simulation {
namespace {

struct Relayed {
  int attempts = 0;
  bool answered = false;
};

/// What the relay does, without the relay: one request to its end.
Relayed relay(World& world, SessionHash session, const std::map<std::string, Verdict>& ill,
              RetryBudget& budget) {
  constexpr int attempts_max = 3;
  budget.note_request(world.clock.now());
  std::vector<std::size_t> asked;
  Relayed done;
  while (done.attempts < attempts_max) {
    Need need = world.need(session);
    need.asked = asked;
    auto lease = world.pool->lease(need);
    if (!lease) return done;
    if (!asked.empty() && lease->is_guess() && !budget.take(world.clock.now())) return done;
    asked.push_back(lease->index());
    ++done.attempts;
    const auto found = ill.find(world.accounts[lease->index()].name);
    if (found == ill.end()) {
      lease->succeeded(world.at(), Milliseconds(500));
      done.answered = true;
      return done;
    }
    lease->failed(world.at(), found->second, world.random.next());
  }
  return done;
}

TEST(Simulation, TwoOfThreeAccountsMayFailInEveryWayAndNoClientSeesIt) {
  const std::uint64_t seed = seed_or(300);
  SCOPED_TRACE("SLUICE_SEED=" + std::to_string(seed));
  World world(seed);
  for (const char* name : {"a", "b", "c"}) world.add(name);
  world.build();
  const auto sessions = world.sessions(300);
  auto verdicts = all_verdicts();
  std::erase_if(verdicts, [](const Verdict& verdict) { return verdict.clients_fault; });
  RetryBudget budget;
  std::map<int, int> took;
  for (int i = 0; i < 10000; ++i) {
    // Which of them is well changes, and so does how the others fail.
    const std::string well = world.accounts[static_cast<std::size_t>(i / 2500) % 3].name;
    std::map<std::string, Verdict> ill;
    for (const Account& account : world.accounts) {
      if (account.name == well) continue;
      ill[account.name] = verdicts[static_cast<std::size_t>(i / 50) % verdicts.size()];
    }
    if (i % 50 == 0) {
      for (const Account& account : world.accounts) account.state->health.lift(world.at(), "anew");
    }
    world.clock.advance(Milliseconds(world.random.below(200)));
    const SessionHash session = i % 4 == 0 ? 0 : sessions[world.random.below(sessions.size())];
    const Relayed done = relay(world, session, ill, budget);
    ++took[done.answered ? done.attempts : 0];
  }
  EXPECT_EQ(took[0], 0);
  std::printf(
      "10,000 requests, 2 of 3 accounts fail: %d took one attempt, %d two, %d three, %d failed\n",
      took[1], took[2], took[3], took[0]);
}

TEST(Simulation, AStormIsHardlyMadeWorseAndEndsWithTheTrouble) {
  const std::uint64_t seed = seed_or(500);
  SCOPED_TRACE("SLUICE_SEED=" + std::to_string(seed));
  for (const Verdict& verdict : all_verdicts()) {
    if (verdict.clients_fault) continue;
    World world(seed);
    std::map<std::string, Verdict> ill;
    for (int i = 0; i < 10; ++i) {
      const std::string name = "account-" + std::to_string(i);
      world.add(name);
      ill[name] = verdict;
    }
    world.build();
    RetryBudget budget;
    const auto sessions = world.sessions(500);
    constexpr int requests = 5000;
    const auto run = [&] {
      Relayed sum;
      int answered = 0;
      for (int i = 0; i < requests; ++i) {
        world.clock.advance(Milliseconds(20));
        const Relayed done =
            relay(world, i % 3 == 0 ? 0 : sessions[world.random.below(500)], ill, budget);
        sum.attempts += done.attempts;
        answered += done.answered ? 1 : 0;
      }
      return std::pair(sum.attempts, answered);
    };
    const auto [attempts, answered] = run();
    EXPECT_EQ(answered, 0);
    EXPECT_LE(attempts, requests * 12 / 10 + 200) << verdict.reason;
    // The provider is well again: once the rests are over, each account is tried by one request, which is answered.
    ill.clear();
    world.clock.advance(std::chrono::hours(2));
    const auto [after, answered_after] = run();
    EXPECT_EQ(answered_after, requests) << verdict.reason;
    EXPECT_EQ(after, requests) << verdict.reason;
    std::printf("storm of %s: %d attempts for %d requests; after it %d for %d\n",
                verdict.reason.empty() ? "nothing that rests" : verdict.reason.c_str(), attempts,
                requests, after, requests);
  }
}

}  // namespace
}  // namespace sluice::routing::simulation

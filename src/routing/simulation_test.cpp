/// Accounts and conversations by the thousand, with a clock and chance of their own: SLUICE_SEED=n repeats a run.

#include "routing/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

namespace sluice::routing::simulation {
namespace {

using std::chrono::seconds;
using Availability = AccountHealth::Availability;

meter::TokenCounts cached(std::int64_t read, std::int64_t written) {
  meter::TokenCounts made;
  made.cache_read = Tokens(read);
  made.cache_write_5m = Tokens(written);
  return made;
}

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
  EXPECT_LE(same_accounts, 100);
  EXPECT_LE(one_less, left * 1000 + 100);
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

/// Requests under way, and what must hold for all of them whatever happens.
class Chaos {
 public:
  Chaos(std::uint64_t seed, std::size_t accounts, std::size_t sessions)
      : world_(seed), verdicts_(all_verdicts()) {
    for (std::size_t i = 0; i < accounts; ++i) add_account();
    world_.build();
    sessions_ = world_.sessions(sessions);
  }

  void step() {
    switch (chance(100)) {
      case 0: change_accounts(); break;
      case 1: fall_ill(); break;
      case 2: world_.clock.advance(seconds(chance(20))); break;
      case 3: some_account().state->health.lift(world_.at(), "by hand"); break;
      default:
        world_.clock.advance(Milliseconds(chance(10)));
        if (running_.size() < 500 && chance(2) == 0) {
          begin();
        } else if (!running_.empty()) {
          end(chance(running_.size()));
        }
    }
  }
  void finish() {
    while (!running_.empty()) end(0);
    for (const Account& account : world_.accounts) {
      EXPECT_EQ(account.state->in_flight.load(), 0) << account.name;
    }
    std::int64_t counted = 0;
    for (const std::string& name : names_) {
      counted += world_.memory->sessions.count_of(account_hash(AccountId(name))).load();
    }
    EXPECT_GE(counted, 0);
    EXPECT_LE(counted, static_cast<std::int64_t>(sessions_.size()));
  }
  void print() const {
    std::printf("%llu leases, %llu of them probes; refused: %llu full, %llu resting\n",
                static_cast<unsigned long long>(leased_), static_cast<unsigned long long>(probes_),
                static_cast<unsigned long long>(full_), static_cast<unsigned long long>(resting_));
  }

 private:
  struct Running {
    AccountLease lease;
    std::shared_ptr<AccountPool> pool;  // the snapshot that it came from
    std::string account;
    std::string model;
  };

  std::size_t chance(std::size_t of) { return world_.random.below(of); }
  Account& some_account() { return world_.accounts[chance(world_.accounts.size())]; }

  void add_account() {
    const std::string name = "account-" + std::to_string(names_.size());
    names_.push_back(name);
    Account& made = world_.add(name, 1 + static_cast<int>(chance(4)), static_cast<int>(chance(6)));
    made.priority = chance(10) == 0 ? 20 : 10;
    if (chance(4) == 0) made.models = {"claude-*"};
    if (chance(4) == 0) made.model_map = {{"claude-a", "provider-a"}};
  }
  void change_accounts() {
    if (chance(20) != 0) return;
    if (world_.accounts.size() > 2 && chance(2) == 0) {
      world_.accounts.erase(world_.accounts.begin() +
                            static_cast<std::ptrdiff_t>(chance(world_.accounts.size())));
    } else {
      add_account();
    }
    world_.build();
  }
  void fall_ill() {
    ill_[some_account().name] = {world_.clock.now() + seconds(chance(120)),
                                 chance(verdicts_.size())};
  }

  void begin() {
    const std::string model = chance(2) == 0 ? "claude-a" : "claude-b";
    const SessionHash session = chance(5) == 0 ? 0 : sessions_[chance(sessions_.size())];
    Need need = world_.need(session);
    need.model = model;
    const meter::PromptPrefix prefix{
        .hash = session % 50, .bytes = 40000, .life = meter::CacheLife::five_minutes};
    if (chance(2) == 0) need.prefixes = {&prefix, 1};
    std::vector<std::size_t> asked;
    while (asked.size() < chance(3)) asked.push_back(chance(world_.accounts.size()));
    need.asked = asked;
    auto lease = world_.pool->lease(need);
    if (!lease) return check_refusal(need, lease.error());
    ++leased_;
    check_lease(need, *lease);
    if (chance(2) == 0) {
      lease->learn(need.prefixes, cached(static_cast<std::int64_t>(chance(2)) * 9000, 9000),
                   need.at.now);
    }
    const std::string name = world_.accounts[lease->index()].name;
    running_.push_back({std::move(*lease), world_.pool, name, model});
    ++in_flight_[name];
    EXPECT_EQ(world_.accounts[running_.back().lease.index()].state->in_flight.load(),
              in_flight_[name]);
  }
  void check_lease(const Need& need, const AccountLease& lease) {
    const Account& account = world_.accounts[lease.index()];
    EXPECT_TRUE(account.serves(need.model));
    EXPECT_EQ(std::ranges::count(need.asked, lease.index()), 0);
    if (account.max_concurrency > 0) {
      EXPECT_LE(account.state->in_flight.load(), account.max_concurrency) << account.name;
    }
    const std::string model(account.upstream_model(need.model));
    const Availability is = account.state->health.availability(need.at.now, model_hash(model));
    EXPECT_EQ(is, lease.is_probe() ? Availability::probing : Availability::open) << account.name;
    probes_ += lease.is_probe() ? 1 : 0;
  }
  /// Nobody is turned away while there is someone to go to.
  void check_refusal(const Need& need, const Unavailable& refused) {
    for (std::size_t i = 0; i < world_.accounts.size(); ++i) {
      const Account& account = world_.accounts[i];
      const bool full =
          account.max_concurrency > 0 && account.state->in_flight.load() >= account.max_concurrency;
      if (full || !account.serves(need.model) || std::ranges::count(need.asked, i) > 0) continue;
      const auto is = account.state->health.availability(
          need.at.now, model_hash(account.upstream_model(need.model)));
      EXPECT_TRUE(is == Availability::resting || is == Availability::probing) << account.name;
      if (is == Availability::resting) {
        EXPECT_NE(refused.why, Unavailable::Why::nobody);
      }
    }
    full_ += refused.why == Unavailable::Why::full ? 1 : 0;
    resting_ += refused.why == Unavailable::Why::resting ? 1 : 0;
  }
  void end(std::size_t at) {
    Running& one = running_[at];
    const auto ill = ill_.find(one.account);
    if (chance(20) == 0) {
      // The client left.
    } else if (ill != ill_.end() && ill->second.first > world_.clock.now()) {
      one.lease.failed(world_.at(), verdicts_[ill->second.second], world_.random.next());
    } else {
      one.lease.succeeded(world_.at(), Milliseconds(100 + chance(900)));
    }
    --in_flight_[one.account];
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  World world_;
  std::vector<Verdict> verdicts_;
  std::vector<std::string> names_;
  std::vector<SessionHash> sessions_;
  std::vector<Running> running_;
  std::map<std::string, int> in_flight_;
  std::map<std::string, std::pair<TimePoint, std::size_t>> ill_;  // until when, and how it fails
  std::uint64_t leased_ = 0;
  std::uint64_t probes_ = 0;
  std::uint64_t full_ = 0;
  std::uint64_t resting_ = 0;
};

void run_chaos(std::uint64_t seed, std::size_t accounts, std::size_t sessions, int steps) {
  SCOPED_TRACE("SLUICE_SEED=" + std::to_string(seed));
  Chaos chaos(seed, accounts, sessions);
  for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) chaos.step();
  chaos.finish();
  chaos.print();
}

TEST(Simulation, HoldsItsInvariantsWithFewAccountsThatFail) {
  const std::uint64_t first = seed_or(100);
  for (std::uint64_t seed = first; seed < first + 20; ++seed) {
    run_chaos(seed, 3 + seed % 20, 200, 20000);
  }
}

TEST(Simulation, HoldsItsInvariantsWithThousandsOfAccountsAndSessions) {
  run_chaos(seed_or(200), 3000, 5000, 100000);
}

/// What the relay does, without the relay: one request to its end. Attempts that it took; 0: the client saw an error.
int relay(World& world, SessionHash session, const std::map<std::string, Verdict>& ill,
          RetryBudget& budget) {
  constexpr int attempts_max = 3;
  budget.note_request(world.clock.now());
  std::vector<std::size_t> asked;
  while (asked.size() < attempts_max) {
    Need need = world.need(session);
    need.asked = asked;
    auto lease = world.pool->lease(need);
    if (!lease) return 0;
    if (!asked.empty() && lease->is_guess() && !budget.take(world.clock.now())) return 0;
    asked.push_back(lease->index());
    const auto found = ill.find(world.accounts[lease->index()].name);
    if (found == ill.end()) {
      lease->succeeded(world.at(), Milliseconds(500));
      return static_cast<int>(asked.size());
    }
    lease->failed(world.at(), found->second, world.random.next());
  }
  return 0;
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
    if (i % 2500 == 0) {
      for (const Account& account : world.accounts) account.state->health.lift(world.at(), "anew");
    }
    world.clock.advance(Milliseconds(world.random.below(200)));
    const SessionHash session = i % 4 == 0 ? 0 : sessions[world.random.below(sessions.size())];
    ++took[relay(world, session, ill, budget)];
  }
  EXPECT_EQ(took[0], 0);
  std::printf(
      "10,000 requests, 2 of 3 accounts fail: %d took one attempt, %d two, %d three, %d failed\n",
      took[1], took[2], took[3], took[0]);
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

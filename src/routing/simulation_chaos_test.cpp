/// Everything at once, for long, and what must hold all the while: SLUICE_SEED=n repeats a run.

#include <algorithm>
#include <cstdio>

#include "routing/simulation.hpp"

namespace sluice::routing::simulation {
namespace {

using std::chrono::seconds;
using Availability = AccountHealth::Availability;

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
    std::printf(
        "%llu leases, %llu stayed as they must, %llu were probes; refused: %llu full, %llu "
        "resting\n",
        static_cast<unsigned long long>(leased_), static_cast<unsigned long long>(stayed_),
        static_cast<unsigned long long>(probes_), static_cast<unsigned long long>(full_),
        static_cast<unsigned long long>(resting_));
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
    if (chance(2) == 0) {
      Account& changed = some_account();
      changed.weight = 1 + static_cast<int>(chance(10));
      changed.max_concurrency = static_cast<int>(chance(6));
      changed.priority = chance(10) == 0 ? 20 : 10;
    } else if (world_.accounts.size() > 2 && chance(2) == 0) {
      world_.accounts.erase(world_.accounts.begin() +
                            static_cast<std::ptrdiff_t>(chance(world_.accounts.size())));
    } else {
      add_account();
    }
    world_.build();
  }
  void fall_ill() {
    for (std::size_t i = 0; i < 1 + world_.accounts.size() / 20; ++i) {
      ill_[some_account().name] = {world_.clock.now() + seconds(chance(120)),
                                   chance(verdicts_.size())};
    }
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
    const auto home = must_stay(need);
    auto lease = world_.pool->lease(need);
    if (!lease) return check_refusal(need, lease.error());
    ++leased_;
    check_lease(need, *lease);
    if (home) {
      ++stayed_;
      EXPECT_EQ(lease->index(), *home);
    }
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
  /// The account that the conversation is with, where nothing speaks against it.
  [[nodiscard]] std::optional<std::size_t> must_stay(const Need& need) const {
    const auto place = world_.memory->sessions.find(need.session, need.at.now);
    if (!place || need.at.now - place->last_used >= SessionTable::cold_after) return std::nullopt;
    for (std::size_t i = 0; i < world_.accounts.size(); ++i) {
      const Account& account = world_.accounts[i];
      if (account.state->hash != place->account) continue;
      const AccountHealth& health = account.state->health;
      const auto model = model_hash(account.upstream_model(need.model));
      const bool well = health.availability(need.at.now, model) == Availability::open &&
                        health.proven() && !health.slow(need.at.now);
      const bool free =
          account.max_concurrency == 0 || account.state->in_flight.load() < account.max_concurrency;
      const bool asked = std::ranges::count(need.asked, i) > 0;
      if (well && free && !asked && account.serves(need.model)) return i;
    }
    return std::nullopt;
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
  /// It can't be had; true: because it rests.
  bool rests_or_is_taken(const Need& need, std::size_t i) {
    const Account& account = world_.accounts[i];
    const bool full =
        account.max_concurrency > 0 && account.state->in_flight.load() >= account.max_concurrency;
    if (full || !account.serves(need.model) || std::ranges::count(need.asked, i) > 0) return false;
    const auto is = account.state->health.availability(
        need.at.now, model_hash(account.upstream_model(need.model)));
    EXPECT_TRUE(is == Availability::resting || is == Availability::probing) << account.name;
    return is == Availability::resting;
  }
  /// Nobody is turned away while there is someone to go to.
  void check_refusal(const Need& need, const Unavailable& refused) {
    for (std::size_t i = 0; i < world_.accounts.size(); ++i) {
      if (rests_or_is_taken(need, i)) EXPECT_NE(refused.why, Unavailable::Why::nobody);
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
  std::uint64_t stayed_ = 0;
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

}  // namespace
}  // namespace sluice::routing::simulation

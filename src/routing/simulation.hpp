#pragma once
/// A world for tests of choosing: accounts, a clock that is moved by hand, chance from a seed, and what each account would answer.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "routing/account_pool.hpp"

namespace sluice::routing::simulation {

/// `usual`, or what SLUICE_SEED says: a failing test prints the one that it had.
inline std::uint64_t seed_or(std::uint64_t usual) {
  const char* told = std::getenv("SLUICE_SEED");
  return told == nullptr ? usual : std::strtoull(told, nullptr, 10);
}

/// A verdict by each rule, one that says nothing of the account, and one that is the client's fault.
inline std::vector<Verdict> all_verdicts() {
  const auto verdict = [](RestRule rule, Verdict::Scope scope, int rest_seconds, int streak) {
    Verdict made;
    made.other = true;
    made.scope = scope;
    made.rule = rule;
    made.rest = std::chrono::seconds(rest_seconds);
    made.rest_max = std::chrono::seconds(600);
    made.streak = streak;
    made.counts = rule == RestRule::server_error || rule == RestRule::unreachable;
    made.reason = to_string(rule);
    return made;
  };
  using Scope = Verdict::Scope;
  std::vector<Verdict> all{verdict(RestRule::unreachable, Scope::account, 30, 3),
                           verdict(RestRule::server_error, Scope::account, 30, 3),
                           verdict(RestRule::rate_limited, Scope::model, 60, 1),
                           verdict(RestRule::overloaded, Scope::model, 30, 1),
                           verdict(RestRule::quota, Scope::account, 3600, 1),
                           verdict(RestRule::forbidden, Scope::account, 600, 1),
                           verdict(RestRule::unauthorized, Scope::account, 300, 1),
                           verdict(RestRule::model_missing, Scope::model, 3600, 1),
                           verdict(RestRule::rate_limited, Scope::account, 60, 1)};
  all.back().told = std::chrono::seconds(2);
  Verdict nothing;
  nothing.other = true;
  all.push_back(nothing);
  Verdict clients;
  clients.clients_fault = true;
  all.push_back(clients);
  return all;
}

inline meter::TokenCounts cached(std::int64_t read, std::int64_t written) {
  meter::TokenCounts made;
  made.cache_read = Tokens(read);
  made.cache_write_5m = Tokens(written);
  return made;
}

class World {
 public:
  explicit World(std::uint64_t seed) : random(seed) {}

  Account& add(const std::string& name, int weight = 1, int cap = 0) {
    Account made;
    made.id = AccountId(name);
    made.name = name;
    made.dialect = "anthropic";
    made.weight = weight;
    made.max_concurrency = cap;
    made.pools = {"default"};
    auto& state = states_[name];
    if (!state) state = std::make_shared<AccountState>(made.id, name, line, events);
    made.state = state;
    accounts.push_back(std::move(made));
    return accounts.back();
  }
  /// To be called after each change of `accounts`. Leases of an older one are good as long as it.
  const AccountPool& build() {
    pool = std::make_shared<AccountPool>(accounts, memory);
    EXPECT_EQ(pool->route({"default"}), 0U);
    return *pool;
  }
  [[nodiscard]] Moment at() const { return {.now = clock.now(), .wall = clock.wall_now()}; }
  [[nodiscard]] Need need(SessionHash session) {
    return {.dialect = "anthropic",
            .model = "claude",
            .at = at(),
            .session = session,
            .draw = random.next()};
  }
  /// One request that all goes well for; the name of the account that had it.
  std::string serve(SessionHash session) {
    auto lease = pool->lease(need(session));
    if (!lease) return "";
    lease->succeeded(at(), Milliseconds(500));
    return accounts[lease->index()].name;
  }
  [[nodiscard]] std::vector<SessionHash> sessions(std::size_t count) {
    std::vector<SessionHash> made(count);
    for (SessionHash& session : made) session = random.next() | 1U;
    return made;
  }
  [[nodiscard]] int weight() const {
    int sum = 0;
    for (const Account& account : accounts) sum += account.weight;
    return sum;
  }

  SeededRandom random;
  ManualClock clock;
  net::FairLine line;
  std::shared_ptr<StateEvents> events = std::make_shared<StateEvents>();
  std::shared_ptr<RoutingMemory> memory = std::make_shared<RoutingMemory>();
  std::vector<Account> accounts;
  std::shared_ptr<AccountPool> pool;

 private:
  std::map<std::string, std::shared_ptr<AccountState>> states_;
};

}  // namespace sluice::routing::simulation

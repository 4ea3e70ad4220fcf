#include "routing/account_choice.hpp"

#include <algorithm>
#include <array>

#include "routing/simulation.hpp"

namespace sluice::routing {
namespace {

using simulation::World;
using std::chrono::minutes;
using std::chrono::seconds;
using Why = Unavailable::Why;

Verdict resting(seconds rest, Verdict::Scope scope = Verdict::Scope::account) {
  Verdict made;
  made.other = true;
  made.scope = scope;
  made.rule = RestRule::rate_limited;
  made.told = rest;
  return made;
}

class AccountChoiceTest : public testing::Test {
 protected:
  AccountHealth& health(const std::string& name) { return account(name).state->health; }
  Account& account(const std::string& name) {
    return *std::ranges::find(world_.accounts, name, &Account::name);
  }
  void rest(const std::string& name, seconds time) {
    health(name).failed(world_.at(), "claude", resting(time), 0);
  }
  void become_slow(const std::string& name) {
    for (int i = 0; i < 20; ++i) {
      health(name).succeeded(world_.at(), "claude", seconds(20), seconds(1));
    }
    ASSERT_TRUE(health(name).slow(world_.clock.now()));
  }
  std::string name_of(const std::expected<AccountLease, Unavailable>& lease) {
    return lease ? world_.accounts[lease->index()].name : std::string("nobody");
  }
  /// A conversation whose first choice is that account.
  SessionHash session_at(const std::string& name) {
    for (;;) {
      const SessionHash session = world_.random.next() | 1U;
      World fresh(1);
      fresh.accounts = world_.accounts;
      fresh.clock = world_.clock;
      if (name_of(fresh.build().lease(fresh.need(session))) == name) return session;
    }
  }
  Why why(const Need& need) {
    const auto lease = world_.pool->lease(need);
    EXPECT_FALSE(lease);
    return lease ? Why::nobody : lease.error().why;
  }

  World world_{1};
};

TEST_F(AccountChoiceTest, AConversationStaysWithTheAccountThatAnsweredIt) {
  for (const char* name : {"a", "b", "c"}) world_.add(name);
  world_.build();
  const SessionHash session = session_at("a");
  world_.memory->sessions.put(session, account("c").state->hash, world_.clock.now());
  for (int i = 0; i < 10; ++i) {
    world_.clock.advance(minutes(20));
    EXPECT_EQ(world_.serve(session), "c");
  }
}

TEST_F(AccountChoiceTest, AConversationLeavesAFullAccountAndStaysWhereItWent) {
  world_.add("a", 1, 1);
  world_.add("b");
  world_.build();
  const SessionHash session = session_at("a");
  const auto taken = world_.pool->lease(world_.need(session));
  EXPECT_EQ(world_.serve(session), "b");
  EXPECT_EQ(world_.serve(session), "b");
}

TEST_F(AccountChoiceTest, AConversationLeavesARestingAccount) {
  for (const char* name : {"a", "b"}) world_.add(name);
  world_.build();
  const SessionHash session = session_at("a");
  rest("a", seconds(60));
  EXPECT_EQ(world_.serve(session), "b");
  world_.clock.advance(seconds(61));
  EXPECT_EQ(world_.serve(session), "b");
}

TEST_F(AccountChoiceTest, ASlowAccountIsTheLastChoiceAndStillOne) {
  for (const char* name : {"a", "b"}) world_.add(name);
  world_.build();
  const SessionHash session = session_at("a");
  EXPECT_EQ(world_.serve(session), "a");
  become_slow("a");
  EXPECT_EQ(world_.serve(session), "b");
  EXPECT_EQ(world_.serve(0), "b");
  rest("b", seconds(10));
  EXPECT_EQ(world_.serve(session), "a");
  EXPECT_EQ(world_.serve(0), "a");
}

TEST_F(AccountChoiceTest, ASlowAccountOfABetterClassComesBeforeAWorseClass) {
  for (const char* name : {"a", "spare"}) world_.add(name);
  account("spare").priority = 20;
  world_.build();
  become_slow("a");
  EXPECT_EQ(world_.serve(session_at("a")), "a");
  EXPECT_EQ(world_.serve(0), "a");
}

TEST_F(AccountChoiceTest, GoesBackToTheBetterClassOnlyWhenItIsCold) {
  for (const char* name : {"a", "spare"}) world_.add(name);
  account("spare").priority = 20;
  world_.build();
  const SessionHash session = session_at("a");
  rest("a", seconds(5));
  EXPECT_EQ(world_.serve(session), "spare");
  world_.clock.advance(seconds(10));
  EXPECT_EQ(world_.serve(0), "a");  // the probe: it is well
  EXPECT_EQ(world_.serve(session), "spare");
  world_.clock.advance(SessionTable::cold_after);
  EXPECT_EQ(world_.serve(session), "a");
}

TEST_F(AccountChoiceTest, TheFirstWhoseChoiceItIsFindsOutWhetherAnAccountIsWell) {
  for (const char* name : {"a", "b"}) world_.add(name);
  world_.build();
  rest("a", seconds(10));
  world_.clock.advance(seconds(11));
  auto probe = world_.pool->lease(world_.need(session_at("a")));
  EXPECT_EQ(name_of(probe), "a");
  EXPECT_TRUE(probe->is_probe());
  EXPECT_EQ(world_.serve(session_at("b")), "b");
  EXPECT_EQ(name_of(world_.pool->lease(world_.need(0))), "b");
  probe->release();
  auto next = world_.pool->lease(world_.need(session_at("a")));
  EXPECT_TRUE(next->is_probe());
  next->succeeded(world_.at(), Milliseconds(500));
  EXPECT_EQ(name_of(world_.pool->lease(world_.need(session_at("a")))), "a");
}

TEST_F(AccountChoiceTest, ARequestThatFailedOnceGoesWhereOthersWereAnswered) {
  for (const char* name : {"a", "b", "c"}) world_.add(name);
  world_.build();
  Verdict cut;
  cut.other = true;
  cut.scope = Verdict::Scope::account;
  cut.rest = seconds(30);
  cut.streak = 3;
  health("b").failed(world_.at(), "claude", cut, 0);
  const std::array<std::size_t, 1> asked{0};
  for (int i = 0; i < 50; ++i) {
    Need need = world_.need(i % 2 == 0 ? 0 : world_.random.next());
    need.asked = asked;
    auto lease = world_.pool->lease(need);
    EXPECT_EQ(name_of(lease), "c");
    EXPECT_FALSE(lease->is_guess());
  }
  const std::array<std::size_t, 2> both{0, 2};
  Need need = world_.need(0);
  need.asked = both;
  auto lease = world_.pool->lease(need);
  EXPECT_EQ(name_of(lease), "b");
  EXPECT_TRUE(lease->is_guess());
}

TEST_F(AccountChoiceTest, ARequestThatFailedOnceGoesToAWorseClassBeforeItGuesses) {
  for (const char* name : {"a", "b", "spare"}) world_.add(name);
  account("spare").priority = 20;
  world_.build();
  Verdict passing;
  passing.streak = 3;
  for (const char* name : {"a", "b"}) health(name).failed(world_.at(), "claude", passing, 0);
  const std::array<std::size_t, 1> asked{0};
  for (const SessionHash session : {SessionHash{0}, session_at("b")}) {
    Need need = world_.need(session);
    EXPECT_NE(name_of(world_.pool->lease(need)), "spare");
    need.asked = asked;
    EXPECT_EQ(name_of(world_.pool->lease(need)), "spare");
  }
  // Where nobody is well the better class is the better guess.
  health("spare").failed(world_.at(), "claude", passing, 0);
  Need need = world_.need(0);
  need.asked = asked;
  EXPECT_EQ(name_of(world_.pool->lease(need)), "b");
}

TEST_F(AccountChoiceTest, SaysWhyNobodyIsToBeHad) {
  world_.add("a", 1, 1).models = {"claude*"};
  world_.add("b", 1, 1).models = {"claude*"};
  world_.build();
  Need need = world_.need(0);
  need.model = "gpt";
  EXPECT_EQ(why(need), Why::nobody);

  need = world_.need(0);
  const std::array<std::size_t, 2> both{0, 1};
  need.asked = both;
  EXPECT_EQ(why(need), Why::asked);

  rest("a", seconds(60));
  rest("b", seconds(20));
  const auto refused = world_.pool->lease(world_.need(0));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().why, Why::resting);
  EXPECT_EQ(refused.error().soonest, world_.clock.now() + seconds(20));

  world_.clock.advance(seconds(21));
  auto probe = world_.pool->lease(world_.need(0));
  ASSERT_TRUE(probe);
  EXPECT_EQ(why(world_.need(0)), Why::probing);
  probe->succeeded(world_.at(), Milliseconds(500));
  EXPECT_EQ(why(world_.need(0)), Why::full);
}

TEST_F(AccountChoiceTest, APinnedRequestGoesThereOrNowhere) {
  world_.add("a", 1, 1);
  world_.add("b");
  world_.build();
  const AccountId a("a");
  const AccountId gone("gone");
  Need need = world_.need(session_at("b"));
  need.pinned = &a;
  {
    auto lease = world_.pool->lease(need);
    EXPECT_EQ(name_of(lease), "a");
    EXPECT_EQ(why(need), Why::full);
  }
  become_slow("a");
  EXPECT_EQ(name_of(world_.pool->lease(need)), "a");
  rest("a", seconds(30));
  EXPECT_EQ(why(need), Why::resting);
  need.pinned = &gone;
  EXPECT_EQ(why(need), Why::nobody);
}

TEST_F(AccountChoiceTest, ANewConversationGoesWhereItsPromptIsWarm) {
  for (int i = 0; i < 20; ++i) world_.add("account-" + std::to_string(i));
  world_.build();
  const meter::PromptPrefix system{
      .hash = 5, .bytes = 40000, .life = meter::CacheLife::five_minutes};
  meter::TokenCounts written;
  written.cache_write_5m = Tokens(10000);
  world_.memory->prompt_cache.learn(account("account-7").state->hash, model_hash("claude"),
                                    {&system, 1}, written, world_.clock.now());
  const auto went_to_7 = [&](const meter::PromptPrefix& prefix) {
    int there = 0;
    for (int i = 0; i < 3; ++i) {
      Need need = world_.need(world_.random.next());
      need.prefixes = {&prefix, 1};
      there += name_of(world_.pool->lease(need)) == "account-7" ? 1 : 0;
    }
    return there;
  };
  EXPECT_EQ(went_to_7(system), 3);
  meter::PromptPrefix small = system;
  small.bytes = AccountChoice::warm_bytes_min - 1;
  EXPECT_LT(went_to_7(small), 3);
  world_.clock.advance(minutes(5));
  EXPECT_LT(went_to_7(system), 3);
}

TEST_F(AccountChoiceTest, WarmthCrowdsNoAccount) {
  for (int i = 0; i < 10; ++i) world_.add("account-" + std::to_string(i));
  world_.build();
  const meter::PromptPrefix system{.hash = 5, .bytes = 40000, .life = meter::CacheLife::one_hour};
  meter::TokenCounts written;
  written.cache_write_1h = Tokens(10000);
  world_.memory->prompt_cache.learn(account("account-7").state->hash, model_hash("claude"),
                                    {&system, 1}, written, world_.clock.now());
  for (int i = 0; i < 500; ++i) {
    Need need = world_.need(world_.random.next());
    need.prefixes = {&system, 1};
    auto lease = world_.pool->lease(need);
    lease->succeeded(world_.at(), Milliseconds(500));
  }
  EXPECT_LE(world_.memory->sessions.count_of(account("account-7").state->hash).load(), 57);
}

TEST_F(AccountChoiceTest, WithoutAConversationTheFasterOfEquallyBusyOnes) {
  for (const char* name : {"fast", "tardy"}) world_.add(name);
  world_.build();
  for (int i = 0; i < 20; ++i) {
    health("fast").succeeded(world_.at(), "claude", Milliseconds(400), Milliseconds(0));
    health("tardy").succeeded(world_.at(), "claude", Milliseconds(2000), Milliseconds(0));
  }
  for (int i = 0; i < 20; ++i) EXPECT_EQ(name_of(world_.pool->lease(world_.need(0))), "fast");
  std::vector<AccountLease> busy;
  for (int i = 0; i < 10; ++i) busy.push_back(std::move(*world_.pool->lease(world_.need(0))));
  EXPECT_GE(account("tardy").state->in_flight.load(), 4);
}

TEST_F(AccountChoiceTest, WithoutAConversationIdleAccountsTakeTurnsByWeight) {
  world_.add("heavy", 3);
  world_.add("light", 1);
  world_.build();
  int heavy = 0;
  for (int i = 0; i < 4000; ++i) heavy += world_.serve(0) == "heavy" ? 1 : 0;
  EXPECT_NEAR(heavy, 3000, 120);
}

TEST_F(AccountChoiceTest, NamesOfOneModelOfTheProviderRestTogether) {
  world_.add("a").model_map = {{"sonnet", "claude-x"}};
  world_.build();
  health("a").failed(world_.at(), "claude-x", resting(seconds(60), Verdict::Scope::model), 0);
  for (const char* model : {"sonnet", "claude-x"}) {
    Need need = world_.need(0);
    need.model = model;
    EXPECT_EQ(why(need), Why::resting) << model;
  }
  Need other = world_.need(0);
  other.model = "claude-y";
  EXPECT_EQ(name_of(world_.pool->lease(other)), "a");
}

TEST_F(AccountChoiceTest, ThoseThatServeAModelShareItAmongThemselves) {
  for (int i = 0; i < 100; ++i) {
    world_.add("account-" + std::to_string(i)).models = {i % 10 == 0 ? "claude" : "other"};
  }
  world_.build();
  int without_session = 0;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_NE(world_.serve(world_.random.next()), "");
    without_session += world_.serve(0).empty() ? 0 : 1;
  }
  EXPECT_EQ(without_session, 1000);
  for (std::size_t i = 0; i < 100; i += 10) {
    const auto& state = *world_.accounts[i].state;
    EXPECT_NEAR(world_.memory->sessions.count_of(state.hash).load(), 100, 15);
  }
}

TEST_F(AccountChoiceTest, FindsTheOnlyOneThatIsWellAmongMany) {
  for (int i = 0; i < 200; ++i) {
    const std::string name = "account-" + std::to_string(i);
    world_.add(name);
    if (i != 137) rest(name, seconds(60));
  }
  world_.build();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(world_.serve(world_.random.next()), "account-137");
    EXPECT_EQ(world_.serve(0), "account-137");
  }
}

TEST_F(AccountChoiceTest, WhatRestingAccountsHadIsSharedByTheOthers) {
  for (int i = 0; i < 20; ++i) world_.add("account-" + std::to_string(i));
  world_.build();
  const auto sessions = world_.sessions(2000);
  for (const SessionHash session : sessions) world_.serve(session);
  for (int i = 0; i < 15; ++i) rest("account-" + std::to_string(i), seconds(600));
  for (const SessionHash session : sessions) world_.serve(session);
  for (int i = 15; i < 20; ++i) {
    const auto& state = *world_.accounts[static_cast<std::size_t>(i)].state;
    EXPECT_NEAR(world_.memory->sessions.count_of(state.hash).load(), 400, 80);
  }
}

}  // namespace
}  // namespace sluice::routing

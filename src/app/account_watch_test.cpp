#include "app/account_watch.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "admin/account_live.hpp"
#include "app/account_rests.hpp"
#include "base/clock.hpp"
#include "store/testing.hpp"

namespace sluice::app {
namespace {

using routing::Condition;
using routing::RestRule;
using std::chrono::minutes;
using std::chrono::seconds;
using store::AccountRest;
using store::testing::value_of;

/// A watch over two accounts, in a new store, by a clock that the test moves.
class AccountWatchTest : public testing::Test {
 protected:
  AccountWatchTest() { watch_.use(accounts({"main", "other"}), {}); }

  std::vector<WatchedAccount> accounts(const std::vector<std::string>& names) {
    std::vector<WatchedAccount> out;
    for (const std::string& name : names) {
      const AccountId id("id-" + name);
      auto& state = states_[name];
      if (!state) state = std::make_shared<routing::AccountState>(id, name, line_, events_);
      out.push_back({.id = id, .name = name, .state = state});
    }
    return out;
  }
  routing::AccountHealth& health(const std::string& name) { return states_.at(name)->health; }
  [[nodiscard]] routing::Moment moment() const {
    return {.now = clock_.now(), .wall = clock_.wall_now()};
  }
  /// A failure after which the account, or `model` on it, rests.
  void fail(const std::string& name, RestRule rule, Milliseconds rest,
            const std::string& model = "") {
    routing::Verdict verdict;
    verdict.scope =
        model.empty() ? routing::Verdict::Scope::account : routing::Verdict::Scope::model;
    verdict.rule = rule;
    verdict.told = rest;
    verdict.reason = std::string(to_string(rule));
    if (rest.count() == 0) {
      verdict.told.reset();
      verdict.for_good = true;
      verdict.alert = true;
    }
    health(name).failed(moment(), model.empty() ? "claude-x" : model, verdict, 0);
  }
  void pass(Milliseconds time) {
    clock_.advance(time);
    watch_.look(moment());
  }
  std::vector<AccountRest> rests() {
    return store::testing::read(*database_,
                                [](store::Transaction& t) { return store::AccountRests(t).all(); });
  }
  std::optional<admin::AccountLive> live(const std::string& name) {
    const auto rows = store::testing::read(*database_, [&](store::Transaction& t) {
      return store::AccountFigureTable(t).of("id-" + name, clock_.wall_now());
    });
    if (rows.empty()) return {};
    return admin::parse_live(rows.front().figures);
  }

  store::testing::Folder folder_;
  std::unique_ptr<store::Database> database_ = [this] {
    store::DatabaseOptions options;
    options.data_dir = folder_.path();
    return value_of(store::Database::open(options));
  }();
  ManualClock clock_;
  SeededRandom random_{1};
  net::FairLine line_;
  std::shared_ptr<routing::StateEvents> events_ = std::make_shared<routing::StateEvents>();
  std::map<std::string, std::shared_ptr<routing::AccountState>> states_;
  std::vector<Alert> alerts_;
  AccountWatch watch_{*database_, *events_, random_, NodeName{"N1", "relay-1"},
                      [this](Alert alert) { alerts_.push_back(std::move(alert)); }};
};

TEST_F(AccountWatchTest, WhatRestsForLongIsWrittenDownAtOnceAndToldOf) {
  pass(seconds(1));
  fail("main", RestRule::unauthorized, Milliseconds(0));
  pass(Milliseconds(200));

  ASSERT_EQ(rests().size(), 1U);
  EXPECT_EQ(rests().front().account, "id-main");
  EXPECT_EQ(rests().front().state, "unauthorized");
  EXPECT_FALSE(rests().front().until);
  ASSERT_EQ(alerts_.size(), 1U);
  EXPECT_EQ(alerts_.front().event, AlertEvent::unauthorized);
  EXPECT_EQ(alerts_.front().account, "main");
  EXPECT_EQ(alerts_.front().node, "relay-1");
  EXPECT_TRUE(alerts_.front().urgent);
  EXPECT_EQ(watch_.counts().at(static_cast<std::size_t>(Condition::unauthorized)), 1U);
  EXPECT_EQ(live("main")->rests.size(), 1U);
}

TEST_F(AccountWatchTest, AShortPauseIsShownButNeitherWrittenDownNorTold) {
  fail("main", RestRule::rate_limited, seconds(20));
  pass(Milliseconds(200));
  EXPECT_TRUE(rests().empty());
  EXPECT_TRUE(alerts_.empty());
  EXPECT_EQ(live("main")->rests.size(), 1U);

  health("main").lift(moment(), "lifted");
  pass(Milliseconds(200));
  EXPECT_TRUE(alerts_.empty());
  EXPECT_TRUE(live("main")->rests.empty());
}

TEST_F(AccountWatchTest, ARecoveryEndsWhatWasWrittenDownAndIsTold) {
  fail("main", RestRule::rate_limited, minutes(20), "claude-x");
  pass(Milliseconds(200));
  ASSERT_EQ(rests().size(), 1U);
  EXPECT_EQ(rests().front().model, "claude-x");
  ASSERT_EQ(alerts_.size(), 1U);
  EXPECT_EQ(alerts_.front().event, AlertEvent::cooling);
  EXPECT_TRUE(alerts_.front().until);

  health("main").lift(moment(), "lifted");
  pass(Milliseconds(200));

  EXPECT_TRUE(rests().empty());
  ASSERT_EQ(alerts_.size(), 2U);
  EXPECT_EQ(alerts_.back().event, AlertEvent::recovered);
  EXPECT_EQ(alerts_.back().state, "active");
  EXPECT_EQ(alerts_.back().model, "claude-x");
}

TEST_F(AccountWatchTest, WhatEndsByItselfGoesFromTheStore) {
  fail("main", RestRule::rate_limited, minutes(2));
  pass(Milliseconds(200));
  ASSERT_EQ(rests().size(), 1U);
  pass(minutes(4));
  EXPECT_TRUE(rests().empty());
}

TEST_F(AccountWatchTest, WhatARunBeforeThisOneKnewIsKeptAndItsEndTold) {
  fail("main", RestRule::forbidden, minutes(30));
  pass(Milliseconds(200));
  const auto remembered = rests();
  auto later_events = std::make_shared<routing::StateEvents>();
  auto state =
      std::make_shared<routing::AccountState>(AccountId("id-main"), "main", line_, later_events);
  state->health.recall(moment(), routing_rest(remembered.front()).value());
  AccountWatch later(*database_, *later_events, random_, NodeName{"N2", "relay-2"},
                     [this](Alert alert) { alerts_.push_back(std::move(alert)); });

  later.use({{.id = AccountId("id-main"), .name = "main", .state = state}}, remembered);
  later.look(moment());
  EXPECT_EQ(rests(), remembered);

  state->health.lift(moment(), "lifted");
  clock_.advance(seconds(1));
  later.look(moment());
  EXPECT_TRUE(rests().empty());
  EXPECT_EQ(alerts_.back().event, AlertEvent::recovered);
}

TEST_F(AccountWatchTest, FiguresAreWrittenWhenTheyChangeAndNotTooOften) {
  pass(Milliseconds(200));
  ASSERT_TRUE(live("main"));
  states_.at("main")->in_flight = 3;
  pass(Milliseconds(200));
  EXPECT_EQ(live("main")->in_flight, 0);
  pass(seconds(2));
  EXPECT_EQ(live("main")->in_flight, 3);
  // Nothing changes any more, and yet they hold.
  for (int i = 0; i < 30; ++i) pass(seconds(1));
  EXPECT_EQ(live("main")->in_flight, 3);
}

TEST_F(AccountWatchTest, WhoIsNotUsedAnyMoreHasNoFigures) {
  pass(Milliseconds(200));
  ASSERT_TRUE(live("other"));
  watch_.use(accounts({"main"}), {});
  pass(Milliseconds(200));
  EXPECT_FALSE(live("other"));
  EXPECT_TRUE(live("main"));
}

TEST_F(AccountWatchTest, AServerThatStopsLeavesTheRestsAndTakesItsFigures) {
  fail("main", RestRule::forbidden, minutes(30));
  pass(Milliseconds(200));
  watch_.leave();
  EXPECT_EQ(rests().size(), 1U);
  EXPECT_FALSE(live("main"));
}

TEST_F(AccountWatchTest, WhatOthersHaveWrittenAboutTheirAccountsStays) {
  store::testing::write(*database_, [](store::Transaction& t) {
    store::AccountRests(t).put({.account = "id-elsewhere",
                                .model = "",
                                .state = "blocked",
                                .rule = "quota",
                                .reason = "",
                                .since = {},
                                .until = {}});
    return true;
  });
  pass(seconds(3));
  EXPECT_EQ(rests().size(), 1U);
}

TEST_F(AccountWatchTest, AlertsNeedNoStore) {
  pass(Milliseconds(200));
  store::testing::write(*database_, [](store::Transaction& t) {
    store::AccountFigureTable(t).leave("N1");
    return true;
  });
  std::filesystem::remove_all(folder_.path());
  fail("main", RestRule::quota, Milliseconds(0));
  pass(Milliseconds(200));
  ASSERT_EQ(alerts_.size(), 1U);
  EXPECT_EQ(alerts_.front().event, AlertEvent::blocked);
}

TEST(AccountRests, WordsOfAnotherVersionAreNotUnderstood) {
  AccountRest rest{.account = "a",
                   .model = "",
                   .state = "cooling",
                   .rule = "rate_limited",
                   .reason = "r",
                   .since = {},
                   .until = {}};
  EXPECT_TRUE(routing_rest(rest));
  rest.rule = "tired";
  EXPECT_FALSE(routing_rest(rest));
  rest.rule = "quota";
  rest.state = "ready";
  EXPECT_FALSE(routing_rest(rest));
}

}  // namespace
}  // namespace sluice::app

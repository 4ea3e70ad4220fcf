#include "admin/account_live.hpp"

#include "admin/testing.hpp"

namespace sluice::admin {
namespace {

using namespace admin::testing;
using std::chrono::seconds;
using store::AccountRest;

constexpr WallTime noon{std::chrono::hours(480000)};

AccountRest cooling(std::string model, seconds for_so_long) {
  return {.account = "A1",
          .model = std::move(model),
          .state = "cooling",
          .rule = "rate_limited",
          .reason = "429",
          .since = noon,
          .until = noon + for_so_long,
          .level = 1};
}

store::AccountFigures of_node(const std::string& node, const AccountLive& live) {
  return {.account = "A1", .node = node, .figures = live_text(live)};
}

TEST(AccountLive, SurvivesItsWayThroughTheStore) {
  AccountLive live;
  live.in_flight = 3;
  live.first_event_ms = 812;
  live.slow = true;
  live.error_rate = 0.125;
  live.attempts_30s = 8;
  live.attempts = 100;
  live.failures = 2;
  live.cache_hits = 7;
  live.cache_misses = 1;
  live.cache_saved_tokens = 90;
  live.rests = {cooling("claude-x", seconds(30))};

  const auto back = parse_live(live_text(live));

  ASSERT_TRUE(back);
  EXPECT_EQ(live_text(*back), live_text(live));
  EXPECT_EQ(back->rests.at(0).until, live.rests.at(0).until);
}

TEST(AccountLive, WhatIsNoDocumentIsPassedOver) {
  for (const char* const text : {"", "[]", "{", "null"}) EXPECT_FALSE(parse_live(text)) << text;
  EXPECT_EQ(parse_live(R"({"in_flight":"many","rests":[1],"error_rate":null})")->in_flight, 0);
}

TEST(AccountLive, SeveralServersAreSeenAsOne) {
  AccountLive one;
  one.in_flight = 1;
  one.attempts_30s = 30;
  one.error_rate = 0.1;
  one.first_event_ms = 500;
  AccountLive two;
  two.in_flight = 2;
  two.attempts_30s = 10;
  two.error_rate = 0.5;
  two.first_event_ms = 900;

  const AccountNow now = account_now({}, {of_node("N1", one), of_node("N2", two)}, noon);

  ASSERT_TRUE(now.live);
  EXPECT_EQ(now.live->in_flight, 3);
  EXPECT_EQ(now.live->first_event_ms, 900);
  EXPECT_DOUBLE_EQ(now.live->error_rate, 0.2);
}

TEST(AccountLive, OfTwoRestsTheLongerOneIsShownAndAnEndedOneIsNot) {
  AccountLive live;
  live.rests = {cooling("", seconds(90)), cooling("claude-x", seconds(5))};
  const AccountNow now =
      account_now({cooling("", seconds(60))}, {of_node("N1", live)}, noon + seconds(10));

  ASSERT_EQ(now.rests.size(), 1U);
  ASSERT_NE(now.whole(), nullptr);
  EXPECT_EQ(now.whole()->until, noon + seconds(90));
}

TEST(AccountLive, NothingIsMadeUpWhereNobodyKnows) {
  View view{{"state", "active"}, {"state_reason", ""}};
  show_now(view, account_now({}, {}, noon));
  EXPECT_EQ(text(view, "state"), "active");
  for (const char* const name : {"state_until", "in_flight", "first_event_ms", "error_rate",
                                 "cache_hit_rate", "cache_saved_tokens"}) {
    EXPECT_TRUE(view.at(name).is_null()) << name;
  }
  EXPECT_TRUE(view.at("rests").as_array().empty());
}

class AccountNowTest : public ManagementTest {};
SLUICE_ON_SQLITE(AccountNowTest);

TEST_P(AccountNowTest, ARestingAccountSaysWhyAndUntilWhenAndALiftEndsIt) {
  const View made = make_account("main");
  const std::string id = text(made, "id");
  AccountRest rest = cooling("", seconds(600));
  rest.account = id;
  rest.until = clock_.wall_now() + seconds(600);
  AccountLive live;
  live.in_flight = 2;
  live.rests = {rest};
  store::testing::write(*database_, [&](store::Transaction& t) {
    store::AccountRests(t).put(rest);
    store::AccountFigureTable(t).seen("N1", "here", clock_.wall_now());
    store::AccountFigureTable(t).put({{.account = id, .node = "N1", .figures = live_text(live)}});
    return true;
  });

  const View seen = get(Kind::account, "main");
  EXPECT_EQ(text(seen, "state"), "cooling");
  EXPECT_EQ(text(seen, "state_reason"), "429");
  EXPECT_TRUE(seen.at("state_until").is_string());
  EXPECT_EQ(seen.at("in_flight"), 2);
  EXPECT_EQ(seen.at("rests").as_array().size(), 1U);

  clock_.advance(seconds(1));  // so that the audit log has an order
  const View after = done(management_->lift(actor_of(identity::Role::operator_), "main"));
  EXPECT_EQ(text(after, "state"), "active");
  EXPECT_EQ(text(after, "state_reason"), "");
  EXPECT_TRUE(after.at("rests").as_array().empty());
  EXPECT_EQ(after.at("in_flight"), 2);
  EXPECT_EQ(version(after), version(made));
  EXPECT_EQ(audit().front().action, "lift");
  EXPECT_EQ(audit().front().before, R"({"state":"cooling","state_reason":"429"})");
}

TEST_P(AccountNowTest, ALiftIsForOperators) {
  make_account("main");
  for (const auto role : {identity::Role::viewer, identity::Role::member}) {
    expect_refused(management_->lift(actor_of(role), "main"), Errc::not_allowed, "");
  }
  expect_refused(management_->lift(root_, "other"), Errc::not_found, "");
}

TEST_P(AccountNowTest, ADeclaredAccountIsLiftedToo) {
  auto declared = std::make_shared<Declared>();
  declared->accounts.emplace_back();
  declared->accounts.back().name = "filed";
  declared->accounts.back().id = AccountId("declared:filed");
  declared->accounts.back().declared = true;
  management_->use(declared);
  AccountRest rest = cooling("", seconds(600));
  rest.account = "declared:filed";
  rest.until.reset();
  rest.state = "blocked";
  store::testing::write(*database_, [&](store::Transaction& t) {
    store::AccountRests(t).put(rest);
    return true;
  });
  EXPECT_EQ(text(get(Kind::account, "filed"), "state"), "blocked");

  EXPECT_EQ(text(done(management_->lift(root_, "filed")), "state"), "active");

  EXPECT_EQ(text(get(Kind::account, "filed"), "state"), "active");
  EXPECT_EQ(audit().front().object, "declared:filed");
}

TEST_P(AccountNowTest, WhatServersSeeIsNoMatterOfTheAuditLog) {
  const View made = make_account("main");
  done(change(Kind::account, made, {{"priority", 3}}));
  EXPECT_EQ(audit().front().after.find("in_flight"), std::string::npos);
  EXPECT_EQ(audit().front().after.find("rests"), std::string::npos);
}

}  // namespace
}  // namespace sluice::admin

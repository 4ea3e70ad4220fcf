#include "app/webhook_sender.hpp"

#include <gtest/gtest.h>

#include "net/testing.hpp"

namespace sluice::app {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// A sender on a loop that the test turns, and a receiver that says what the test wants.
class WebhookSenderTest : public testing::Test {
 protected:
  WebhookSenderTest() { sender_.use({webhook("ops")}); }

  static WebhookConfig webhook(const char* name) {
    return {.name = name, .url = Secret("https://hooks.example/x"), .secret = {}};
  }
  static Alert alert(const std::string& account, AlertEvent event = AlertEvent::unauthorized,
                     const std::string& reason = "401") {
    static int made = 0;
    Alert out;
    out.id = "id" + std::to_string(++made);
    out.event = event;
    out.account = account;
    out.reason = reason;
    return out;
  }
  net::Task<Result<ControlAnswer>> call(ControlCall call) {
    bodies_.emplace_back(call.body.reveal());
    ControlAnswer answer;
    answer.status = statuses_.empty() ? 200 : statuses_.front();
    answer.retry_after = retry_after_;
    if (!statuses_.empty()) statuses_.erase(statuses_.begin());
    if (answer.status == 0) {
      co_return fail(Errc::upstream_unreachable, Side::provider, "connection refused");
    }
    co_return answer;
  }
  void tell(const Alert& alert) {
    sender_.tell(alert);
    sender_.tick();
    bench_.settle();
  }
  void pass(seconds time) {
    for (seconds left = time; left.count() > 0; --left) {
      bench_.pass(seconds(1));
      sender_.tick();
      bench_.settle();
    }
  }
  [[nodiscard]] bool tells(std::size_t at, std::string_view what) const {
    return bodies_.at(at).find(what) != std::string::npos;
  }

  SeededRandom random_{1};
  net::testing::ManualLoop bench_;
  std::vector<std::string> bodies_;
  std::vector<int> statuses_;
  std::string retry_after_;
  WebhookSender sender_{bench_.loop, random_,
                        [this](ControlCall one) { return call(std::move(one)); }};
};

TEST_F(WebhookSenderTest, AnAlertIsPostedAtOnce) {
  tell(alert("main"));
  ASSERT_EQ(bodies_.size(), 1U);
  EXPECT_TRUE(tells(0, R"("account":"main")"));
  EXPECT_EQ(sender_.counts().delivered, 1U);
  EXPECT_TRUE(sender_.idle());
}

TEST_F(WebhookSenderTest, WhatFailsIsPostedAgainWithTheSameIdUntilItIsTaken) {
  statuses_ = {500, 0};
  const Alert one = alert("main");
  tell(one);
  EXPECT_EQ(bodies_.size(), 1U);
  pass(seconds(2));
  EXPECT_EQ(bodies_.size(), 2U);
  pass(seconds(6));
  ASSERT_EQ(bodies_.size(), 3U);
  EXPECT_TRUE(tells(2, one.id));
  EXPECT_EQ(sender_.counts().delivered, 1U);
  pass(minutes(30));
  EXPECT_EQ(bodies_.size(), 3U);
}

TEST_F(WebhookSenderTest, ItGivesUpAfterEightTriesAndGoesOnWithTheNext) {
  statuses_ = std::vector<int>(8, 503);
  tell(alert("first"));
  tell(alert("second"));
  pass(minutes(45));
  ASSERT_EQ(bodies_.size(), 9U);
  EXPECT_TRUE(tells(8, "second"));
  EXPECT_EQ(sender_.counts().failed, 1U);
  EXPECT_EQ(sender_.counts().delivered, 1U);
}

TEST_F(WebhookSenderTest, ARefusalIsNotTriedAgain) {
  statuses_ = {404};
  tell(alert("main"));
  pass(minutes(1));
  EXPECT_EQ(bodies_.size(), 1U);
  EXPECT_EQ(sender_.counts().failed, 1U);
}

TEST_F(WebhookSenderTest, AReceiverSaysWhenToComeAgain) {
  statuses_ = {429};
  retry_after_ = "120";
  tell(alert("main"));
  pass(seconds(119));
  EXPECT_EQ(bodies_.size(), 1U);
  pass(seconds(2));
  EXPECT_EQ(bodies_.size(), 2U);
}

TEST_F(WebhookSenderTest, TheSameWithinFiveMinutesIsToldOnceAndThenWithACount) {
  for (int i = 0; i < 4; ++i) tell(alert("main"));
  tell(alert("main", AlertEvent::unauthorized, "another reason"));
  tell(alert("other"));
  EXPECT_EQ(bodies_.size(), 3U);

  tell(alert("main"));
  pass(minutes(5) + seconds(1));

  ASSERT_EQ(bodies_.size(), 4U);
  EXPECT_TRUE(tells(3, R"("account":"main")"));
  EXPECT_TRUE(tells(3, R"("repeated":3)")) << bodies_.at(3);
  pass(minutes(20));
  EXPECT_EQ(bodies_.size(), 4U);
}

TEST_F(WebhookSenderTest, WhatIsOverWhenItsTimeComesIsNotTold) {
  tell(alert("main"));
  tell(alert("main", AlertEvent::recovered));
  tell(alert("main"));
  tell(alert("main", AlertEvent::recovered));
  EXPECT_EQ(bodies_.size(), 2U);
  pass(minutes(6));
  ASSERT_EQ(bodies_.size(), 3U);
  EXPECT_TRUE(tells(2, "account.recovered"));
  tell(alert("main"));
  EXPECT_TRUE(tells(3, R"("repeated":1)")) << bodies_.at(3);
}

TEST_F(WebhookSenderTest, AWebhookGetsTheEventsItAskedFor) {
  WebhookConfig picky = webhook("picky");
  picky.events = {AlertEvent::blocked};
  sender_.use({picky});
  tell(alert("main"));
  EXPECT_TRUE(bodies_.empty());
  tell(alert("main", AlertEvent::blocked));
  EXPECT_EQ(bodies_.size(), 1U);
}

TEST_F(WebhookSenderTest, AQueueThatIsFullDropsTheOldest) {
  statuses_ = {500};
  tell(alert("first"));
  for (std::size_t i = 0; i < WebhookSender::queue_max; ++i) {
    tell(alert("later " + std::to_string(i)));
  }
  EXPECT_EQ(sender_.counts().dropped, 1U);
  pass(seconds(2));
  EXPECT_EQ(sender_.counts().delivered, WebhookSender::queue_max);
  EXPECT_TRUE(tells(1, "later 0"));
}

TEST_F(WebhookSenderTest, WhatWaitsFollowsItsWebhookThroughAReload) {
  statuses_ = {500};
  tell(alert("main"));
  WebhookConfig moved = webhook("ops");
  moved.format = WebhookFormat::slack;
  sender_.use({moved});
  pass(seconds(2));
  ASSERT_EQ(bodies_.size(), 2U);
  EXPECT_TRUE(tells(1, R"({"text")"));
  statuses_ = {500};
  tell(alert("other"));
  sender_.use({});
  EXPECT_EQ(sender_.counts().dropped, 1U);
}

TEST_F(WebhookSenderTest, AtTheEndEverythingIsTriedOnceMore) {
  statuses_ = {200, 500};
  sender_.tell(alert("first"));
  sender_.tell(alert("second"));
  sender_.finish();
  bench_.settle();
  EXPECT_EQ(sender_.counts().delivered, 1U);
  EXPECT_EQ(sender_.counts().dropped, 1U);
  EXPECT_TRUE(sender_.idle());
}

}  // namespace
}  // namespace sluice::app

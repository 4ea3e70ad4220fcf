#include "app/token_keeper.hpp"

#include <gtest/gtest.h>

#include "net/fair_line.hpp"
#include "net/testing.hpp"
#include "store/account_rests.hpp"
#include "store/testing.hpp"

namespace sluice::app {
namespace {

using provider::AccountSettings;
using std::chrono::minutes;
using std::chrono::seconds;
using store::testing::value_of;

std::string granted(const std::string& access, const std::string& more = "") {
  return R"({"access_token":")" + access + R"(","token_type":"Bearer","expires_in":600)" + more +
         "}";
}
std::string refusal(const std::string& code) { return R"({"error":")" + code + "\"}"; }

/// A keeper on a loop that the test turns, and a token endpoint that says what the test wants.
class TokenKeeperTest : public testing::Test {
 protected:
  TokenKeeperTest() { use("seed-1"); }

  void use(const char* refresh_token) {
    AccountSettings account;
    account.id = AccountId("declared:main");
    account.name = "main";
    account.declared = true;
    account.credential.kind = provider::Credential::Kind::oauth2;
    account.credential.oauth2 = {.token_url = "https://login.example/token",
                                 .client_id = "relay",
                                 .client_secret = Secret("client-secret-1"),
                                 .refresh_token = Secret(refresh_token),
                                 .scopes = {},
                                 .client_auth = provider::ClientAuth::post};
    std::vector<KeptAccount> accounts;
    accounts.push_back({account, state_, lifts_});
    account_ = account;
    keeper_.use(std::move(accounts));
  }
  net::Task<Result<ControlAnswer>> call(ControlCall call) {
    asked_.emplace_back(call.body.reveal());
    if (hold_) {
      const net::WaitFor what{.signal = &*hold_};
      co_await net::Wait(bench_.loop, bench_.timer, what);
    }
    if (answers_.empty()) {
      co_return fail(Errc::upstream_unreachable, Side::provider, "connection refused");
    }
    ControlAnswer answer = answers_.front();
    if (answers_.size() > 1) answers_.erase(answers_.begin());
    co_return answer;
  }
  void answer(int status, const std::string& body, const std::string& retry_after = "") {
    answers_.push_back({.status = status, .retry_after = retry_after, .body = Secret(body)});
  }
  /// `time` goes by, a tick each second.
  void pass(seconds time) {
    for (seconds left = time; left.count() > 0; --left) {
      bench_.pass(seconds(1));
      keeper_.tick();
      bench_.settle();
    }
  }
  std::string in_effect() {
    std::vector<AccountSettings> accounts{account_};
    EXPECT_TRUE(fill_access_tokens(*database_, *secrets_, accounts, bench_.clock.wall_now()));
    return std::string(accounts.front().credential.secret.reveal());
  }
  std::string state() {
    const auto states = store::testing::read(
        *database_, [](store::Transaction& t) { return store::AccountRests(t).all(); });
    return states.empty() ? "" : states.front().state;
  }
  [[nodiscard]] bool asked_with(std::size_t at, const std::string& refresh_token) const {
    return asked_.at(at).find("refresh_token=" + refresh_token + "&") != std::string::npos;
  }

  store::testing::Folder folder_;
  std::unique_ptr<store::Database> database_ = [this] {
    store::DatabaseOptions options;
    options.data_dir = folder_.path();
    return value_of(store::Database::open(options));
  }();
  std::unique_ptr<store::SecretBox> secrets_ =
      value_of(store::SecretBox::open(*database_, folder_.path("master.key")));
  SeededRandom random_{1};
  StoredTokens tokens_{*database_, *secrets_, "process-1"};
  StoredTokens others_tokens_{*database_, *secrets_, "process-2"};
  net::testing::ManualLoop bench_;
  net::FairLine line_;
  std::shared_ptr<routing::AccountState> state_ = std::make_shared<routing::AccountState>(
      AccountId("declared:main"), "main", line_, std::make_shared<routing::StateEvents>());
  std::int64_t lifts_ = 0;
  std::vector<std::string> asked_;
  std::vector<ControlAnswer> answers_;
  std::optional<net::Signal> hold_;
  AccountSettings account_;
  TokenKeeper keeper_{bench_.loop, tokens_, random_,
                      [this](ControlCall one) { return call(std::move(one)); }};
};

TEST_F(TokenKeeperTest, ARefusalIsToldOnceAndALiftLetsItBeTriedAgain) {
  std::vector<routing::Condition> told;
  keeper_.on_state = [&](const AccountSettings& account, routing::Condition, routing::Condition now,
                         const std::string&) {
    EXPECT_EQ(account.name, "main");
    told.push_back(now);
  };
  answer(400, refusal("invalid_grant"));
  answer(200, granted("access-1"));
  pass(seconds(10));
  EXPECT_EQ(told, std::vector{routing::Condition::unauthorized});
  EXPECT_EQ(asked_.size(), 1U);

  ++lifts_;
  use("seed-1");
  pass(seconds(1));
  EXPECT_EQ(asked_.size(), 2U);
  EXPECT_EQ(told, (std::vector{routing::Condition::unauthorized, routing::Condition::ready}));
  EXPECT_EQ(state(), "");
}

TEST_F(TokenKeeperTest, AsksAtOnceAndThenAheadOfTheEnd) {
  answer(200, granted("access-1"));
  answer(200, granted("access-2"));
  pass(seconds(1));
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_TRUE(asked_with(0, "seed-1"));
  EXPECT_EQ(in_effect(), "access-1");
  pass(seconds(460));
  EXPECT_EQ(asked_.size(), 1U);
  pass(seconds(25));  // 120 s ahead of 600 s, and up to 12 s before that
  EXPECT_EQ(asked_.size(), 2U);
  EXPECT_EQ(in_effect(), "access-2");
}

TEST_F(TokenKeeperTest, GoesOnWithARotatedToken) {
  answer(200, granted("access-1", R"(,"refresh_token":"rotated-1")"));
  answer(200, granted("access-2", R"(,"refresh_token":"rotated-2")"));
  pass(seconds(500));
  ASSERT_EQ(asked_.size(), 2U);
  EXPECT_TRUE(asked_with(1, "rotated-1"));
}

TEST_F(TokenKeeperTest, WaitsLongerAfterEachFailureAndUsesTheOldTokenMeanwhile) {
  answer(200, granted("access-1"));
  answer(503, "");
  pass(seconds(1));
  pass(seconds(590));
  // From about 470 s on, with pauses of at most 2, 4, 8, 16, 32, 64 s: far fewer than one a second.
  EXPECT_GE(asked_.size(), 4U);
  EXPECT_LE(asked_.size(), 30U);
  EXPECT_EQ(in_effect(), "access-1");
  pass(seconds(20));
  EXPECT_EQ(in_effect(), "");
  answers_.clear();
  answer(200, granted("access-2"));
  pass(seconds(300));
  EXPECT_EQ(in_effect(), "access-2");
  EXPECT_EQ(state(), "");
}

TEST_F(TokenKeeperTest, ComesBackWhenTheServerSays) {
  answer(429, "", "100");
  pass(seconds(100));
  EXPECT_EQ(asked_.size(), 1U);
  pass(seconds(3));
  EXPECT_EQ(asked_.size(), 2U);
}

TEST_F(TokenKeeperTest, TriesAgainWhereNothingAnswers) {
  pass(seconds(1));
  EXPECT_EQ(asked_.size(), 1U);
  answer(200, granted("access-1"));
  pass(seconds(3));
  EXPECT_EQ(in_effect(), "access-1");
}

TEST_F(TokenKeeperTest, AsksNoMoreAfterARefusalUntilTheCredentialIsEdited) {
  answer(400, refusal("invalid_client"));
  pass(seconds(2000));
  EXPECT_EQ(asked_.size(), 1U);
  EXPECT_EQ(state(), "unauthorized");
  use("seed-1");  // something else was edited
  pass(seconds(10));
  EXPECT_EQ(asked_.size(), 1U);

  answers_.clear();
  answer(200, granted("access-1"));
  use("seed-2");
  pass(seconds(1));
  EXPECT_EQ(state(), "");
  EXPECT_EQ(in_effect(), "access-1");
}

TEST_F(TokenKeeperTest, TriesTheRefreshTokenBeforeOnceWhereTheNewestIsRefused) {
  answer(200, granted("access-1", R"(,"refresh_token":"rotated-1")"));
  answer(400, refusal("invalid_grant"));
  answer(200, granted("access-2"));
  pass(seconds(500));
  ASSERT_EQ(asked_.size(), 3U);
  EXPECT_TRUE(asked_with(1, "rotated-1"));
  EXPECT_TRUE(asked_with(2, "seed-1"));
  EXPECT_EQ(in_effect(), "access-2");
  pass(seconds(500));
  EXPECT_TRUE(asked_with(3, "seed-1"));
}

TEST_F(TokenKeeperTest, IsRefusedWhenBothRefreshTokensAre) {
  answer(200, granted("access-1", R"(,"refresh_token":"rotated-1")"));
  answer(400, refusal("invalid_grant"));
  pass(seconds(1000));
  EXPECT_EQ(asked_.size(), 3U);
  EXPECT_EQ(state(), "unauthorized");
}

TEST_F(TokenKeeperTest, RefreshesWhereAProviderRefusedTheToken) {
  answer(200, granted("access-1"));
  answer(200, granted("access-2"));
  pass(seconds(100));
  ASSERT_EQ(asked_.size(), 1U);
  state_->wants_refresh = true;
  pass(seconds(1));
  EXPECT_EQ(asked_.size(), 2U);
  EXPECT_EQ(in_effect(), "access-2");
  // A provider that refuses the fresh one too gets no other.
  keeper_.ask_soon(AccountId("declared:main"));
  pass(seconds(30));
  EXPECT_EQ(asked_.size(), 2U);
}

TEST_F(TokenKeeperTest, LeavesAnAccountToTheProcessThatIsAtIt) {
  const auto turn = value_of(
      others_tokens_.take_turn(account_, StoredTokens::Why::due, bench_.clock.wall_now(), random_));
  answer(200, granted("mine"));
  pass(seconds(10));
  EXPECT_TRUE(asked_.empty());
  const WallTime now = bench_.clock.wall_now();
  provider::FreshAccess theirs;
  theirs.access_token = Secret("theirs");
  ASSERT_TRUE(value_of(others_tokens_.keep(account_, turn, theirs, now + minutes(10), now)));
  pass(seconds(60));
  EXPECT_TRUE(asked_.empty());
  EXPECT_EQ(in_effect(), "theirs");
}

TEST_F(TokenKeeperTest, DropsTheAnswerToACredentialThatWasEditedMeanwhile) {
  hold_.emplace();
  answer(200, granted("old"));
  pass(seconds(1));
  ASSERT_EQ(asked_.size(), 1U);
  use("seed-2");
  pass(seconds(1));
  EXPECT_EQ(asked_.size(), 1U);  // one at a time
  hold_->fire();
  bench_.settle();
  hold_.reset();
  answers_.clear();
  answer(200, granted("new"));
  pass(seconds(2));
  EXPECT_TRUE(asked_with(1, "seed-2"));
  EXPECT_EQ(in_effect(), "new");
}

TEST_F(TokenKeeperTest, FinishesWhatItBeganAndBeginsNothingMore) {
  hold_.emplace();
  answer(200, granted("access-1"));
  pass(seconds(1));
  keeper_.finish();
  EXPECT_FALSE(keeper_.idle());
  hold_->fire();
  bench_.settle();
  EXPECT_TRUE(keeper_.idle());
  EXPECT_EQ(in_effect(), "access-1");
  pass(seconds(1000));
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(TokenKeeperTest, AsksNothingForAccountsThatAreDisabledOrGone) {
  keeper_.use({});
  pass(seconds(5));
  EXPECT_TRUE(asked_.empty());
}

}  // namespace
}  // namespace sluice::app

#include "app/stored_tokens.hpp"

#include <gtest/gtest.h>

#include "store/account_rests.hpp"
#include "store/properties.hpp"
#include "store/testing.hpp"
#include "store/watcher.hpp"

namespace sluice::app {
namespace {

using provider::AccountSettings;
using provider::FreshAccess;
using std::chrono::minutes;
using std::chrono::seconds;
using store::testing::value_of;
using Turn = StoredTokens::Turn;
using Why = StoredTokens::Why;

constexpr WallTime start = WallTime(seconds(1'700'000'000));

AccountSettings declared(const char* refresh_token = "seed-1") {
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
                               .client_auth = provider::ClientAuth::basic};
  return account;
}

FreshAccess fresh(const char* access, const char* rotated = "") {
  return {.access_token = Secret(access),
          .lifetime = minutes(60),
          .refresh_token = Secret(rotated),
          .scope = ""};
}

/// A store, and two processes that use it.
class StoredTokensTest : public testing::Test {
 protected:
  Turn turn(StoredTokens& process, const AccountSettings& account, WallTime now, Why why = Why::due,
            WallTime forgiven_until = {}) {
    return value_of(process.take_turn(account, why, now, random_, forgiven_until));
  }
  /// Asks and keeps what the server gave.
  void refresh(const AccountSettings& account, const FreshAccess& got, WallTime now) {
    const Turn ours = turn(one_, account, now, Why::refused);
    ASSERT_EQ(ours.kind, Turn::Kind::ask);
    ASSERT_TRUE(value_of(one_.keep(account, ours, got, now + minutes(60), now)));
  }
  std::string in_effect(AccountSettings account, WallTime now) {
    std::vector<AccountSettings> accounts;
    accounts.push_back(std::move(account));
    EXPECT_TRUE(fill_access_tokens(*database_, *secrets_, accounts, now));
    return std::string(accounts.front().credential.secret.reveal());
  }
  std::string state() {
    const auto states = store::testing::read(
        *database_, [](store::Transaction& t) { return store::AccountRests(t).all(); });
    return states.empty() ? "" : states.front().state + ": " + states.front().reason;
  }
  std::int64_t revision() {
    return store::testing::read(*database_,
                                [](store::Transaction& t) { return store::revision(t); });
  }
  void put(const AccountSettings& account, const char* name, const char* secret) {
    store::testing::write(*database_, [&](store::Transaction& t) {
      return secrets_->put(t, account.id.str(), name, Secret(secret), start).has_value();
    });
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
  StoredTokens one_{*database_, *secrets_, "process-1"};
  StoredTokens two_{*database_, *secrets_, "process-2"};
};

TEST_F(StoredTokensTest, BeginWithTheRefreshTokenOfTheFile) {
  const Turn first = turn(one_, declared(), start);
  EXPECT_EQ(first.kind, Turn::Kind::ask);
  EXPECT_EQ(first.ask.refresh_token.reveal(), "seed-1");
  EXPECT_EQ(in_effect(declared(), start), "");
}

TEST_F(StoredTokensTest, AreInEffectUntilTheirEnd) {
  const auto before = revision();
  refresh(declared(), fresh("access-1"), start);
  EXPECT_GT(revision(), before);
  EXPECT_EQ(in_effect(declared(), start + minutes(59)), "access-1");
  EXPECT_EQ(in_effect(declared(), start + minutes(60)), "");
}

TEST_F(StoredTokensTest, AreAskedForByOneProcessAtATime) {
  ASSERT_EQ(turn(one_, declared(), start).kind, Turn::Kind::ask);
  EXPECT_EQ(turn(two_, declared(), start).kind, Turn::Kind::busy);
  // The other died meanwhile.
  EXPECT_EQ(turn(two_, declared(), start + StoredTokens::lease_max).kind, Turn::Kind::ask);
}

TEST_F(StoredTokensTest, AreTakenOverWhenAnotherProcessHasJustFetchedThem) {
  refresh(declared(), fresh("access-1", "rotated-1"), start);
  const Turn other = turn(two_, declared(), start + seconds(1));
  EXPECT_EQ(other.kind, Turn::Kind::fresh);
  EXPECT_GE(other.due, start + minutes(48));
  EXPECT_LE(other.due, start + minutes(50));
  EXPECT_EQ(other.expires, start + minutes(60));
}

TEST_F(StoredTokensTest, AreAskedForWithTheNewestRefreshToken) {
  refresh(declared(), fresh("access-1", "rotated-1"), start);
  const Turn next = turn(two_, declared(), start + minutes(51));
  ASSERT_EQ(next.kind, Turn::Kind::ask);
  EXPECT_EQ(next.ask.refresh_token.reveal(), "rotated-1");
  EXPECT_EQ(next.previous_refresh_token.reveal(), "seed-1");
}

TEST_F(StoredTokensTest, AreOthersWhenTheFileHasAnotherCredential) {
  refresh(declared(), fresh("access-1", "rotated-1"), start);
  EXPECT_EQ(in_effect(declared("seed-2"), start), "");
  const Turn next = turn(one_, declared("seed-2"), start + seconds(1));
  ASSERT_EQ(next.kind, Turn::Kind::ask);
  EXPECT_EQ(next.ask.refresh_token.reveal(), "seed-2");
  EXPECT_TRUE(next.previous_refresh_token.empty());
  ASSERT_TRUE(value_of(one_.keep(declared("seed-2"), next, fresh("access-2"), start + minutes(60),
                                 start + seconds(1))));
  EXPECT_EQ(in_effect(declared("seed-2"), start + seconds(2)), "access-2");
}

TEST_F(StoredTokensTest, OfTwoServersWithDifferentFilesAreKeptApart) {
  refresh(declared("seed-1"), fresh("access-1", "rotated-1"), start);
  refresh(declared("seed-2"), fresh("access-2"), start);
  const Turn dead = turn(two_, declared("seed-3"), start);
  ASSERT_TRUE(value_of(two_.refuse(declared("seed-3"), dead, "invalid_grant", start)));
  EXPECT_EQ(in_effect(declared("seed-1"), start), "access-1");
  EXPECT_EQ(in_effect(declared("seed-2"), start), "access-2");
  EXPECT_EQ(in_effect(declared("seed-3"), start), "");
  // A file that is put back finds its tokens again.
  const Turn next = turn(one_, declared("seed-1"), start + minutes(51));
  ASSERT_EQ(next.kind, Turn::Kind::ask);
  EXPECT_EQ(next.ask.refresh_token.reveal(), "rotated-1");
}

TEST_F(StoredTokensTest, OfAFileThatNobodyHasAnyMoreAreForgotten) {
  refresh(declared("seed-1"), fresh("access-1", "rotated-1"), start);
  refresh(declared("seed-2"), fresh("access-2"), start + std::chrono::days(20));
  refresh(declared("seed-3"), fresh("access-3"), start + std::chrono::days(40));
  const auto sealed = store::testing::read(
      *database_, [](store::Transaction& t) { return store::SealedSecrets(t).all(); });
  EXPECT_EQ(sealed.size(), 2U);
  EXPECT_EQ(
      turn(one_, declared("seed-1"), start + std::chrono::days(40)).ask.refresh_token.reveal(),
      "seed-1");
}

TEST_F(StoredTokensTest, AreFetchedAnewForAProviderThatRefusedAnOldOne) {
  refresh(declared(), fresh("access-1"), start);
  EXPECT_EQ(turn(one_, declared(), start + seconds(59), Why::refused).kind, Turn::Kind::fresh);
  EXPECT_EQ(turn(one_, declared(), start + seconds(60), Why::refused).kind, Turn::Kind::ask);
}

TEST_F(StoredTokensTest, EndWithARefusalUntilTheCredentialIsEdited) {
  refresh(declared(), fresh("access-1"), start);
  const Turn asked = turn(one_, declared(), start + minutes(55));
  ASSERT_TRUE(value_of(one_.refuse(declared(), asked, "invalid_grant", start + minutes(55))));
  EXPECT_EQ(state(), "unauthorized: invalid_grant");
  EXPECT_EQ(in_effect(declared(), start + minutes(56)), "");
  EXPECT_EQ(turn(two_, declared(), start + minutes(90)).kind, Turn::Kind::unauthorized);
  // Who began before the refusal has nothing new to try; who began after it may have.
  EXPECT_EQ(turn(two_, declared(), start + minutes(90), Why::due, start + minutes(55)).kind,
            Turn::Kind::unauthorized);
  EXPECT_EQ(turn(two_, declared(), start + minutes(90), Why::due, start + minutes(56)).kind,
            Turn::Kind::ask);

  const WallTime later = start + minutes(100);
  const Turn edited = turn(two_, declared("seed-2"), later);
  ASSERT_EQ(edited.kind, Turn::Kind::ask);
  ASSERT_TRUE(value_of(
      two_.keep(declared("seed-2"), edited, fresh("access-2"), later + minutes(60), later)));
  EXPECT_EQ(state(), "");
  EXPECT_EQ(in_effect(declared("seed-2"), later), "access-2");
}

TEST_F(StoredTokensTest, KeepARotatedTokenThatCameWithAFailure) {
  const Turn asked = turn(one_, declared(), start);
  ASSERT_TRUE(value_of(one_.let_go(declared(), asked, Secret("rotated-1"), start)));
  const Turn next = turn(two_, declared(), start);
  ASSERT_EQ(next.kind, Turn::Kind::ask);
  EXPECT_EQ(next.ask.refresh_token.reveal(), "rotated-1");
}

TEST_F(StoredTokensTest, LeaveTheStoreAtTheirEnd) {
  refresh(declared(), fresh("access-1"), start);
  EXPECT_FALSE(value_of(one_.drop_expired(declared(), start + minutes(59))));
  const auto before = revision();
  EXPECT_TRUE(value_of(one_.drop_expired(declared(), start + minutes(60))));
  EXPECT_GT(revision(), before);
  EXPECT_FALSE(value_of(two_.drop_expired(declared(), start + minutes(60))));
}

TEST_F(StoredTokensTest, StandSealedInTheStore) {
  refresh(declared("seed-canary-1"), fresh("access-canary-1", "rotated-canary-1"), start);
  const auto sealed = store::testing::read(
      *database_, [](store::Transaction& t) { return store::SealedSecrets(t).all(); });
  EXPECT_EQ(sealed.size(), 3U);
  for (const auto& one : sealed) EXPECT_EQ(one.sealed.find("canary"), std::string::npos);
}

// --- accounts of the store: their current refresh token is the only one ---

class AccountOfTheStore : public StoredTokensTest {
 protected:
  AccountOfTheStore() {
    account_.id = AccountId("01ACCOUNT");
    account_.declared = false;
    put(account_, "refresh_token", "seed-1");
    put(account_, "oauth_client_secret", "client-secret-1");
  }
  AccountSettings account_ = declared();
};

TEST_F(AccountOfTheStore, RotatesInPlace) {
  refresh(account_, fresh("access-1", "rotated-1"), start);
  EXPECT_EQ(in_effect(account_, start), "access-1");
  const Turn next = turn(two_, account_, start + minutes(51));
  ASSERT_EQ(next.kind, Turn::Kind::ask);
  EXPECT_EQ(next.ask.refresh_token.reveal(), "rotated-1");
  EXPECT_EQ(next.previous_refresh_token.reveal(), "seed-1");
}

TEST_F(AccountOfTheStore, StartsAnewWhenAnEditorGaveItAnotherToken) {
  refresh(account_, fresh("access-1", "rotated-1"), start);
  put(account_, "refresh_token", "seed-2");
  EXPECT_EQ(in_effect(account_, start), "");
  const Turn next = turn(two_, account_, start + seconds(1));
  ASSERT_EQ(next.kind, Turn::Kind::ask);
  EXPECT_EQ(next.ask.refresh_token.reveal(), "seed-2");
}

TEST_F(AccountOfTheStore, KeepsNothingOfACredentialThatWasEditedMeanwhile) {
  const Turn asked = turn(one_, account_, start);
  put(account_, "refresh_token", "seed-2");
  EXPECT_FALSE(value_of(
      one_.keep(account_, asked, fresh("access-1", "rotated-1"), start + minutes(60), start)));
  EXPECT_EQ(in_effect(account_, start), "");
  EXPECT_FALSE(value_of(one_.refuse(account_, asked, "invalid_grant", start)));
  EXPECT_EQ(state(), "");
  EXPECT_EQ(turn(two_, account_, start).ask.refresh_token.reveal(), "seed-2");
}

TEST_F(AccountOfTheStore, IsTriedAgainOnceItsMarkIsTakenAway) {
  const Turn asked = turn(one_, account_, start);
  ASSERT_TRUE(value_of(one_.refuse(account_, asked, "invalid_client", start)));
  EXPECT_EQ(state(), "unauthorized: invalid_client");
  EXPECT_EQ(turn(two_, account_, start).kind, Turn::Kind::unauthorized);
  store::testing::write(*database_, [&](store::Transaction& t) {
    store::AccountRests(t).drop_all(account_.id.str());
    return true;
  });
  EXPECT_EQ(turn(two_, account_, start).kind, Turn::Kind::ask);
}

TEST_F(AccountOfTheStore, IsTriedAgainWithAnotherToken) {
  const Turn asked = turn(one_, account_, start);
  ASSERT_TRUE(value_of(one_.refuse(account_, asked, "invalid_grant", start)));
  put(account_, "refresh_token", "seed-2");
  const Turn next = turn(two_, account_, start);
  ASSERT_EQ(next.kind, Turn::Kind::ask);
  ASSERT_TRUE(value_of(two_.keep(account_, next, fresh("access-2"), start + minutes(60), start)));
  EXPECT_EQ(state(), "");
  EXPECT_EQ(in_effect(account_, start), "access-2");
}

TEST_F(AccountOfTheStore, IsGoneWithItsSecrets) {
  store::testing::write(*database_, [&](store::Transaction& t) {
    store::SealedSecrets(t).drop_all(account_.id.str());
    return true;
  });
  EXPECT_EQ(turn(one_, account_, start).kind, Turn::Kind::gone);
}

}  // namespace
}  // namespace sluice::app

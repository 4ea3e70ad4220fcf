#include "admin/sign_in.hpp"

#include <gtest/gtest.h>

#include "admin/sign_in_person.hpp"
#include "identity/password.hpp"
#include "identity/totp.hpp"
#include "store/hashed_secrets.hpp"
#include "store/testing.hpp"

namespace sluice::admin {
namespace {

using namespace std::chrono_literals;
using store::Kind;
using store::Object;
using store::Objects;
using store::Transaction;
using store::testing::value_of;

const Secret right("correct horse battery staple");
const Secret wrong("incorrect horse battery staple");
const Visitor remote{.peer = "203.0.113.9", .user_agent = "test", .tls = true, .loopback = false};
const Visitor here{.peer = "127.0.0.1", .user_agent = "test", .tls = false, .loopback = true};

/// Argon2id is slow on purpose: one hash serves all tests.
const std::string& hash_of_right() {
  static const std::string hash = value_of(identity::hash_password(right));
  return hash;
}

class SignInTest : public ::testing::Test {
 protected:
  SignInTest() { open(); }

  void open() {
    sign_in_.reset();
    secrets_.reset();
    database_.reset();
    database_ = value_of(store::Database::open({.data_dir = folder_.path()}));
    secrets_ = value_of(store::SecretBox::open(*database_, folder_.path("master.key")));
    sign_in_ = std::make_unique<SignIn>(*database_, *secrets_, clock_, 12h);
  }

  void add_user(const std::string& name, const std::string& role = "admin") {
    store::testing::write(*database_, [&](Transaction& transaction) {
      Object user = store::testing::object("01HUSER" + name, name);
      user.document = R"({"role":")" + role + R"(","disabled":false})";
      EXPECT_TRUE(Objects(transaction, Kind::user).insert(user));
      EXPECT_TRUE(secrets_->put(transaction, user.id, password_secret, Secret(hash_of_right()),
                                clock_.wall_now()));
      return true;
    });
  }

  void change_user(const std::string& name, const std::function<void(Object&)>& change) {
    store::testing::write(*database_, [&](Transaction& transaction) {
      Objects users(transaction, Kind::user);
      Object user = value_of(users.find("01HUSER" + name));
      change(user);
      EXPECT_TRUE(users.update(user));
      return true;
    });
  }

  void add_token(const std::string& secret, const std::string& document,
                 const std::string& owner = {}) {
    store::testing::write(*database_, [&](Transaction& transaction) {
      Object token = store::testing::object("01HTOKEN" + secret, secret);
      token.document = document;
      token.owner = owner;
      EXPECT_TRUE(Objects(transaction, Kind::token).insert(token));
      EXPECT_TRUE(store::HashedSecrets(transaction, Kind::token)
                      .insert({.hash = sha256(secret),
                               .owner = token.id,
                               .hint = {},
                               .created = clock_.wall_now(),
                               .valid_until = {}}));
      return true;
    });
  }

  Outcome<SignedIn> enter(const Secret& password, const Visitor& visitor = remote,
                          std::string_view code = {}, std::string_view user = "ada") {
    return sign_in_->with_password(user, password, code, visitor);
  }
  Errc refusal_of(const Outcome<SignedIn>& outcome) {
    return outcome ? Errc::internal : outcome.error().code;
  }

  ManualClock clock_;
  store::testing::Folder folder_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::SecretBox> secrets_;
  std::unique_ptr<SignIn> sign_in_;
};

TEST_F(SignInTest, OpensASessionThatLastsAsLongAsItIsTold) {
  add_user("ada", "operator");
  const auto session = enter(right);
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(session->token.reveal().size(), 43U);
  EXPECT_EQ(session->actor.id, "user:01HUSERada");
  EXPECT_EQ(session->actor.role, identity::Role::operator_);

  clock_.advance(12h - 1s);
  const auto later = sign_in_->resume(session->token.reveal(), remote);
  ASSERT_TRUE(later);
  EXPECT_EQ(later->csrf, session->csrf);
  clock_.advance(1s);
  EXPECT_EQ(refusal_of(sign_in_->resume(session->token.reveal(), remote)), Errc::not_signed_in);
}

TEST_F(SignInTest, SaysTheSameOfAnUnknownUserAndAWrongPassword) {
  add_user("ada");
  const auto unknown = enter(right, remote, {}, "nobody");
  const auto mistaken = enter(wrong, here);
  ASSERT_FALSE(unknown);
  ASSERT_FALSE(mistaken);
  EXPECT_EQ(unknown.error().message, mistaken.error().message);
  EXPECT_EQ(unknown.error().field, "");
}

TEST_F(SignInTest, EndsTheSessionsOfWhoIsDisabledOrRemoved) {
  add_user("ada");
  const auto session = enter(right);
  ASSERT_TRUE(session);
  change_user("ada", [](Object& user) { user.document = R"({"role":"admin","disabled":true})"; });
  EXPECT_FALSE(sign_in_->resume(session->token.reveal(), remote));
  EXPECT_EQ(refusal_of(enter(right)), Errc::not_signed_in);
  change_user("ada", [](Object& user) {
    user.document = R"({"role":"admin","disabled":false})";
    user.removed = user.updated;
  });
  EXPECT_FALSE(sign_in_->resume(session->token.reveal(), remote));
}

TEST_F(SignInTest, SignsOut) {
  add_user("ada");
  const auto session = enter(right);
  ASSERT_TRUE(session);
  sign_in_->sign_out(session->token.reveal());
  EXPECT_FALSE(sign_in_->resume(session->token.reveal(), remote));
}

TEST_F(SignInTest, TakesTheCsrfTokenOfItsOwnSessionOnly) {
  add_user("ada");
  const auto one = enter(right);
  const auto other = enter(right);
  ASSERT_TRUE(one && other);
  EXPECT_TRUE(SignIn::csrf_matches(one->token.reveal(), one->csrf));
  EXPECT_FALSE(SignIn::csrf_matches(one->token.reveal(), other->csrf));
  EXPECT_FALSE(SignIn::csrf_matches(one->token.reveal(), ""));
}

TEST_F(SignInTest, SlowsGuessingDownAlsoAcrossARestart) {
  add_user("ada");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(refusal_of(enter(wrong)), Errc::not_signed_in);
  const auto blocked = enter(right);
  ASSERT_EQ(refusal_of(blocked), Errc::rate_limited);
  EXPECT_EQ(blocked.error().retry_after, 1s);

  open();
  EXPECT_EQ(refusal_of(enter(right)), Errc::rate_limited);
  clock_.advance(1s);
  EXPECT_EQ(refusal_of(enter(wrong)), Errc::not_signed_in);
  clock_.advance(1s);
  EXPECT_EQ(refusal_of(enter(right)), Errc::rate_limited) << "the sixth failure costs 2 s";
  clock_.advance(1s);
  EXPECT_TRUE(enter(right));
  EXPECT_EQ(refusal_of(enter(wrong)), Errc::not_signed_in) << "and success forgives";
  EXPECT_TRUE(enter(right));
}

TEST_F(SignInTest, BlocksAnAddressForAllUsersAndAUserFromAllAddresses) {
  add_user("ada");
  add_user("bob");
  for (int i = 0; i < 5; ++i) (void)enter(wrong, remote, {}, "nobody" + std::to_string(i));
  EXPECT_EQ(refusal_of(enter(right, remote, {}, "bob")), Errc::rate_limited);
  Visitor elsewhere = remote;
  elsewhere.peer = "2001:db8::1";
  EXPECT_TRUE(enter(right, elsewhere, {}, "bob"));

  for (int i = 1; i <= 5; ++i) {
    elsewhere.peer = "2001:db8::" + std::to_string(i);
    EXPECT_EQ(refusal_of(enter(wrong, elsewhere)), Errc::not_signed_in);
  }
  elsewhere.peer = "2001:db8::99";
  EXPECT_EQ(refusal_of(enter(right, elsewhere, {}, "bob")), Errc::rate_limited) << "the same /64";
  elsewhere.peer = "2001:db8:1::1";
  EXPECT_EQ(refusal_of(enter(right, elsewhere)), Errc::rate_limited) << "the user himself";
}

TEST_F(SignInTest, NeverLocksTheOperatorOutFromThisMachine) {
  add_user("ada");
  for (int i = 0; i < 15; ++i) {
    (void)enter(wrong);
    clock_.advance(16min);
  }
  (void)enter(wrong);
  EXPECT_EQ(refusal_of(enter(right)), Errc::rate_limited);
  clock_.advance(1s);
  EXPECT_EQ(refusal_of(enter(right)), Errc::rate_limited) << "from outside 15 minutes";
  EXPECT_TRUE(enter(right, here));
}

TEST_F(SignInTest, AsksForTheSecondFactorAndTakesEachCodeOnce) {
  add_user("ada");
  const Actor ada = enter(right)->actor;
  const auto offer = sign_in_->offer_totp(ada);
  ASSERT_TRUE(offer);
  const auto code_now = [&] {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(clock_.wall_now().time_since_epoch());
    return identity::totp_code(offer->secret, seconds.count() / 30);
  };
  EXPECT_TRUE(enter(right)) << "an offer is not in force";
  EXPECT_FALSE(sign_in_->confirm_totp(ada, "000000"));
  const auto recovery = sign_in_->confirm_totp(ada, code_now());
  ASSERT_TRUE(recovery);
  EXPECT_EQ(recovery->size(), identity::RecoveryCodes::count);
  EXPECT_FALSE(sign_in_->offer_totp(ada)) << "one at a time";

  const auto asked = enter(right);
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().field, "code");
  EXPECT_FALSE(enter(right, remote, code_now())) << "the code of the confirmation is used up";
  clock_.advance(30s);
  EXPECT_TRUE(enter(right, remote, code_now()));
  EXPECT_FALSE(enter(right, remote, code_now())) << "replayed";
  EXPECT_TRUE(enter(right, remote, recovery->front().reveal()));
  EXPECT_FALSE(enter(right, remote, recovery->front().reveal()));

  EXPECT_FALSE(sign_in_->drop_totp(ada, wrong));
  EXPECT_TRUE(sign_in_->drop_totp(ada, right));
  EXPECT_TRUE(enter(right));
}

TEST_F(SignInTest, CountsWrongCodesThoughThePasswordIsRight) {
  add_user("ada");
  const Actor ada = enter(right)->actor;
  const auto offer = sign_in_->offer_totp(ada);
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.wall_now().time_since_epoch());
  ASSERT_TRUE(
      sign_in_->confirm_totp(ada, identity::totp_code(offer->secret, seconds.count() / 30)));
  // Asking without a code in between resets nothing.
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(refusal_of(enter(right)), Errc::not_signed_in);
    EXPECT_EQ(refusal_of(enter(right, remote, "123456")), Errc::not_signed_in);
  }
  EXPECT_EQ(refusal_of(enter(right, remote, "123456")), Errc::rate_limited);
}

TEST_F(SignInTest, ANewPasswordEndsTheOtherSessions) {
  add_user("ada");
  const auto mine = enter(right);
  const auto other = enter(right);
  ASSERT_TRUE(mine && other);
  const Secret fresh("another horse battery staple");
  EXPECT_FALSE(sign_in_->change_password(mine->actor, wrong, fresh, mine->token.reveal()));
  const auto weak = sign_in_->change_password(mine->actor, right, Secret("short"), "");
  ASSERT_FALSE(weak);
  EXPECT_EQ(weak.error().field, "new_password");
  ASSERT_TRUE(sign_in_->change_password(mine->actor, right, fresh, mine->token.reveal()));
  EXPECT_TRUE(sign_in_->resume(mine->token.reveal(), remote));
  EXPECT_FALSE(sign_in_->resume(other->token.reveal(), remote));
  EXPECT_FALSE(enter(right));
  EXPECT_TRUE(enter(fresh));
}

TEST_F(SignInTest, TheSetUpLinkWorksOnceWithinAnHourAndNotInTheClear) {
  EXPECT_FALSE(value_of(sign_in_->has_users()));
  const Secret stale = value_of(sign_in_->make_setup_token());
  const Secret link = value_of(sign_in_->make_setup_token());
  Visitor plain = remote;
  plain.tls = false;
  EXPECT_EQ(refusal_of(sign_in_->set_up(link.reveal(), "ada", right, plain)), Errc::not_allowed);
  EXPECT_EQ(refusal_of(sign_in_->set_up(stale.reveal(), "ada", right, here)), Errc::not_allowed);
  const auto weak = sign_in_->set_up(link.reveal(), "ada", Secret("ada"), here);
  ASSERT_FALSE(weak);
  EXPECT_EQ(weak.error().field, "password");

  const auto session = sign_in_->set_up(link.reveal(), "ada", right, here);
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(session->actor.role, identity::Role::admin);
  EXPECT_TRUE(value_of(sign_in_->has_users()));
  EXPECT_FALSE(sign_in_->set_up(link.reveal(), "eve", right, here));
  EXPECT_TRUE(enter(right));
}

TEST_F(SignInTest, MakesTheFirstUserWithoutALinkUnlessThereIsOne) {
  const Secret link = value_of(sign_in_->make_setup_token());
  EXPECT_EQ(sign_in_->make_first_user("admin", Secret("short")).error().field, "password");
  EXPECT_TRUE(*sign_in_->make_first_user("admin", right));
  EXPECT_FALSE(*sign_in_->make_first_user("other", right));
  EXPECT_TRUE(enter(right, remote, {}, "admin"));
  EXPECT_FALSE(sign_in_->set_up(link.reveal(), "eve", right, here)) << "the link is void";
}

TEST_F(SignInTest, TheSetUpLinkExpires) {
  const Secret link = value_of(sign_in_->make_setup_token());
  clock_.advance(1h);
  EXPECT_FALSE(sign_in_->set_up(link.reveal(), "ada", right, here));
}

TEST_F(SignInTest, ATokenHasItsScopesAndNoMoreThanTheRoleOfItsOwner) {
  add_user("ada", "viewer");
  add_token("ofnobody", R"({"role":"admin","scopes":["keys:read"],"disabled":false})");
  add_token("ofada", R"({"role":"operator","scopes":["*"],"disabled":false})", "01HUSERada");
  add_token("off", R"({"scopes":["*"],"disabled":true})");
  add_token("ended", R"({"scopes":["*"],"expires":"2001-01-01T00:00:00Z"})");

  add_token("weak", R"({"role":"viewer","scopes":["*"]})");
  const auto program = sign_in_->with_token("ofnobody", remote);
  ASSERT_TRUE(program);
  EXPECT_EQ(program->role, identity::Role::admin);
  EXPECT_TRUE(program->scopes.permit(identity::Resource::keys, identity::Action::read));
  EXPECT_FALSE(program->scopes.permit(identity::Resource::keys, identity::Action::create));
  EXPECT_EQ(sign_in_->with_token("weak", remote)->role, identity::Role::viewer);
  EXPECT_EQ(sign_in_->with_token("ofada", remote)->role, identity::Role::viewer);
  for (const char* none : {"off", "ended", "unknown", ""}) {
    EXPECT_FALSE(sign_in_->with_token(none, remote)) << none;
  }
  change_user("ada", [](Object& user) { user.removed = user.updated; });
  EXPECT_FALSE(sign_in_->with_token("ofada", remote)) << "its owner is gone";
}

}  // namespace
}  // namespace sluice::admin

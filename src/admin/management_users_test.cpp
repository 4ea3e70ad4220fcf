// Users and admin tokens.

#include "admin/sign_in.hpp"
#include "admin/testing.hpp"

namespace sluice::admin::testing {
namespace {

using namespace std::chrono_literals;

class ManagementUsers : public ManagementTest {
 protected:
  void SetUp() override {
    ManagementTest::SetUp();
    sign_in_ = std::make_unique<SignIn>(*database_, *secrets_, clock_, Milliseconds(12h));
  }
  Outcome<SignedIn> sign_in(const std::string& user, const std::string& password) {
    return sign_in_->with_password(user, Secret(password), "", visitor_);
  }
  std::unique_ptr<SignIn> sign_in_;
  Visitor visitor_{.peer = "192.0.2.7", .user_agent = "test", .tls = true, .loopback = false};
};
SLUICE_ON_SQLITE(ManagementUsers);

TEST_P(ManagementUsers, AUserSignsInWithThePasswordThatWasMadeUp) {
  const View ada = make(Kind::user, {{"name", "ada"}, {"role", "operator"}, {"email", "a@b.org"}});
  EXPECT_EQ(text(ada, "password").size(), 43U);
  EXPECT_FALSE(get(Kind::user, "ada").contains("password"));
  EXPECT_FALSE(ada.at("totp").as_bool());
  const auto session = sign_in("ada", text(ada, "password"));
  ASSERT_TRUE(session);
  EXPECT_EQ(session->actor.role, identity::Role::operator_);
  expect_refused(management_->create(root_, Kind::user, {{"name", "bob"}, {"password", "short"}}),
                 Errc::invalid_request, "password");
  expect_refused(change(Kind::user, ada, {{"password", "correct horse staple"}}),
                 Errc::invalid_request, "password", "resetting");
}

TEST_P(ManagementUsers, AResetEndsEverySession) {
  make_user("ada", "viewer");
  const auto session = sign_in("ada", "correct horse staple");
  ASSERT_TRUE(session);
  const View reset = done(management_->reset_password(root_, "ada", std::nullopt));
  EXPECT_FALSE(sign_in_->resume(session->token.reveal(), visitor_));
  EXPECT_FALSE(sign_in("ada", "correct horse staple"));
  EXPECT_TRUE(sign_in("ada", text(reset, "password")));
  const View given = done(management_->reset_password(root_, "ada", "another horse staple"));
  EXPECT_FALSE(given.contains("password"));
  EXPECT_TRUE(sign_in("ada", "another horse staple"));
  expect_refused(management_->reset_password(root_, "nobody", {}), Errc::not_found, "");
}

TEST_P(ManagementUsers, ADisabledOrRemovedUserIsOutAtOnce) {
  const View ada = make_user("ada", "viewer");
  auto session = sign_in("ada", "correct horse staple");
  const View off = done(change(Kind::user, ada, {{"disabled", true}}));
  EXPECT_FALSE(sign_in_->resume(session->token.reveal(), visitor_));
  EXPECT_FALSE(sign_in("ada", "correct horse staple"));
  done(change(Kind::user, off, {{"disabled", nullptr}}));
  EXPECT_FALSE(sign_in_->resume(session->token.reveal(), visitor_)) << "the session is gone";
  session = sign_in("ada", "correct horse staple");
  ASSERT_TRUE(session);
  ASSERT_TRUE(management_->remove(root_, Kind::user, "ada", {}));
  EXPECT_FALSE(sign_in_->resume(session->token.reveal(), visitor_));
}

TEST_P(ManagementUsers, TheLastAdminStays) {
  const View ada = make_user("ada", "admin");
  const std::string words = "last admin";
  expect_refused(change(Kind::user, ada, {{"role", "viewer"}}), Errc::not_allowed, "", words);
  expect_refused(change(Kind::user, ada, {{"disabled", true}}), Errc::not_allowed, "", words);
  expect_refused(management_->remove(root_, Kind::user, "ada", {}), Errc::not_allowed, "", words);
  EXPECT_EQ(version(get(Kind::user, "ada")), 1) << "nothing of it has happened";
  const View bob = make_user("bob", "admin");
  EXPECT_TRUE(change(Kind::user, ada, {{"role", "viewer"}}));
  expect_refused(change(Kind::user, bob, {{"disabled", true}}), Errc::not_allowed, "", words);
}

TEST_P(ManagementUsers, AnAdminTokenWorksAndEndsWithItsOwner) {
  make_user("root", "admin");
  const View ada = make_user("ada", "admin");
  const View token = done(management_->create(
      actor(ada), Kind::token,
      {{"name", "deploy"}, {"role", "operator"}, {"scopes", array{"keys:read", "keys:write"}}}));
  const std::string secret = text(token, "secret");
  EXPECT_TRUE(secret.starts_with("sk-sla-"));
  EXPECT_EQ(secret.size(), 50U);
  EXPECT_EQ(token.at("owner").at("name"), "ada");
  const auto program = sign_in_->with_token(secret, visitor_);
  ASSERT_TRUE(program);
  EXPECT_TRUE(management_->create(*program, Kind::key, {{"name", "ci"}}));
  expect_refused(management_->list(*program, Kind::account, {}), Errc::not_allowed, "", "scopes");

  const View rotated = done(management_->rotate(actor(ada), Kind::token, "deploy", {}, 1h));
  EXPECT_TRUE(sign_in_->with_token(secret, visitor_));
  EXPECT_TRUE(sign_in_->with_token(text(rotated, "secret"), visitor_));
  clock_.advance(1h);
  EXPECT_FALSE(sign_in_->with_token(secret, visitor_));
  done(change(Kind::user, ada, {{"disabled", true}}));
  EXPECT_FALSE(sign_in_->with_token(text(rotated, "secret"), visitor_));
  EXPECT_EQ(text(get(Kind::token, "deploy"), "state"), "disabled");
}

TEST_P(ManagementUsers, ATokenCantMakeOneThatMayDoMore) {
  const View wide =
      make(Kind::token, {{"name", "wide"}, {"role", "admin"}, {"scopes", array{"*"}}});
  Actor program = actor_of(identity::Role::admin);
  program.scopes =
      *identity::Scopes::parse(std::vector<std::string>{"tokens:read", "tokens:write"});
  expect_refused(management_->create(program, Kind::token, {{"name", "x"}, {"role", "admin"}}),
                 Errc::not_allowed, "scopes");
  expect_refused(management_->rotate(program, Kind::token, "wide", {}, 0s), Errc::not_allowed, "");
  expect_refused(management_->update(program, Kind::token, "wide", {}, {{"note", "mine"}}),
                 Errc::not_allowed, "scopes");
  EXPECT_TRUE(management_->create(program, Kind::token,
                                  {{"name", "narrow"}, {"scopes", array{"tokens:read"}}}));
}

}  // namespace
}  // namespace sluice::admin::testing

// Every role, every kind, every operation, against the one table of identity/roles.hpp.

#include "admin/testing.hpp"

namespace sluice::admin::testing {
namespace {

using namespace std::chrono_literals;
using identity::Action;
using identity::Resource;
using identity::Role;

struct Target {
  Kind kind;
  Resource resource;
  object fields;
};

class ManagementRights : public ManagementTest {
 protected:
  const std::vector<Target> targets_ = {
      {Kind::account,
       Resource::accounts,
       {{"provider", "anthropic-compatible"}, {"base_url", "https://example.org"}}},
      {Kind::pool, Resource::pools, {}},
      {Kind::key, Resource::keys, {}},
      {Kind::user, Resource::users, {{"password", "correct horse staple"}}},
      {Kind::token, Resource::tokens, {}},
  };
  template <class T>
  void expect_by_table(const Outcome<T>& outcome, const Target& target, Role role, Action action) {
    const auto reach = identity::reach(role, target.resource, action);
    const std::string what = std::string(to_string(role)) + " " + std::string(to_string(action)) +
                             " " + std::string(to_string(target.resource));
    if (reach == identity::Reach::nothing) {
      ASSERT_FALSE(outcome) << what;
      EXPECT_EQ(outcome.error().code, Errc::not_allowed) << what;
      EXPECT_NE(outcome.error().message.find(to_string(role)), std::string::npos);
    } else if (reach == identity::Reach::everything) {
      EXPECT_TRUE(outcome) << what << ": " << outcome.error().message;
    } else if (!outcome) {
      EXPECT_EQ(outcome.error().code, Errc::not_found) << what << ": it is somebody else's";
    }
  }
};
SLUICE_ON_SQLITE(ManagementRights);

TEST_P(ManagementRights, EveryRoleDoesWhatTheTableSaysAndNoMore) {
  int number = 0;
  for (const Role role : identity::all_roles) {
    const Actor somebody = actor_of(role, "01HSOMEBODY");
    for (const Target& target : targets_) {
      const auto named = [&](const std::string& name) {
        object fields = target.fields;
        fields["name"] = name + std::to_string(number);
        return fields;
      };
      ++number;
      const View made = make(target.kind, named("a"));
      const std::string id = text(made, "id");
      const auto check = [&](const auto& outcome, Action action) {
        expect_by_table(outcome, target, role, action);
      };
      if (target.kind != Kind::token) {  // its owner has to be a user that there is
        check(management_->create(somebody, target.kind, named("b")), Action::create);
      }
      check(management_->get(somebody, target.kind, id), Action::read);
      check(management_->list(somebody, target.kind, {}), Action::read);
      check(management_->update(somebody, target.kind, id, {}, {{"note", "x"}}), Action::update);
      if (target.kind == Kind::key || target.kind == Kind::token) {
        check(management_->rotate(somebody, target.kind, id, {}, 0s), Action::rotate);
      }
      check(management_->remove(somebody, target.kind, id, {}), Action::remove);
      (void)management_->remove(root_, target.kind, id, {});
      check(management_->restore(somebody, target.kind, id, {}), Action::restore);
      if (target.kind == Kind::user) {
        (void)management_->restore(root_, target.kind, id, {});
        check(management_->reset_password(somebody, id, {}), Action::update);
      }
    }
  }
}

TEST_P(ManagementRights, AMemberSeesAndRotatesHisOwnKeysOnly) {
  const View ada = make_user("ada", "member");
  make(Kind::key, {{"name", "hers"}, {"owner", "ada"}});
  make(Kind::key, {{"name", "another's"}});
  const Actor member = actor(ada);
  const Page page = done(management_->list(member, Kind::key, {}));
  ASSERT_EQ(page.items.size(), 1U);
  EXPECT_EQ(text(page.items[0], "name"), "hers");
  EXPECT_TRUE(management_->get(member, Kind::key, "hers"));
  expect_refused(management_->get(member, Kind::key, "another's"), Errc::not_found, "");
  EXPECT_TRUE(management_->rotate(member, Kind::key, "hers", {}, 1h));
  expect_refused(management_->rotate(member, Kind::key, "another's", {}, 0s), Errc::not_found, "");
  expect_refused(
      management_->update(member, Kind::key, "hers", {}, {{"limits", {{"concurrency", 0}}}}),
      Errc::not_allowed, "");
  // Nobody's keys are nobody's, also for somebody without an id.
  EXPECT_TRUE(done(management_->list(actor_of(Role::member), Kind::key, {})).items.empty());
  expect_refused(management_->get(actor_of(Role::member), Kind::key, "another's"), Errc::not_found,
                 "");
}

TEST_P(ManagementRights, AnOperatorDecidesNothingAboutCredentials) {
  const View made = make_account("main");
  const Actor somebody = actor_of(Role::operator_, "01HSOMEBODY");
  const std::vector<std::pair<std::string, object>> forbidden = {
      {"credential", {{"credential", {{"api_key", "sk-ant-another-one"}}}}},
      {"base_url", {{"base_url", "https://attacker.example"}}},
      {"provider", {{"provider", "openai"}}},
      {"proxy", {{"proxy", "http://attacker.example:1"}}},
      {"ca_file", {{"ca_file", "/tmp/own.pem"}}},
  };
  for (const auto& [field, fields] : forbidden) {
    expect_refused(management_->update(somebody, Kind::account, "main", {}, fields),
                   Errc::not_allowed, field);
  }
  EXPECT_TRUE(management_->update(somebody, Kind::account, "main", {}, {{"disabled", true}}));
  expect_refused(management_->create(somebody, Kind::account,
                                     {{"name", "own"},
                                      {"provider", "anthropic"},
                                      {"credential", {{"api_key", "sk-ant-another-one"}}}}),
                 Errc::not_allowed, "credential");
  EXPECT_EQ(done(management_->account(root_, "main")).credential.secret.reveal(),
            "sk-ant-canary-0123456789");
  EXPECT_FALSE(management_->account(actor_of(Role::viewer), "main"));
}

}  // namespace
}  // namespace sluice::admin::testing

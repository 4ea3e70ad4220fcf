#include "identity/roles.hpp"

#include <gtest/gtest.h>

#include <map>

namespace sluice::identity {
namespace {

/// The whole table once more, in words: what a role may do to a resource, "" for nothing; "own " in front where it is so.
std::string may(Role role, Resource resource) {
  std::string text;
  for (const Action action : all_actions) {
    const Reach far = reach(role, resource, action);
    if (far == Reach::nothing) continue;
    if (!text.empty()) text += ' ';
    if (far == Reach::own) text += "own ";
    text += to_string(action);
  }
  return text;
}

TEST(Roles, MayDoWhatIsWrittenHereAndNothingElse) {
  const std::string manage = "read create update remove restore";
  const std::string session = "own read own create own update own remove";
  const std::string prices = "read create update remove";
  struct Expected {
    std::string admin, operator_, viewer, member;
  };
  const std::map<Resource, Expected> expected = {
      {Resource::accounts, {manage + " set_secret", manage, "read", ""}},
      {Resource::pools, {manage, manage, "read", ""}},
      {Resource::keys, {manage + " rotate", manage + " rotate", "read", "own read own rotate"}},
      {Resource::users, {manage, "", "read", ""}},
      {Resource::tokens, {manage + " rotate", "", "read", ""}},
      {Resource::prices, {prices, prices, "read", ""}},
      {Resource::usage, {"read", "read", "read", "own read"}},
      {Resource::requests, {"read", "read", "read", "own read"}},
      {Resource::live, {"read", "read", "read", ""}},
      {Resource::audit, {"read", "read", "read", ""}},
      {Resource::settings, {"read update", "read", "read", ""}},
      {Resource::session, {session, session, session, session}},
      {Resource::health, {"read", "read", "read", "own read"}},
  };
  ASSERT_EQ(expected.size(), all_resources.size());
  for (const Resource resource : all_resources) {
    const Expected& row = expected.at(resource);
    EXPECT_EQ(may(Role::admin, resource), row.admin) << to_string(resource);
    EXPECT_EQ(may(Role::operator_, resource), row.operator_) << to_string(resource);
    EXPECT_EQ(may(Role::viewer, resource), row.viewer) << to_string(resource);
    EXPECT_EQ(may(Role::member, resource), row.member) << to_string(resource);
  }
}

TEST(Roles, ReachAsFarAsTheAdminAtMost) {
  for (const Role role : all_roles) {
    for (const Resource resource : all_resources) {
      for (const Action action : all_actions) {
        if (permits(role, resource, action)) EXPECT_TRUE(permits(Role::admin, resource, action));
        if (role == Role::viewer && resource != Resource::session) {
          EXPECT_EQ(permits(role, resource, action), action == Action::read);
        }
        if (role == Role::member) EXPECT_NE(reach(role, resource, action), Reach::everything);
      }
    }
  }
}

TEST(Roles, HaveNames) {
  for (const Role role : all_roles) EXPECT_EQ(parse_role(to_string(role)), role);
  EXPECT_EQ(parse_role("operator"), Role::operator_);
  for (const char* name : {"", "Admin", "root", "admin ", "operator_"})
    EXPECT_FALSE(parse_role(name)) << name;
}

TEST(Roles, WhereACredentialIsSentIsAsSecretAsTheCredential) {
  for (const char* field : {"credential", "credential.api_key", "credential.token_url", "base_url",
                            "provider", "proxy", "ca_file"}) {
    EXPECT_TRUE(is_secret_field(field)) << field;
  }
  for (const char* field :
       {"name", "priority", "models", "credentials", "base_urls", "disabled", ""}) {
    EXPECT_FALSE(is_secret_field(field)) << field;
  }
}

Scopes scopes(std::vector<std::string> words) { return *Scopes::parse(words); }

TEST(Scopes, LetThroughWhatTheirWordsSay) {
  for (const Resource resource : all_resources) {
    const std::string name(to_string(resource));
    for (const Action action : all_actions) {
      const bool reads = action == Action::read;
      EXPECT_TRUE(scopes({"*"}).permit(resource, action));
      EXPECT_TRUE(Scopes::all().permit(resource, action));
      EXPECT_FALSE(Scopes().permit(resource, action));
      EXPECT_EQ(scopes({"read"}).permit(resource, action), reads);
      EXPECT_EQ(scopes({"write"}).permit(resource, action), !reads);
      for (const Resource other : all_resources) {
        EXPECT_EQ(scopes({name + ":read"}).permit(other, action), reads && other == resource);
        EXPECT_EQ(scopes({name + ":write"}).permit(other, action), !reads && other == resource);
      }
    }
  }
}

TEST(Scopes, NeverGiveMoreThanTheRole) {
  const std::vector<Scopes> some = {scopes({"*"}), scopes({"read"}), scopes({"write"}),
                                    scopes({"keys:read", "users:write"}), Scopes()};
  for (const Role role : all_roles) {
    for (const Resource resource : all_resources) {
      for (const Action action : all_actions) {
        for (const Scopes& limits : some) {
          const Reach far = reach(role, limits, resource, action);
          EXPECT_EQ(far, limits.permit(resource, action) ? reach(role, resource, action)
                                                         : Reach::nothing);
        }
      }
    }
  }
}

TEST(Scopes, AreReadAndWrittenBack) {
  EXPECT_EQ(scopes({"read", "write"}).words(), std::vector<std::string>({"*"}));
  EXPECT_EQ(scopes({"keys:write", "accounts:read", "keys:read", "accounts:read"}).words(),
            std::vector<std::string>({"accounts:read", "keys:read", "keys:write"}));
  EXPECT_EQ(scopes({"read", "keys:write"}).words(),
            std::vector<std::string>({"read", "keys:write"}));
  for (const Resource resource : all_resources) {
    const std::vector<std::string> words = {std::string(to_string(resource)) + ":read"};
    EXPECT_EQ(scopes(words).words(), words);
  }
}

TEST(Scopes, RefuseWordsThatNobodyKnows) {
  for (const std::string word : {"", "**", "Read", "keys", "keys:", "keys:create", ":read",
                                 "keys:read ", "keys:*", "unknown:read"}) {
    const std::vector<std::string> words = {"read", word};
    EXPECT_FALSE(Scopes::parse(words)) << word;
  }
  EXPECT_FALSE(Scopes::parse({}));
  const std::vector<std::string> near = {"key:read"};
  EXPECT_NE(Scopes::parse(near).error().context.find("keys:read"), std::string::npos);
}

TEST(Scopes, HandOnNoMoreThanTheyHave) {
  EXPECT_TRUE(scopes({"*"}).include(scopes({"write"})));
  EXPECT_TRUE(scopes({"read"}).include(scopes({"keys:read"})));
  EXPECT_TRUE(scopes({"keys:read"}).include(Scopes()));
  EXPECT_FALSE(scopes({"read"}).include(scopes({"keys:write"})));
  EXPECT_FALSE(scopes({"keys:read"}).include(scopes({"read"})));
  EXPECT_FALSE(scopes({"keys:read", "keys:write"}).include(scopes({"*"})));
}

}  // namespace
}  // namespace sluice::identity

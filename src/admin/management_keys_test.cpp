#include <algorithm>

#include "admin/entities.hpp"
#include "admin/testing.hpp"
#include "store/activity.hpp"

namespace sluice::admin::testing {
namespace {

using namespace std::chrono_literals;

class ManagementKeys : public ManagementTest {
 protected:
  const identity::Key* served(const std::string& name) {
    entities_ = store::testing::value_of(load_entities(*database_, *secrets_));
    const auto found = std::find_if(entities_.keys.begin(), entities_.keys.end(),
                                    [&](const auto& key) { return key.name == name; });
    return found == entities_.keys.end() ? nullptr : &*found;
  }
  void note_use(const std::string& id, WallTime at) {
    store::testing::write(*database_, [&](store::Transaction& transaction) {
      store::Activity(transaction).note({{.key = id, .first_used = at, .last_used = at}});
      return true;
    });
  }
  Entities entities_;
};
SLUICE_ON_SQLITE(ManagementKeys);

TEST_P(ManagementKeys, AKeyGivesBackEveryFieldAsItCame) {
  make_account("main");
  const View ada = make_user("ada", "member");
  const object fields = {
      {"pools", array{"fast", "slow"}},
      {"accounts", array{"main"}},
      {"weight", 5},
      {"models", array{"claude-*", "!claude-opus-*"}},
      {"dialects", array{"anthropic"}},
      {"clients", {{"cidrs", array{"10.0.0.0/8"}}, {"user_agents", array{"claude-cli/*"}}}},
      {"limits",
       {{"concurrency", 10},
        {"requests", "60/1m"},
        {"input_tokens", "200000/1m"},
        {"output_tokens", nullptr},
        {"total_tokens", "1000000/1d"}}},
      {"budgets", {{"day", 10}, {"5h", 2.5}}},
      {"expires", "30d after first use"},
      {"time_zone", "Europe/Berlin"},
      {"tags", array{"ci", "team a"}},
      {"note", "two\nlines"},
      {"disabled", true}};
  object given = fields;
  given["name"] = "ci";
  given["owner"] = "ada";
  const View made = make(Kind::key, given);
  for (const auto& field : fields) EXPECT_EQ(made.at(field.key()), field.value()) << field.key();
  EXPECT_EQ(made.at("owner"), (object{{"id", text(ada, "id")}, {"name", "ada"}}));

  // A null puts each back to its default, and the default is what a new key has.
  object nulls = {{"owner", nullptr}};
  for (const auto& field : fields) nulls[field.key()] = nullptr;
  const View reset = done(change(Kind::key, made, nulls));
  const View plain = make(Kind::key, {{"name", "plain"}});
  for (const auto& field : nulls) EXPECT_EQ(reset.at(field.key()), plain.at(field.key()));
}

TEST_P(ManagementKeys, LimitsAndBudgetsChangeOneByOne) {
  const View made = make(Kind::key, {{"name", "ci"},
                                     {"limits", {{"requests", "60/1m"}, {"concurrency", 3}}},
                                     {"budgets", {{"day", "0.1"}, {"month", 200}}}});
  const View changed = done(change(Kind::key, made,
                                   {{"limits", {{"requests", nullptr}}},
                                    {"budgets", {{"day", nullptr}, {"week", "0.123456789"}}}}));
  EXPECT_EQ(changed.at("limits").at("concurrency"), 3);
  EXPECT_TRUE(changed.at("limits").at("requests").is_null());
  EXPECT_EQ(changed.at("budgets"), (object{{"month", 200}, {"week", 0.123456789}}));
}

TEST_P(ManagementKeys, AnExistingSecretIsTakenOver) {
  const std::string secret = "cr_0123456789abcdefghij";
  const View by_secret = make(Kind::key, {{"name", "a"}, {"secret", secret}});
  EXPECT_FALSE(by_secret.contains("secret")) << "whoever gave it has it";
  EXPECT_EQ(text(by_secret, "secret_hint"), "...ghij");
  EXPECT_EQ(served("a")->hash, sha256(secret));

  const Sha256 hash = sha256("another secret, of some years ago");
  make(Kind::key,
       {{"name", "b"}, {"sha256", to_hex({reinterpret_cast<const char*>(hash.data()), 32})}});
  EXPECT_EQ(served("b")->hash, hash);

  const View made = make(Kind::key, {{"name", "c"}});
  EXPECT_EQ(served("c")->hash, sha256(text(made, "secret")));
  expect_refused(change(Kind::key, made, {{"secret", "cr_another_0123456789"}}),
                 Errc::invalid_request, "secret", "rotate");
}

TEST_P(ManagementKeys, WhileAKeyIsRotatedBothSecretsWork) {
  const View made = make(Kind::key, {{"name", "ci"}});
  const View rotated = done(management_->rotate(root_, Kind::key, "ci", 1, 24h));
  EXPECT_NE(text(made, "secret"), text(rotated, "secret"));
  EXPECT_EQ(version(rotated), 2);
  EXPECT_EQ(rotated.at("secrets").as_array().size(), 2U);
  const identity::Key* key = served("ci");
  EXPECT_EQ(key->hash, sha256(text(rotated, "secret")));
  ASSERT_EQ(key->previous.size(), 1U);
  EXPECT_EQ(key->previous[0].hash, sha256(text(made, "secret")));
  EXPECT_EQ(key->previous[0].valid_until, clock_.wall_now() + 24h);

  clock_.advance(24h);
  EXPECT_EQ(get(Kind::key, "ci").at("secrets").as_array().size(), 1U);
  const View at_once = done(management_->rotate(root_, Kind::key, "ci", {}, 0s));
  EXPECT_EQ(at_once.at("secrets").as_array().size(), 1U);
  EXPECT_TRUE(served("ci")->previous.empty());
  expect_refused(management_->rotate(root_, Kind::key, "ci", 1, 0s), Errc::version_conflict, "");
  expect_refused(management_->rotate(root_, Kind::key, "ci", {}, -1s), Errc::invalid_request,
                 "grace");
  for (int i = 0; i < 7; ++i) done(management_->rotate(root_, Kind::key, "ci", {}, 24h));
  expect_refused(management_->rotate(root_, Kind::key, "ci", {}, 24h), Errc::invalid_request,
                 "grace", "8 secrets");
}

TEST_P(ManagementKeys, UseIsNotedWithoutAChangeOfTheVersion) {
  const View made = make(Kind::key, {{"name", "ci"}, {"expires", "30d after first use"}});
  note_use(text(made, "id"), clock_.wall_now());
  clock_.advance(std::chrono::days(29));
  const View used = get(Kind::key, "ci");
  EXPECT_EQ(version(used), 1);
  EXPECT_EQ(used.at("updated"), made.at("updated"));
  EXPECT_FALSE(used.at("first_used").is_null());
  EXPECT_EQ(text(used, "state"), "active");
  EXPECT_EQ(text(done(change(Kind::key, made, {{"note", "edited meanwhile"}})), "note"),
            "edited meanwhile");
  EXPECT_EQ(get(Kind::key, "ci").at("first_used"), used.at("first_used"));
  clock_.advance(std::chrono::days(1));
  EXPECT_EQ(text(get(Kind::key, "ci"), "state"), "expired");
}

TEST_P(ManagementKeys, TheKeysOfAUserEndAndComeBackWithHim) {
  const View ada = make_user("ada", "member");
  make(Kind::key, {{"name", "hers"}, {"owner", text(ada, "id")}});
  ASSERT_TRUE(served("hers"));
  const View off = done(change(Kind::user, ada, {{"disabled", true}}));
  EXPECT_FALSE(served("hers"));
  EXPECT_EQ(text(get(Kind::key, "hers"), "state"), "disabled");
  done(change(Kind::user, off, {{"disabled", false}}));
  EXPECT_TRUE(served("hers"));
  ASSERT_TRUE(management_->remove(root_, Kind::user, "ada", {}));
  EXPECT_FALSE(served("hers"));
  ASSERT_TRUE(management_->restore(root_, Kind::user, text(ada, "id"), {}));
  EXPECT_TRUE(served("hers"));
  ASSERT_TRUE(management_->remove(root_, Kind::key, "hers", {}));
  EXPECT_FALSE(served("hers"));
}

TEST_P(ManagementKeys, ATieToAnAccountNamesOneThatThereIs) {
  const View main = make_account("main");
  expect_refused(
      management_->create(root_, Kind::key, {{"name", "ci"}, {"accounts", array{"mian"}}}),
      Errc::invalid_request, "accounts", "did you mean \"main\"?");
  make(Kind::key, {{"name", "ci"}, {"accounts", array{"main"}}});
  expect_refused(change(Kind::account, main, {{"name", "other"}}), Errc::invalid_request, "name",
                 "\"ci\"");
  expect_refused(management_->create(root_, Kind::key, {{"name", "x"}, {"owner", "nobody"}}),
                 Errc::invalid_request, "owner");
}

}  // namespace
}  // namespace sluice::admin::testing

#include "admin/entities.hpp"
#include "admin/testing.hpp"
#include "store/account_rests.hpp"

namespace sluice::admin::testing {
namespace {

using namespace std::chrono_literals;

class ManagementAccounts : public ManagementTest {
 protected:
  provider::AccountSettings opened(const std::string& name) {
    return done(management_->account(root_, name));
  }
  static object oauth2() {
    return {{"token_url", "https://auth.example.org/token"},
            {"client_id", "sluice"},
            {"client_secret", "client-canary-0123456789"},
            {"refresh_token", "refresh-canary-0123456789"},
            {"scopes", array{"inference"}}};
  }
  View make_oauth2(const std::string& name) {
    return make(
        Kind::account,
        {{"name", name}, {"provider", "anthropic"}, {"credential", {{"oauth2", oauth2()}}}});
  }
};
SLUICE_ON_SQLITE(ManagementAccounts);

TEST_P(ManagementAccounts, AnAccountGivesBackEveryFieldAsItCame) {
  const object fields = {
      {"base_url", "https://relay.example.org/v2"},
      {"priority", 3},
      {"weight", 7},
      {"max_concurrency", 20},
      {"models", array{"claude-*"}},
      {"model_map", {{"sonnet", "claude-sonnet-4-5"}}},
      {"pools", array{"fast"}},
      {"cooling", {{"rate_limited", "30s"}, {"overloaded", "0"}}},
      {"proxy", "socks5h://proxy.example.org:1080"},
      {"ca_file", "/etc/ssl/own.pem"},
      {"note", "the main one"},
      {"expires", "2027-01-31T12:00:00Z"},
      {"limits",
       {{"requests", "60/1m"},
        {"input_tokens", nullptr},
        {"output_tokens", nullptr},
        {"total_tokens", nullptr}}},
      {"budgets", {{"month", 200}}},
      {"connect_timeout_ms", 1000},
      {"first_byte_timeout_ms", 2000},
      {"idle_timeout_ms", 3000},
      {"active_hours",
       array{object{{"days", array{"mon", "fri"}}, {"from", "22:00"}, {"to", "06:00"}},
             object{{"days", array{}}, {"from", "00:00"}, {"to", "24:00"}}}},
      {"time_zone", "Asia/Tokyo"},
      {"disabled", true}};
  object given = fields;
  given["name"] = "main";
  given["provider"] = "anthropic-compatible";
  const View made = make(Kind::account, given);
  for (const auto& field : fields) EXPECT_EQ(made.at(field.key()), field.value()) << field.key();
  EXPECT_EQ(made.at("credential"), (object{{"kind", "none"}}));
}

TEST_P(ManagementAccounts, ARestIsTakenBackByItsOwnNullOrAllByOne) {
  const View made = make(Kind::account, {{"name", "main"},
                                         {"provider", "anthropic"},
                                         {"credential", {{"api_key", "sk-ant-0123456789"}}},
                                         {"cooling", {{"quota", "6h"}, {"forbidden", "60s"}}}});
  EXPECT_EQ(made.at("cooling"), (object{{"quota", "6h"}, {"forbidden", "1m"}}));
  const View less =
      done(change(Kind::account, made, {{"cooling", {{"quota", nullptr}, {"overloaded", "0"}}}}));
  EXPECT_EQ(less.at("cooling"), (object{{"overloaded", "0"}, {"forbidden", "1m"}}));
  const View none = done(change(Kind::account, less, {{"cooling", nullptr}}));
  EXPECT_EQ(none.at("cooling"), object());
}

TEST_P(ManagementAccounts, ACredentialGoesInAndIsNeverShownAgain) {
  const View made = make_account("main");
  EXPECT_EQ(made.at("credential"), (object{{"kind", "api_key"}, {"secret_hint", "...6789"}}));
  EXPECT_EQ(opened("main").credential.secret.reveal(), "sk-ant-canary-0123456789");

  const View bearer = done(
      change(Kind::account, made, {{"credential", {{"bearer_token", "bearer-canary-abcdefgh"}}}}));
  EXPECT_EQ(bearer.at("credential").at("kind"), "bearer_token");
  EXPECT_EQ(opened("main").credential.secret.reveal(), "bearer-canary-abcdefgh");
  const auto left = store::testing::read(*database_, [&](store::Transaction& transaction) {
    return store::SealedSecrets(transaction).of(text(made, "id"));
  });
  ASSERT_EQ(left.size(), 1U) << "the secret of the kind before is gone";
  EXPECT_EQ(left[0].name, "bearer_token");
  expect_refused(change(Kind::account, bearer, {{"credential", nullptr}}), Errc::invalid_request,
                 "credential", "is missing");
}

TEST_P(ManagementAccounts, OAuth2StaysWithWhatAnEditDoesntName) {
  const View made = make_oauth2("main");
  EXPECT_EQ(made.at("credential"), (object{{"kind", "oauth2"},
                                           {"token_url", "https://auth.example.org/token"},
                                           {"client_id", "sluice"},
                                           {"scopes", array{"inference"}},
                                           {"client_auth", "basic"},
                                           {"secret_hint", "...6789"}}));
  const View edited =
      done(change(Kind::account, made,
                  {{"credential", {{"oauth2", {{"refresh_token", "refresh-canary-new"}}}}}}));
  const auto account = opened("main");
  EXPECT_EQ(account.credential.oauth2.client_secret.reveal(), "client-canary-0123456789");
  EXPECT_EQ(account.credential.oauth2.refresh_token.reveal(), "refresh-canary-new");
  EXPECT_EQ(account.credential.oauth2.scopes, std::vector<std::string>{"inference"});
  EXPECT_TRUE(account.credential.secret.empty());
  EXPECT_EQ(text(edited.at("credential").as_object(), "secret_hint"), "...-new");

  for (const char* part : {"token_url", "client_id", "client_secret", "refresh_token"}) {
    object lacking = oauth2();
    lacking.erase(part);
    expect_refused(
        management_->create(
            root_, Kind::account,
            {{"name", "x"}, {"provider", "anthropic"}, {"credential", {{"oauth2", lacking}}}}),
        Errc::invalid_request, std::string("credential.oauth2.") + part, "missing");
  }
}

TEST_P(ManagementAccounts, AnEditEndsTheTroubleOfAnAccountAndItsAccessToken) {
  const View made = make_oauth2("main");
  const std::string id = text(made, "id");
  store::testing::write(*database_, [&](store::Transaction& transaction) {
    store::AccountRests(transaction)
        .put({.account = id,
              .model = "",
              .state = "unauthorized",
              .rule = "unauthorized",
              .reason = "invalid_grant",
              .since = clock_.wall_now(),
              .until = {}});
    return secrets_
        ->put(transaction, id, "access_token", Secret("access-canary"), clock_.wall_now())
        .has_value();
  });
  EXPECT_EQ(text(get(Kind::account, "main"), "state"), "unauthorized");
  EXPECT_EQ(text(get(Kind::account, "main"), "state_reason"), "invalid_grant");
  EXPECT_EQ(opened("main").credential.secret.reveal(), "access-canary");
  done(change(Kind::account, made,
              {{"credential", {{"oauth2", {{"refresh_token", "refresh-canary-new"}}}}}}));
  EXPECT_EQ(text(get(Kind::account, "main"), "state"), "active");
  EXPECT_TRUE(opened("main").credential.secret.empty());
}

TEST_P(ManagementAccounts, AProxyKeepsItsPasswordToItself) {
  const View made = make(Kind::account, {{"name", "main"},
                                         {"provider", "anthropic-compatible"},
                                         {"base_url", "https://relay.example.org"},
                                         {"proxy", "http://ada:proxy-canary@proxy.example:3128"}});
  EXPECT_EQ(text(made, "proxy"), "http://...@proxy.example:3128");
  const std::string whole = "http://ada:proxy-canary@proxy.example:3128";
  EXPECT_EQ(opened("main").proxy.reveal(), whole);
  const View same =
      done(change(Kind::account, made, {{"proxy", made.at("proxy")}, {"note", "sent back"}}));
  EXPECT_EQ(opened("main").proxy.reveal(), whole) << "as it was shown, it changes nothing";
  expect_refused(change(Kind::account, same, {{"proxy", "http://...@elsewhere.example:3128"}}),
                 Errc::invalid_request, "proxy");
  done(change(Kind::account, same, {{"proxy", "http://proxy.example:3128"}}));
  EXPECT_EQ(opened("main").proxy.reveal(), "http://proxy.example:3128");
}

TEST_P(ManagementAccounts, ABaseUrlLeadsOutOrToLoopback) {
  const auto refused = [&](const std::string& url, const std::string& words) {
    expect_refused(management_->create(
                       root_, Kind::account,
                       {{"name", "x"}, {"provider", "anthropic-compatible"}, {"base_url", url}}),
                   Errc::invalid_request, "base_url", words);
  };
  refused("https://10.0.0.1", "allow_private_upstreams");
  refused("https://169.254.169.254", "metadata");
  refused("https://metadata.google.internal", "metadata");
  refused("http://example.org", "https");
  refused("https://me:pw@example.org", "credential");
  refused("ftp://example.org", "https://");
  refused("", "must be set");
  const View local = make(Kind::account, {{"name", "local"},
                                          {"provider", "anthropic-compatible"},
                                          {"base_url", "http://127.0.0.1:8000/"}});
  EXPECT_EQ(text(local, "base_url"), "http://127.0.0.1:8000");

  auto declared = std::make_shared<Declared>();
  declared->private_upstreams = provider::PrivateUpstreams::allowed;
  management_->use(declared);
  const View own = make(
      Kind::account,
      {{"name", "own"}, {"provider", "anthropic-compatible"}, {"base_url", "https://10.0.0.1"}});
  refused("https://169.254.169.254", "metadata");
  // Forbidden later, it can still be edited elsewhere.
  management_->use(std::make_shared<Declared>());
  EXPECT_TRUE(change(Kind::account, own, {{"note", "still here"}}));
  const View moved = make_account("moved");
  EXPECT_EQ(text(moved, "base_url"), "https://api.anthropic.com");
  EXPECT_EQ(text(done(change(Kind::account, moved, {{"provider", "openai"}})), "base_url"),
            "https://api.openai.com");
}

}  // namespace
}  // namespace sluice::admin::testing

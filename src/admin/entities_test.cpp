#include "admin/entities.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "admin/account_document.hpp"
#include "admin/document.hpp"
#include "admin/key_document.hpp"
#include "admin/testing.hpp"
#include "base/ulid.hpp"
#include "store/hashed_secrets.hpp"
#include "store/watcher.hpp"

namespace sluice::admin::testing {
namespace {

using namespace std::chrono_literals;

class EntitiesTest : public ManagementTest {
 protected:
  Entities load() { return store::testing::value_of(load_entities(*database_, *secrets_)); }
};
SLUICE_ON_BOTH_ENGINES(EntitiesTest);

TEST_P(EntitiesTest, AreAllThatIsThereReadyToServe) {
  make_account("main");
  make(Kind::key, {{"name", "ci"}, {"tags", array{"builds"}}});
  make_account("gone");
  ASSERT_TRUE(management_->remove(root_, Kind::account, "gone", {}));
  const Entities entities = load();
  EXPECT_EQ(entities.faults, std::vector<std::string>{});
  ASSERT_EQ(entities.accounts.size(), 1U);
  EXPECT_EQ(entities.accounts[0].name, "main");
  EXPECT_EQ(entities.accounts[0].credential.secret.reveal(), "sk-ant-canary-0123456789");
  ASSERT_EQ(entities.keys.size(), 1U);
  EXPECT_EQ(entities.keys[0].tags, std::vector<std::string>{"builds"});
  EXPECT_EQ(entities.revision, store::testing::read(*database_, [](store::Transaction& t) {
              return store::revision(t);
            }));
}

TEST_P(EntitiesTest, WhatCantBeReadIsAFaultAndTheRestIsServed) {
  make_account("main");
  clock_.advance(1s);
  const View moved = make_account("moved");
  clock_.advance(1s);
  const View lost = make_account("lost");
  make(Kind::key, {{"name", "ci"}});
  const View newer = make(Kind::key, {{"name", "newer"}});
  store::testing::write(*database_, [&](store::Transaction& transaction) {
    store::SealedSecrets sealed(transaction);
    // A ciphertext of another row opens nowhere else.
    auto stolen = *sealed.find(text(moved, "id"), "api_key");
    stolen.owner = text(lost, "id");
    sealed.put(stolen);
    sealed.drop(text(moved, "id"), "api_key");
    store::Objects keys(transaction, Kind::key);
    auto key = *keys.find(text(newer, "id"));
    key.document = R"({"of":"tomorrow"})";
    return keys.update(key).has_value();
  });
  const Entities entities = load();
  EXPECT_EQ(entities.accounts.size(), 1U);
  EXPECT_EQ(entities.keys.size(), 1U);
  ASSERT_EQ(entities.faults.size(), 3U);
  EXPECT_NE(entities.faults[0].find("account \"moved\": its api_key is missing"),
            std::string::npos);
  EXPECT_NE(entities.faults[1].find("account \"lost\""), std::string::npos);
  EXPECT_NE(entities.faults[2].find("key \"newer\""), std::string::npos);
}

TEST_P(EntitiesTest, TenThousandKeysAndAThousandAccountsAreReadInOneGo) {
  SeededRandom random(7);
  const WallTime now = clock_.wall_now();
  const auto object_of = [&](const std::string& name, std::string document) {
    store::Object object = store::testing::object(std::string(Ulid::make(now, random).str()), name);
    object.document = std::move(document);
    return object;
  };
  store::testing::write(*database_, [&](store::Transaction& transaction) {
    provider::AccountSettings account;
    account.provider = "anthropic";
    account.base_url = "https://api.anthropic.com";
    account.credential.kind = provider::Credential::Kind::api_key;
    const std::string account_text = serialized(account_document(account));
    for (int i = 0; i < 1000; ++i) {
      const auto object = object_of("account-" + std::to_string(i), account_text);
      EXPECT_TRUE(store::Objects(transaction, Kind::account).insert(object));
      EXPECT_TRUE(secrets_->put(transaction, object.id, "api_key",
                                Secret("sk-ant-" + std::to_string(i)), now));
    }
    identity::Key key;
    key.limits.requests = RateLimit{60, 60s};
    const std::string key_text = serialized(key_document(key));
    for (int i = 0; i < 10'000; ++i) {
      const auto object = object_of("key-" + std::to_string(i), key_text);
      EXPECT_TRUE(store::Objects(transaction, Kind::key).insert(object));
      EXPECT_TRUE(store::HashedSecrets(transaction, Kind::key)
                      .insert({.hash = sha256(object.id),
                               .owner = object.id,
                               .hint = "...",
                               .created = now,
                               .valid_until = {}}));
    }
    return true;
  });
  const auto start = std::chrono::steady_clock::now();
  const Entities entities = load();
  const auto took =
      std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - start);
  std::cout << "10,000 keys and 1,000 accounts: " << took.count() << " ms\n";
  EXPECT_EQ(entities.keys.size(), 10'000U);
  EXPECT_EQ(entities.accounts.size(), 1000U);
  EXPECT_TRUE(entities.faults.empty());
}

class SecretsAtRest : public ManagementTest {
 protected:
  /// Every byte of the store's files.
  std::string store_bytes() {
    std::ostringstream out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.data_dir)) {
      if (!entry.is_regular_file()) continue;
      out << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    }
    return out.str();
  }
};
SLUICE_ON_SQLITE(SecretsAtRest);

TEST_P(SecretsAtRest, NoByteOfTheStoreOrTheAuditLogOrAViewIsASecret) {
  const View account =
      make(Kind::account, {{"name", "main"},
                           {"provider", "anthropic"},
                           {"proxy", "http://ada:canary-of-the-proxy@proxy.example:3128"},
                           {"credential",
                            {{"oauth2",
                              {{"token_url", "https://auth.example.org/token"},
                               {"client_id", "sluice"},
                               {"client_secret", "canary-of-the-client"},
                               {"refresh_token", "canary-of-the-refresh-token"}}}}}});
  const View key = make(Kind::key, {{"name", "taken"}, {"secret", "canary-of-a-key-taken-over"}});
  const View made = make(Kind::key, {{"name", "made"}});
  const View rotated = done(management_->rotate(root_, Kind::key, "made", {}, 1h));
  const View user = make(Kind::user, {{"name", "ada"}, {"password", "canary-of-ada-s password"}});
  const View reset = done(management_->reset_password(root_, "ada", {}));
  const View token = make(Kind::token, {{"name", "deploy"}});
  done(change(Kind::account, account, {{"credential", {{"api_key", "canary-of-the-api-key"}}}}));

  const std::vector<std::string> secrets = {
      "canary-of",           text(made, "secret"), text(rotated, "secret"), text(reset, "password"),
      text(token, "secret"),
  };
  std::string seen = store_bytes();
  EXPECT_GT(seen.size(), 10'000U);
  for (const auto& line : audit()) seen += line.before + line.after + line.object_name;
  for (const Kind kind : {Kind::account, Kind::key, Kind::user, Kind::token}) {
    for (const View& view : done(management_->list(root_, kind, {})).items) {
      seen += boost::json::serialize(view);
    }
  }
  for (const std::string& secret : secrets) EXPECT_EQ(seen.find(secret), std::string::npos);
}

}  // namespace
}  // namespace sluice::admin::testing

#include "admin/portable.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include "admin/portable_testing.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using testing::granted;
using testing::Installation;
using Done = ImportReport::Done;

const Secret passphrase("correct horse battery staple");

class Portable : public store::testing::OnBothEngines {
 protected:
  void SetUp() override {
    OnBothEngines::SetUp();
    here_ = std::make_unique<Installation>(options_, folder_.path("here.key"));
    testing::fill(*here_);
  }
  std::unique_ptr<Installation> empty() {
    return std::make_unique<Installation>(another_store(),
                                          folder_.path("there" + std::to_string(stores_++)));
  }
  std::unique_ptr<Installation> here_;
  int stores_ = 0;
};
SLUICE_ON_BOTH_ENGINES(Portable);

/// Without what differs each time.
json::object plain(const std::string& document) {
  json::object out = json::parse(document).as_object();
  out["secrets"] = nullptr;
  return out;
}

TEST_P(Portable, ComesBackFromAnotherStoreAsItWas) {
  const std::string document =
      here_->exported({ExportSecrets::under_passphrase, passphrase, "0.1.0"});
  const auto there = empty();
  const ImportReport report = granted(there->imported(document, {.passphrase = passphrase}));
  EXPECT_EQ(report.count(Done::created), 7U);
  EXPECT_TRUE(report.notes.empty());
  for (const auto& line : report.lines) EXPECT_TRUE(line.attention.empty()) << line.name;

  EXPECT_EQ(plain(there->exported({ExportSecrets::under_passphrase, passphrase, "0.1.0"})),
            plain(document));
  const Bundle before = here_->bundle();
  const Bundle after = there->bundle();
  ASSERT_EQ(before.objects.size(), after.objects.size());
  for (std::size_t i = 0; i < before.objects.size(); ++i) {
    const auto& a = before.objects[i].secrets;
    const auto& b = after.objects[i].secrets;
    ASSERT_EQ(a.size(), b.size()) << before.objects[i].name;
    for (std::size_t j = 0; j < a.size(); ++j) {
      EXPECT_EQ(a[j].name, b[j].name);
      EXPECT_EQ(a[j].secret->reveal(), b[j].secret->reveal());
    }
  }
  ASSERT_EQ(after.key_suffixes.size(), 1U);
  EXPECT_EQ(after.key_suffixes[0].secret->reveal(), "canary-suffix");
  EXPECT_EQ(there->audit_lines(), 7U);
}

TEST_P(Portable, IsTheSameEachTimeButForWhatIsRandom) {
  EXPECT_EQ(here_->exported(), here_->exported());
  EXPECT_EQ(plain(here_->exported({ExportSecrets::under_passphrase, passphrase, ""})),
            plain(here_->exported()));
}

TEST_P(Portable, HoldsNoSecretInTheClear) {
  for (const std::string& document :
       {here_->exported(), here_->exported({ExportSecrets::under_passphrase, passphrase, ""})}) {
    EXPECT_EQ(document.find("canary"), std::string::npos);
    EXPECT_EQ(document.find("sk-slc-"), std::string::npos);
    EXPECT_EQ(document.find("sk-ant-"), std::string::npos);
    EXPECT_EQ(document.find("battery"), std::string::npos);
  }
}

TEST_P(Portable, WithoutSecretsAccountsComeBackDisabledAndSayWhatIsMissing) {
  const auto there = empty();
  const ImportReport report = granted(there->imported(here_->exported()));
  EXPECT_EQ(report.count(Done::created), 7U);
  std::map<std::string, std::size_t> attention;
  for (const auto& line : report.lines) attention[line.name] = line.attention.size();
  EXPECT_EQ(attention, (std::map<std::string, std::size_t>{{"alice", 1},
                                                           {"default", 0},
                                                           {"main", 1},
                                                           {"oauth", 1},
                                                           {"ci", 0},
                                                           {"plain", 0},
                                                           {"robot", 0}}));
  EXPECT_EQ(report.notes.size(), 1U);  // the suffix
  const Bundle bundle = there->bundle();
  EXPECT_EQ(bundle.objects[2].name, "main");
  EXPECT_EQ(bundle.objects[2].document.at("disabled"), true);
  EXPECT_EQ(bundle.objects[2].document.at("note"),
            "of the \"ops\" team; imported without its secrets, set again: api_key, proxy");
  // Keys go on working: their hashes are there.
  EXPECT_EQ(bundle.objects[4].hashes.size(), 2U);
}

TEST_P(Portable, KeepsTheSecretsThatAreHereWhenAnObjectIsReplacedWithoutThem) {
  const std::string document = here_->exported();
  const ImportReport report =
      granted(here_->imported(document, {.on_conflict = OnConflict::replace}));
  EXPECT_EQ(report.count(Done::replaced), 7U);
  const Bundle bundle = here_->bundle();
  EXPECT_EQ(bundle.objects[2].document.at("disabled"), false);
  EXPECT_EQ(bundle.objects[2].secrets.at(0).secret->reveal(), "sk-ant-canary-api-key");
}

TEST_P(Portable, ARefusedConflictChangesNothingAndIsNamed) {
  const std::string before = here_->exported();
  const auto refused = here_->imported(before);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::already_exists);
  EXPECT_NE(refused.error().message.find("7 objects are here already: user \"alice\""),
            std::string::npos)
      << refused.error().message;
  EXPECT_EQ(here_->exported(), before);
  EXPECT_EQ(here_->audit_lines(), 0U);
}

TEST_P(Portable, SkipsWhatIsHereAndBringsTheRest) {
  const std::string document = here_->exported();
  const auto there = empty();
  store::testing::write(*there->database, [&](store::Transaction& transaction) {
    store::Object user = store::testing::object("01JD00000000000000000000ZZ", "alice");
    user.document = R"({"role":"viewer"})";
    EXPECT_TRUE(store::Objects(transaction, store::Kind::user).insert(user));
    return true;
  });
  const ImportReport report = granted(there->imported(document, {.on_conflict = OnConflict::skip}));
  EXPECT_EQ(report.count(Done::skipped), 1U);
  EXPECT_EQ(report.count(Done::created), 6U);
  const Bundle bundle = there->bundle();
  EXPECT_EQ(bundle.objects[0].document.at("role"), "viewer");
  // What belonged to alice there belongs to the one of that name here.
  EXPECT_EQ(bundle.objects[4].owner, "01JD00000000000000000000ZZ");
}

TEST_P(Portable, GivesANewIdWhereTheOldOneIsTaken) {
  const std::string document = here_->exported();
  const auto there = empty();
  store::testing::write(*there->database, [&](store::Transaction& transaction) {
    store::Object account = store::testing::object("01JD0000000000000000000002", "somebody else's");
    account.removed = store::testing::noon;
    EXPECT_TRUE(store::Objects(transaction, store::Kind::account).insert(account));
    return true;
  });
  (void)granted(there->imported(document));
  for (const PortableObject& object : there->bundle().objects) {
    if (object.name == "main") {
      EXPECT_NE(object.id, "01JD0000000000000000000002");
    }
  }
}

TEST_P(Portable, NoAccountGetsTheIdOfAUser) {
  const std::string document = here_->exported();
  const auto there = empty();
  store::testing::write(*there->database, [&](store::Transaction& transaction) {
    const std::string id = "01JD0000000000000000000002";  // of the account "main" in the document
    store::Object user = store::testing::object(id, "bob");
    user.document = R"({"role":"viewer"})";
    EXPECT_TRUE(store::Objects(transaction, store::Kind::user).insert(user));
    EXPECT_TRUE(
        there->secrets->put(transaction, id, "password", Secret("bob's"), store::testing::noon));
    return true;
  });
  (void)granted(there->imported(document));
  for (const PortableObject& object : there->bundle().objects) {
    if (object.name == "bob") {
      EXPECT_EQ(object.secrets.at(0).secret->reveal(), "bob's");
    } else {
      EXPECT_NE(object.id, "01JD0000000000000000000002");
    }
  }
}

TEST_P(Portable, ADryRunTellsAllAndChangesNothing) {
  const auto there = empty();
  const std::string before = there->exported();
  const ImportReport report = granted(there->imported(here_->exported(), {.dry_run = DryRun::yes}));
  EXPECT_TRUE(report.dry_run);
  EXPECT_EQ(report.count(Done::created), 7U);
  EXPECT_EQ(there->exported(), before);
  EXPECT_EQ(there->audit_lines(), 0U);
}

TEST_P(Portable, ASecretOfAKeyIsNeverGivenToAnother) {
  const std::string document = here_->exported();
  const auto there = empty();
  store::testing::write(*there->database, [&](store::Transaction& transaction) {
    EXPECT_TRUE(store::Objects(transaction, store::Kind::key)
                    .insert(store::testing::object("01JD00000000000000000000ZZ", "other")));
    store::HashedSecret hash;
    hash.hash = sha256("sk-slc-plain");
    hash.owner = "01JD00000000000000000000ZZ";
    EXPECT_TRUE(store::HashedSecrets(transaction, store::Kind::key).insert(hash));
    return true;
  });
  const auto refused = there->imported(document, {.on_conflict = OnConflict::replace});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::already_exists);
  EXPECT_EQ(there->audit_lines(), 0U);
}

}  // namespace
}  // namespace sluice::admin

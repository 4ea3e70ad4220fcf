#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "admin/portable.hpp"
#include "admin/portable_testing.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using testing::granted;
using testing::Installation;

const Secret passphrase("correct horse battery staple");

class PortableRefusals : public ::testing::Test {
 protected:
  Refusal refusal_of(std::string_view document, ImportOptions options = {}) {
    const auto imported = there_.imported(document, std::move(options));
    if (imported) {
      ADD_FAILURE() << "was imported: " << document.substr(0, 200);
      return {};
    }
    EXPECT_EQ(imported.error().message.find("canary"), std::string::npos);
    return imported.error();
  }
  void expect_unchanged() {
    EXPECT_TRUE(there_.bundle().objects.empty());
    EXPECT_EQ(there_.audit_lines(), 0U);
  }
  json::object edited() { return json::parse(plain_).as_object(); }

  store::testing::Folder folder_;
  Installation here_{{.data_dir = folder_.path("here")}, folder_.path("here.key")};
  Installation there_{{.data_dir = folder_.path("there")}, folder_.path("there.key")};
  std::string plain_ = (testing::fill(here_), here_.exported());
};

TEST_F(PortableRefusals, AWrongPassphraseChangesNothing) {
  const std::string document = here_.exported({ExportSecrets::under_passphrase, passphrase, ""});
  EXPECT_TRUE(granted(needs_passphrase(document)));
  EXPECT_FALSE(granted(needs_passphrase(plain_)));
  EXPECT_EQ(refusal_of(document).field, "passphrase");
  const Refusal wrong = refusal_of(document, {.passphrase = Secret("incorrect horse")});
  EXPECT_EQ(wrong.field, "passphrase");
  EXPECT_EQ(wrong.code, Errc::invalid_request);
  expect_unchanged();
}

TEST_F(PortableRefusals, ASealedDocumentThatWasEditedIsRefused) {
  std::string document = here_.exported({ExportSecrets::under_passphrase, passphrase, ""});
  const std::string_view there = "https://gateway.example";
  document.replace(document.find(there), there.size(), "https://attacker.example");
  EXPECT_EQ(refusal_of(document, {.passphrase = passphrase}).field, "passphrase");
  expect_unchanged();
}

TEST_F(PortableRefusals, BlanksMayChangeOnTheWay) {
  const std::string document = here_.exported({ExportSecrets::under_passphrase, passphrase, ""});
  const std::string compact = json::serialize(json::parse(document));
  EXPECT_TRUE(there_.imported(compact, {.passphrase = passphrase}));
}

TEST_F(PortableRefusals, AShortPassphraseIsRefused) {
  const auto refused = export_configuration(*here_.database, *here_.secrets, here_.clock,
                                            {ExportSecrets::under_passphrase, Secret("short"), ""});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "passphrase");
}

TEST_F(PortableRefusals, ACutDocumentIsRefusedAtEveryLength) {
  // The last two bytes are "}\n".
  for (std::size_t size = 0; size + 1 < plain_.size(); ++size) {
    ASSERT_FALSE(there_.imported(plain_.substr(0, size))) << size;
  }
  expect_unchanged();
}

TEST_F(PortableRefusals, EverySealedByteCounts) {
  const Bundle whole = here_.bundle();
  const SealingKey key = SealingKey::generate();
  const json::object sealed = seal_secrets(whole, key);
  Bundle empty = granted(bundle_of(bundle_json(whole, {}, "")));
  ASSERT_TRUE(open_secrets(sealed, key, empty));
  for (const auto& [place, value] : sealed) {
    const std::string bytes = *from_base64(std::string_view(value.get_string()));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      for (const char flip : {'\x01', '\x80'}) {
        std::string altered = bytes;
        altered[i] = static_cast<char>(altered[i] ^ flip);
        json::object other = sealed;
        other[place] = to_base64(altered);
        Bundle bundle = granted(bundle_of(bundle_json(whole, {}, "")));
        ASSERT_FALSE(open_secrets(other, key, bundle)) << std::string_view(place) << " " << i;
      }
    }
    json::object cut = sealed;
    cut[place] = to_base64(std::string_view(bytes).substr(0, bytes.size() - 1));
    EXPECT_FALSE(open_secrets(cut, key, empty));
    json::object without = sealed;
    without.erase(place);
    EXPECT_FALSE(open_secrets(without, key, empty));
  }
  json::object more = sealed;
  more["account/01JD0000000000000000000002/bearer_token"] = sealed.begin()->value();
  EXPECT_FALSE(open_secrets(more, key, empty));
  EXPECT_FALSE(open_secrets(sealed, SealingKey::generate(), empty));
}

TEST_F(PortableRefusals, ASecretCantBeMovedToAnotherPlace) {
  const Bundle whole = here_.bundle();
  const SealingKey key = SealingKey::generate();
  json::object sealed = seal_secrets(whole, key);
  const auto main = sealed.at("account/01JD0000000000000000000002/api_key");
  sealed["account/01JD0000000000000000000003/refresh_token"] = main;
  Bundle bundle = granted(bundle_of(bundle_json(whole, {}, "")));
  const auto refused = open_secrets(sealed, key, bundle);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field,
            "secrets.sealed.account/01JD0000000000000000000003/refresh_token");
}

TEST_F(PortableRefusals, TheSealedKeyIsAuthenticatedToo) {
  const json::object document =
      json::parse(here_.exported({ExportSecrets::under_passphrase, passphrase, ""})).as_object();
  const std::string key =
      *from_base64(std::string_view(document.at("secrets").as_object().at("key").get_string()));
  // Each try costs an Argon2id, so one byte of each part: format, salt, format, key id, nonce, ciphertext, tag.
  for (const std::size_t at : {std::size_t{0}, std::size_t{5}, std::size_t{17}, std::size_t{20},
                               std::size_t{30}, std::size_t{60}, key.size() - 1}) {
    std::string altered = key;
    altered[at] = static_cast<char>(altered[at] ^ 1);
    json::object other = document;
    other["secrets"].as_object()["key"] = to_base64(altered);
    EXPECT_EQ(refusal_of(json::serialize(other), {.passphrase = passphrase}).field, "passphrase")
        << at;
  }
  expect_unchanged();
}

TEST_F(PortableRefusals, NamesObjectAndFieldOfWhatIsWrong) {
  struct Case {
    std::string_view list;
    std::string_view member;  // of the document, or with '.' before: of the object
    json::value value;
    std::string_view field;
  };
  const Case cases[] = {
      {"accounts", "base_url", "http://169.254.169.254", "accounts[0].document.base_url"},
      {"accounts", "base_url", "http://10.0.0.1", "accounts[0].document.base_url"},
      {"accounts", "provider", "nobody", "accounts[0].document.provider"},
      {"accounts", "priority", "high", "accounts[0].document.priority"},
      {"accounts", "surprise", 1, "accounts[0].document.surprise"},
      {"accounts", "name", "x", "accounts[0].document.name"},
      {"accounts", "credential", json::object{{"kind", "magic"}}, "accounts[0].document"},
      {"accounts", ".secrets", json::array{"password"}, "accounts[0].secrets"},
      {"accounts", ".id", "01jd", "accounts[0].id"},
      {"accounts", ".name", "a\"b", "accounts[0].name"},
      {"accounts", ".created", "yesterday", "accounts[0].created"},
      {"accounts", ".document", "text", "accounts[0].document"},
      {"accounts", ".extra", 1, "accounts[0].extra"},
      {"keys", "expires", "soon", "keys[0].document.expires"},
      {"keys", "limits", json::object{{"requests", "many"}}, "keys[0].document.limits.requests"},
      {"keys", ".owner", "01JD00000000000000000000ZZ", "keys[0].owner"},
      {"keys", ".hashes",
       json::array{json::object{{"sha256", "12"}, {"created", "2026-01-01T00:00:00Z"}}},
       "keys[0].hashes[0].sha256"},
      {"users", "role", "god", "users[0].document.role"},
      {"tokens", "scopes", "all", "tokens[0].document.scopes"},
      {"pools", "note", json::array{}, "pools[0].document.note"},
      {"pools", ".hashes", json::array{json::object{}}, "pools[0].hashes"},
  };
  for (const Case& one : cases) {
    json::object document = edited();
    json::object& object = document.at(one.list).as_array().at(0).as_object();
    if (one.member.starts_with('.')) {
      object[one.member.substr(1)] = one.value;
    } else {
      object.at("document").as_object()[one.member] = one.value;
    }
    const Refusal refusal = refusal_of(json::serialize(document));
    EXPECT_EQ(refusal.field, one.field) << refusal.message;
    EXPECT_EQ(refusal.code, Errc::invalid_request) << one.field;
  }
  expect_unchanged();
}

TEST_F(PortableRefusals, WhatIsNoExportOrOfAnotherVersionIsRefused) {
  struct Case {
    std::string_view member;
    json::value value;
    std::string_view field;
  };
  const Case cases[] = {{"format", "other", "format"},
                        {"version", 2, "version"},
                        {"version", "1", "version"},
                        {"accounts", json::object{}, "accounts"},
                        {"ledger", json::array{}, "ledger"},
                        {"secrets", nullptr, "secrets"},
                        {"secrets", json::object{{"kept", "rot13"}}, "secrets"}};
  for (const Case& one : cases) {
    json::object document = edited();
    document[one.member] = one.value;
    EXPECT_EQ(refusal_of(json::serialize(document)).field, one.field);
  }
  for (const char* text : {"", "[]", "null", "{", "{}", "\xff"}) (void)refusal_of(text);
  expect_unchanged();
}

TEST_F(PortableRefusals, AnObjectThatStandsTwiceIsRefused) {
  json::object document = edited();
  json::array& accounts = document.at("accounts").as_array();
  accounts.push_back(accounts.at(0));
  EXPECT_EQ(refusal_of(json::serialize(document)).message,
            "the account \"main\" stands twice in the file");
  accounts.at(2).as_object()["name"] = "another";
  EXPECT_EQ(refusal_of(json::serialize(document)).code, Errc::invalid_request);
  expect_unchanged();
}

TEST_F(PortableRefusals, OnlyAnAdminMayImport) {
  Actor actor = testing::admin();
  for (const identity::Role role :
       {identity::Role::operator_, identity::Role::viewer, identity::Role::member}) {
    actor.role = role;
    const auto refused =
        import_configuration(*there_.database, *there_.secrets, there_.clock, actor, plain_, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::not_allowed);
  }
  expect_unchanged();
}

}  // namespace
}  // namespace sluice::admin

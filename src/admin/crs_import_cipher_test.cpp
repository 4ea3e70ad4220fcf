#include "admin/crs_import_cipher.hpp"

#include <gtest/gtest.h>

namespace sluice::admin {
namespace {

// Made with node's crypto module, as CRS makes them: scryptSync(KEY, SALT, 32), aes-256-cbc, a counting IV.
constexpr std::string_view key = "a CRS key of thirty-two letters!";
constexpr std::string_view iv = "000102030405060708090a0b0c0d0e0f";
constexpr std::string_view console_sealed =
    "000102030405060708090a0b0c0d0e0f:"
    "51637422514d65e6fb5084c9d7d0ae637716895227ee7b27bcc83095f73121de";
constexpr std::string_view bedrock_sealed =
    "9f81b33a233632953efc25ba54cc0b8fe0bac5365be7d9ab6fa223d44de81507c2e1d531ecd76d758485b069a84e3e"
    "e03f8e05e7ddb110210b50492732a9b78f";

CrsCipher cipher() { return CrsCipher(Secret(std::string(key))); }

TEST(CrsCipher, OpensWhatCrsSealedUnderEachSalt) {
  struct Case {
    std::string_view salt, sealed, plain;
  };
  const Case cases[] = {
      {"claude-console-salt", console_sealed, "sk-ant-api03-canary-console"},
      {"openai-responses-salt",
       "000102030405060708090a0b0c0d0e0f:"
       "c96478d2314d7b28e10f6e7edd3db26fa4b87e56157128c3bdb8ca43bcfab3a6",
       "sk-proj-canary-responses"},
      {"azure-openai-account-default-salt",
       "000102030405060708090a0b0c0d0e0f:"
       "84caedf2379e15d9c77fcdea6417ab2d660cfc4e48c1e482e2980341aee56f7d",
       "canary-azure-key-0123456789"},
      {"gemini-api-salt",
       "000102030405060708090a0b0c0d0e0f:"
       "febbcef989e3be6655e571e44eb86ea6f1c10fc6ed38241d927643665a2b99ee",
       "AIzaCanaryGeminiKey"},
      {"ccr-account-salt",
       "000102030405060708090a0b0c0d0e0f:"
       "9b89f15124757847ed9883a9b0b01758f6f73b1f5e7ada209bf56185abbf2450",
       "canary-ccr-key-0123456789"},
  };
  CrsCipher opened = cipher();
  for (const Case& one : cases) {
    const auto secret = opened.open(one.sealed, one.salt);
    ASSERT_TRUE(secret) << one.salt;
    EXPECT_EQ(secret->reveal(), one.plain);
  }
}

TEST(CrsCipher, OpensBedrockCredentialsUnderTheirOwnDerivation) {
  const auto secret = cipher().open_bedrock(iv, bedrock_sealed);
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->reveal(), R"({"accessKeyId":"AKIACANARY","secretAccessKey":"canary"})");
}

TEST(CrsCipher, OpensNothingWithAnotherKeyOrSaltOrWithout) {
  EXPECT_FALSE(CrsCipher(Secret("another key")).open(console_sealed, "claude-console-salt"));
  EXPECT_FALSE(cipher().open(console_sealed, "gemini-api-salt"));
  EXPECT_FALSE(CrsCipher(Secret()).open(console_sealed, "claude-console-salt"));
  EXPECT_FALSE(CrsCipher(Secret()).open_bedrock(iv, bedrock_sealed));
}

TEST(CrsCipher, TakesTextThatIsNotSealedForWhatItIs) {
  CrsCipher opened = cipher();
  const std::string sealed(console_sealed);
  for (const std::string& text :
       {std::string(), std::string(":"), std::string("sk-ant-x:y"), sealed.substr(0, 33),
        sealed.substr(0, 40), "g" + sealed.substr(1), sealed + "0"}) {
    EXPECT_FALSE(is_crs_sealed(text)) << text;
    EXPECT_FALSE(opened.open(text, "claude-console-salt")) << text;
  }
  EXPECT_TRUE(is_crs_sealed(sealed));
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(opened.open(sealed.substr(0, size), "claude-console-salt")) << size;
  }
}

}  // namespace
}  // namespace sluice::admin

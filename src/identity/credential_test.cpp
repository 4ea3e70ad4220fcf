#include "identity/credential.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::identity {
namespace {

struct Field {
  std::string_view name;
  std::string_view value;
};
struct Head {
  std::vector<Field> headers;
};

Result<Presented> present(std::vector<Field> headers, std::string_view query = "") {
  return present_credential(Head{std::move(headers)}, query);
}

TEST(Credential, IsFoundWhereEachSdkPutsIt) {
  const Sha256 expected = sha256("sk-slc-1");
  EXPECT_EQ(present({{"x-api-key", "sk-slc-1"}})->hash, expected);
  EXPECT_EQ(present({{"X-Api-Key", " sk-slc-1\t"}})->hash, expected);
  EXPECT_EQ(present({{"authorization", "Bearer sk-slc-1"}})->hash, expected);
  EXPECT_EQ(present({{"Authorization", "bearer   sk-slc-1"}})->hash, expected);
  EXPECT_EQ(present({{"x-goog-api-key", "sk-slc-1"}})->hash, expected);
  EXPECT_EQ(present({{"api-key", "sk-slc-1"}})->hash, expected);
  EXPECT_EQ(present({}, "alt=sse&key=sk-slc-1")->hash, expected);
  EXPECT_EQ(present({}, "key=sk%2Dslc%2d1&x=y")->hash, expected);
}

TEST(Credential, MayStandInTwoPlacesWhenItIsTheSame) {
  const auto presented =
      present({{"x-api-key", "sk-slc-1"}, {"authorization", "Bearer sk-slc-1"}}, "key=sk%2Dslc-1");
  ASSERT_TRUE(presented);
  EXPECT_EQ(presented->hash, sha256("sk-slc-1"));
}

TEST(Credential, TwoDifferentOnesAreRefusedWhereverTheyStand) {
  const std::vector<std::vector<Field>> cases = {
      {{"x-api-key", "a"}, {"authorization", "Bearer b"}},
      {{"x-api-key", "a"}, {"x-api-key", "b"}},
      {{"api-key", "a"}, {"x-goog-api-key", "b"}, {"x-api-key", "a"}},
  };
  for (const auto& headers : cases) {
    const auto presented = present(headers);
    ASSERT_FALSE(presented);
    EXPECT_EQ(presented.error().code, Errc::invalid_request);
    EXPECT_EQ(presented.error().side, Side::client);
  }
  EXPECT_EQ(present({{"x-api-key", "a"}}, "key=b").error().code, Errc::invalid_request);
  EXPECT_EQ(present({}, "key=%61&key=%62").error().code, Errc::invalid_request);
}

TEST(Credential, NoneIsAnInvalidKey) {
  const std::vector<std::vector<Field>> cases = {{},
                                                 {{"x-api-key", ""}},
                                                 {{"authorization", "Bearer "}},
                                                 {{"authorization", "Basic YTpi"}},
                                                 {{"authorization", "sk-slc-1"}},
                                                 {{"x-key", "sk-slc-1"}}};
  for (const auto& headers : cases) {
    const auto presented = present(headers, "key=&keys=x&monkey=y");
    ASSERT_FALSE(presented);
    EXPECT_EQ(presented.error().code, Errc::invalid_key);
  }
}

TEST(Credential, NeverStandsInAnError) {
  const auto presented = present({{"x-api-key", "canary-one"}}, "key=canary-two");
  ASSERT_FALSE(presented);
  EXPECT_EQ(presented.error().context.find("canary"), std::string::npos);
}

TEST(KeyQuery, IsCutOutAndTheRestStaysByteForByte) {
  EXPECT_EQ(strip_key_query(""), "");
  EXPECT_EQ(strip_key_query("key=a"), "");
  EXPECT_EQ(strip_key_query("alt=sse&key=a"), "alt=sse");
  EXPECT_EQ(strip_key_query("key=a&alt=s%20se&key=b"), "alt=s%20se");
  EXPECT_EQ(strip_key_query("%6bey=a&x=1&%6B%65%79=b"), "x=1");
  EXPECT_EQ(strip_key_query("key&x=%zz"), "x=%zz");
  EXPECT_EQ(strip_key_query("keys=1&monkey=2&Key=3"), "keys=1&monkey=2&Key=3");
  EXPECT_EQ(strip_key_query("a&&b"), "a&&b");
}

TEST(CredentialHeader, IsKnownByNameInAnyCase) {
  for (const char* name : {"x-api-key", "AUTHORIZATION", "X-Goog-Api-Key", "Api-Key"}) {
    EXPECT_TRUE(is_credential_header(name)) << name;
  }
  EXPECT_FALSE(is_credential_header("x-api-kez"));
  EXPECT_FALSE(is_credential_header("anthropic-version"));
}

}  // namespace
}  // namespace sluice::identity

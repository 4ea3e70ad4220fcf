#include "app/config_values.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace sluice::app {
namespace {

TEST(ListenAddress, IsAnAddressAndAPort) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:8080")->host, "127.0.0.1");
  EXPECT_EQ(parse_listen_address("127.0.0.1:8080")->port, 8080);
  EXPECT_EQ(parse_listen_address("[::1]:0")->host, "::1");
  EXPECT_EQ(parse_listen_address("localhost:443")->port, 443);
  for (const char* bad :
       {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80",
        "[127.0.0.1]:80", "[::1]", "example.com:80", "127.0.0.1:-1", "1.2.3.4:8 "}) {
    EXPECT_FALSE(parse_listen_address(bad)) << bad;
  }
}

TEST(SecretSource, IsAVariableAFileOrTheValueItself) {
  const std::string path = testing::TempDir() + "sluice_secret_test";
  std::ofstream(path) << "from-file\r\n\n";
  const Environment environment = {{"KEY", "from-env"}, {"EMPTY", ""}};
  EXPECT_EQ(resolve_secret("env:KEY", environment)->secret.reveal(), "from-env");
  EXPECT_EQ(resolve_secret("file:" + path, environment)->secret.reveal(), "from-file");
  EXPECT_FALSE(resolve_secret("file:" + path, environment)->literal);
  EXPECT_EQ(resolve_secret("itself", environment)->secret.reveal(), "itself");
  EXPECT_TRUE(resolve_secret("itself", environment)->literal);
  EXPECT_EQ(resolve_secret("env:NOPE", environment).error().context,
            "the environment variable NOPE is not set");
  EXPECT_EQ(resolve_secret("env:EMPTY", environment).error().context,
            "the environment variable EMPTY is empty");
  EXPECT_EQ(resolve_secret("file:/nope/nope", environment).error().context,
            "the file /nope/nope can't be read");
  std::remove(path.c_str());
}

TEST(SecretSource, RefusesWhatWouldBreakAHeaderWithoutShowingIt) {
  for (const char* bad : {"canary\r\nx: y", "canary blank", "canary\x01", "canary\xc3\xa9"}) {
    const auto resolved = resolve_secret(bad, {});
    ASSERT_FALSE(resolved) << bad;
    EXPECT_EQ(resolved.error().context.find("canary"), std::string::npos);
  }
}

TEST(RedactedUrl, HasNoUserAndNoPassword) {
  EXPECT_EQ(redact_url("postgresql://me:canary@db/x"), "postgresql://...@db/x");
  EXPECT_EQ(redact_url("redis://:canary@h:1"), "redis://...@h:1");
  EXPECT_EQ(redact_url("sqlite://"), "sqlite://");
  EXPECT_EQ(redact_url("sqlite:///srv/a@b.db"), "sqlite:///srv/a@b.db");
  EXPECT_EQ(redact_url("http://h/a"), "http://h/a");
  EXPECT_EQ(redact_url("http://u:can/a?r#y@h:1/a"), "http://...@h:1/a");
  EXPECT_EQ(redact_url("postgresql://u@db/x?password=canary&sslmode=require"),
            "postgresql://...@db/x?...");
  EXPECT_EQ(redact_url("postgresql://db/x?sslmode=require"), "postgresql://db/x?sslmode=require");
}

}  // namespace
}  // namespace sluice::app

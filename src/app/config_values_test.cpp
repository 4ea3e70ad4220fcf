#include "app/config_values.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

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

TEST(RateLimit, IsAnAmountInAWindow) {
  EXPECT_EQ(parse_rate_limit("60/1m"), (identity::RateLimit{60, 60s}));
  EXPECT_EQ(parse_rate_limit("200000/2h"), (identity::RateLimit{200000, 2h}));
  EXPECT_EQ(parse_rate_limit("1/30d"), (identity::RateLimit{1, std::chrono::days(30)}));
  EXPECT_EQ(parse_rate_limit("5/10s"), (identity::RateLimit{5, 10s}));
  for (const char* bad : {"", "60", "60/", "60/m", "60/1", "60/0m", "-1/1m", "60/1w", "6e1/1m",
                          "60/1m ", "99999999999999999999/1m"}) {
    EXPECT_FALSE(parse_rate_limit(bad)) << bad;
  }
}

TEST(Money, IsReadExactly) {
  EXPECT_EQ(parse_usd("10"), NanoUsd(10'000'000'000));
  EXPECT_EQ(parse_usd("0.1"), NanoUsd(100'000'000));
  EXPECT_EQ(parse_usd("0.000000001"), NanoUsd(1));
  EXPECT_EQ(parse_usd("123456789.123456789"), NanoUsd(123'456'789'123'456'789));
  for (const char* bad :
       {"", "-1", "+1", "1.", ".5", "1.0000000001", "1e3", "1,5", "9999999999999"}) {
    EXPECT_FALSE(parse_usd(bad)) << bad;
  }
}

TEST(Money, OfADoubleIsWhatWasWritten) {
  // 0.1 + 0.2 style errors would show here: each of these is not a binary fraction.
  for (const char* text : {"0.1", "0.3", "1.005", "200", "4.35", "1234.567891"}) {
    EXPECT_EQ(parse_usd(*decimal_text(std::stod(text))), parse_usd(text)) << text;
  }
  EXPECT_FALSE(decimal_text(123456789.123456789));  // More digits than a double keeps.
  EXPECT_FALSE(decimal_text(1e300));
  EXPECT_FALSE(parse_usd(*decimal_text(-1.5)));
}

TEST(BudgetWindow, IsCalendarOrRolling) {
  using Window = identity::Budget::Window;
  EXPECT_EQ(parse_budget_window("day")->window, Window::day);
  EXPECT_EQ(parse_budget_window("week")->window, Window::week);
  EXPECT_EQ(parse_budget_window("month")->window, Window::month);
  EXPECT_EQ(parse_budget_window("total")->window, Window::total);
  EXPECT_EQ(parse_budget_window("5h")->window, Window::rolling);
  EXPECT_EQ(parse_budget_window("5h")->length, 5h);
  EXPECT_FALSE(parse_budget_window("year"));
}

TEST(Expiry, IsATimeOrALengthAfterTheFirstUse) {
  EXPECT_FALSE(parse_expiry("")->at);
  EXPECT_EQ(parse_expiry("1970-01-02T00:00:00Z")->at, WallTime(24h));
  EXPECT_EQ(parse_expiry("1970-01-01T02:00:00.5+02:00")->at, WallTime(0s));
  EXPECT_EQ(parse_expiry("1969-12-31T23:30:00-00:30")->at, WallTime(0s));
  EXPECT_EQ(parse_expiry("30d after first use")->after_first_use, std::chrono::days(30));
  for (const char* bad : {"tomorrow", "2027-01-31", "2027-02-30T00:00:00Z", "2027-01-31T24:00:00Z",
                          "2027-01-31T00:00:00", "2027-01-31T00:00:00+0200",
                          "2027-01-31T00:00:00.Z", "d after first use", "30d after use"}) {
    EXPECT_FALSE(parse_expiry(bad)) << bad;
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

TEST(Nearest, FindsSlipsAndHalfNamesButNotStrangers) {
  const std::vector<std::string> names = {"listen", "threads", "data_dir", "idle_timeout_ms"};
  EXPECT_EQ(nearest("lisen", names), "listen");
  EXPECT_EQ(nearest("thread", names), "threads");
  EXPECT_EQ(nearest("data", names), "data_dir");
  EXPECT_EQ(nearest("idle_timeout", names), "idle_timeout_ms");
  EXPECT_FALSE(nearest("colour", names));
  EXPECT_FALSE(nearest("", names));
}

TEST(RedactedUrl, HasNoUserAndNoPassword) {
  EXPECT_EQ(redact_url("postgresql://me:canary@db/x"), "postgresql://...@db/x");
  EXPECT_EQ(redact_url("redis://:canary@h:1"), "redis://...@h:1");
  EXPECT_EQ(redact_url("sqlite://"), "sqlite://");
  EXPECT_EQ(redact_url("http://h/a@b"), "http://h/a@b");
}

}  // namespace
}  // namespace sluice::app

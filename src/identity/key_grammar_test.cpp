#include "identity/key_grammar.hpp"

#include <gtest/gtest.h>

namespace sluice::identity {
namespace {

using namespace std::chrono_literals;

TEST(RateLimit, IsAnAmountInAWindow) {
  EXPECT_EQ(parse_rate_limit("60/1m"), (RateLimit{60, 60s}));
  EXPECT_EQ(parse_rate_limit("200000/2h"), (RateLimit{200000, 2h}));
  EXPECT_EQ(parse_rate_limit("1/30d"), (RateLimit{1, std::chrono::days(30)}));
  EXPECT_EQ(parse_rate_limit("5/10s"), (RateLimit{5, 10s}));
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
  using Window = Budget::Window;
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

TEST(KeyGrammar, WritesWhatItReads) {
  for (const char* text : {"60/1m", "5/10s", "200000/2h", "1/30d"}) {
    EXPECT_EQ(rate_limit_text(*parse_rate_limit(text)), text);
  }
  for (const char* text : {"10", "0.1", "0.000000001", "123456789.123456789", "0"}) {
    EXPECT_EQ(usd_text(*parse_usd(text)), text);
  }
  for (const char* text : {"day", "week", "month", "total", "5h"}) {
    EXPECT_EQ(budget_window_text(*parse_budget_window(text)), text);
  }
  for (const char* text : {"", "2027-01-31T12:00:00Z", "30d after first use"}) {
    EXPECT_EQ(expiry_text(*parse_expiry(text)), text);
  }
}

}  // namespace
}  // namespace sluice::identity

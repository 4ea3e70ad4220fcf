#include "base/timestamps.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::seconds;

TEST(Timestamps, ReadsTheDatesOfHttp) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), WallTime(seconds(784111777)));
  EXPECT_EQ(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT"), WallTime(seconds(0)));
}

TEST(Timestamps, TakesNoOtherFormForADateOfHttp) {
  for (const std::string_view text :
       {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, -6 Nov 1994 08:49:37 GMT"}) {
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
  }
}

TEST(Timestamps, ReadsRfc3339WithAnyZone) {
  EXPECT_EQ(parse_rfc3339("1994-11-06T08:49:37Z"), WallTime(seconds(784111777)));
  EXPECT_EQ(parse_rfc3339("1994-11-06T09:49:37.25+01:00"), WallTime(seconds(784111777)));
  EXPECT_EQ(parse_rfc3339("1994-11-06T08:49:37"), std::nullopt);
  EXPECT_EQ(parse_rfc3339(""), std::nullopt);
}

}  // namespace
}  // namespace sluice

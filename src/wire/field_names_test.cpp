#include "wire/field_names.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::wire {
namespace {

constexpr FieldNames names({"te", "x-api-key", "x-api-foo", "cookie", "set-cookie2"});

TEST(FieldNames, ContainWhatTheyWereMadeOfInAnyCase) {
  for (const char* name :
       {"te", "TE", "cookie", "Cookie", "x-api-key", "X-API-Foo", "set-cookie2"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(FieldNames, ContainNothingElse) {
  for (const char* name :
       {"", "t", "to", "ce", "cookies", "x-api-bar", "x_api_key", "set-cookie"}) {
    EXPECT_FALSE(names.contains(name)) << name;
  }
  EXPECT_FALSE(names.contains(std::string(62, 'c')));
  EXPECT_FALSE(names.contains(std::string(63, 'c')));
  EXPECT_FALSE(names.contains(std::string(100000, 'c')));
}

}  // namespace
}  // namespace sluice::wire

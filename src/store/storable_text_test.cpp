#include "store/storable_text.hpp"

#include <gtest/gtest.h>

namespace sluice::store {
namespace {

TEST(StorableText, LeavesWellFormedTextAsItIs) {
  for (const std::string_view text :
       {"", "a", "gr\xC3\xBCn", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "'; --\n\t\x7F"}) {
    EXPECT_EQ(storable_text(text), text);
  }
}

TEST(StorableText, ReplacesWhatNoEngineOrOnlyOneCanHold) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(storable_text(std::string_view("a\0b", 3)), "a" + mark + "b");
  EXPECT_EQ(storable_text("\xFF"), mark);
  EXPECT_EQ(storable_text("\xC0\xAF"), mark + mark) << "overlong";
  EXPECT_EQ(storable_text("\xE0\x80\x80"), mark + mark + mark) << "overlong";
  EXPECT_EQ(storable_text("\xED\xA0\x80"), mark + mark + mark) << "surrogate";
  EXPECT_EQ(storable_text("\xF4\x90\x80\x80"), mark + mark + mark + mark) << "above U+10FFFF";
  EXPECT_EQ(storable_text("\xE2\x82"), mark + mark) << "cut";
  EXPECT_EQ(storable_text("\xC3"), mark) << "cut";
  EXPECT_EQ(storable_text("\xC3x"), mark + "x");
}

}  // namespace
}  // namespace sluice::store

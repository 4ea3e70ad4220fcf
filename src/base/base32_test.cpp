#include "base/base32.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Base32, GivesTheVectorsOfRfc4648WithoutTheirPadding) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "MY"},
                                                         {"fo", "MZXQ"},
                                                         {"foo", "MZXW6"},
                                                         {"foob", "MZXW6YQ"},
                                                         {"fooba", "MZXW6YTB"},
                                                         {"foobar", "MZXW6YTBOI"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(to_base32(bytes), text);
    EXPECT_EQ(from_base32(text), bytes);
  }
  EXPECT_EQ(from_base32("MZXW6==="), "foo");
  EXPECT_EQ(from_base32("mzxw 6ytb-oi"), "foobar");
}

TEST(Base32, BringsBackEveryByte) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (std::size_t size = 0; size <= all.size(); ++size)
    EXPECT_EQ(from_base32(to_base32(all.substr(0, size))), all.substr(0, size));
}

TEST(Base32, RefusesForeignCharactersAndStrayBits) {
  for (const char* text : {"0", "MZXW1", "MZ!Q", "M", "MZX", "MZ", "MZXW6YTBO"})
    EXPECT_FALSE(from_base32(text)) << text;
}

}  // namespace
}  // namespace sluice

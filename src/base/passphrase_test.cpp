#include "base/passphrase.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Passphrase, OpensWhatItSealedAndNothingElse) {
  const Secret passphrase("correct horse");
  const auto sealed = seal_with_passphrase(passphrase, "the whole configuration", "export");
  ASSERT_TRUE(sealed);

  EXPECT_EQ(open_with_passphrase(passphrase, *sealed, "export")->reveal(),
            "the whole configuration");

  std::string altered = *sealed;
  altered.back() = static_cast<char>(altered.back() ^ 1);
  const auto wrong = open_with_passphrase(Secret("correct hors"), *sealed, "export");
  const auto cut = open_with_passphrase(passphrase, altered, "export");
  ASSERT_FALSE(wrong);
  ASSERT_FALSE(cut);
  EXPECT_EQ(wrong.error().context, cut.error().context);
  EXPECT_FALSE(open_with_passphrase(passphrase, *sealed, "backup"));
}

TEST(Passphrase, RefusesTextsTooShortToBeSealed) {
  for (const std::size_t size : {0U, 1U, 16U, 17U, 30U}) {
    EXPECT_FALSE(open_with_passphrase(Secret("x"), std::string(size, '\1'), "export")) << size;
  }
}

}  // namespace
}  // namespace sluice

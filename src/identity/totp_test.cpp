#include "identity/totp.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/base32.hpp"

namespace sluice::identity {
namespace {

using namespace std::chrono_literals;

const Secret rfc_seed(to_base32("12345678901234567890"));

WallTime at(std::int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

TEST(Totp, GivesTheVectorsOfRfc4226) {
  // Appendix D.
  const char* const codes[] = {"755224", "287082", "359152", "969429", "338314",
                               "254676", "287922", "162583", "399871", "520489"};
  for (std::int64_t step = 0; step < 10; ++step) EXPECT_EQ(totp_code(rfc_seed, step), codes[step]);
}

TEST(Totp, GivesTheVectorsOfRfc6238) {
  // Appendix B, SHA-1; the last six of its eight digits.
  const std::pair<std::int64_t, const char*> vectors[] = {
      {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
      {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
  for (const auto& [seconds, code] : vectors) {
    EXPECT_EQ(totp_code(rfc_seed, seconds / 30), code);
    constexpr std::int64_t wall_clock_end = 9'000'000'000;  // in nanoseconds it ends in 2262
    if (seconds < wall_clock_end)
      EXPECT_EQ(match_totp(rfc_seed, code, at(seconds), 0), seconds / 30);
  }
}

TEST(Totp, IsGoodOneStepEarlyOrLateAndNoMore) {
  const std::int64_t step = 50'000'000;
  const std::string code = totp_code(rfc_seed, step);
  EXPECT_FALSE(match_totp(rfc_seed, code, at(step * 30 - 31), 0));
  EXPECT_TRUE(match_totp(rfc_seed, code, at(step * 30 - 30), 0));
  EXPECT_TRUE(match_totp(rfc_seed, code, at(step * 30 + 59), 0));
  EXPECT_FALSE(match_totp(rfc_seed, code, at(step * 30 + 60), 0));
}

TEST(Totp, IsGoodOnce) {
  const std::int64_t step = 50'000'000;
  const WallTime now = at(step * 30);
  const auto used = match_totp(rfc_seed, totp_code(rfc_seed, step), now, 0);
  ASSERT_EQ(used, step);

  EXPECT_FALSE(match_totp(rfc_seed, totp_code(rfc_seed, step), now, *used));
  EXPECT_FALSE(match_totp(rfc_seed, totp_code(rfc_seed, step - 1), now, *used))
      << "nor an older one";
  EXPECT_EQ(match_totp(rfc_seed, totp_code(rfc_seed, step + 1), now, *used), step + 1);
}

TEST(Totp, RefusesWhatIsNoCode) {
  for (const char* typed : {"", "28708", "2870822", "94287082", "28708x", " 287082"}) {
    EXPECT_FALSE(match_totp(rfc_seed, typed, at(59), 0)) << typed;
  }
  EXPECT_FALSE(match_totp(Secret("not base 32!"), "", at(59), 0));
  EXPECT_FALSE(match_totp(Secret("not base 32!"), "287082", at(59), 0));
}

TEST(Totp, SeedsAre160BitsAndNeverRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const Secret seed = make_totp_seed();
    EXPECT_EQ(seed.reveal().size(), 32U);
    EXPECT_EQ(from_base32(seed.reveal())->size(), 20U);
    EXPECT_TRUE(seen.insert(std::string(seed.reveal())).second);
  }
}

TEST(Totp, TellsAppsAllTheyNeedInOneUrl) {
  EXPECT_EQ(totp_url(Secret("GEZDGNBV"), "ann & bob@example.org").reveal(),
            "otpauth://totp/"
            "sluice:ann%20%26%20bob%40example.org?secret=GEZDGNBV&issuer=sluice&algorithm=SHA1&"
            "digits=6&period=30");
}

TEST(RecoveryCodes, AreTenAndEachIsFoundHoweverItIsTyped) {
  const RecoveryCodes made = make_recovery_codes();
  ASSERT_EQ(made.codes.size(), 10U);
  ASSERT_EQ(made.hashes.size(), 10U);
  for (std::size_t i = 0; i < made.codes.size(); ++i) {
    std::string code(made.codes[i].reveal());
    EXPECT_EQ(code.size(), 19U);
    EXPECT_EQ(match_recovery_code(made.hashes, code), i);
    for (char& c : code) c = static_cast<char>(::toupper(c));
    code.insert(4, " ");
    std::erase(code, '-');
    EXPECT_EQ(match_recovery_code(made.hashes, code), i);
    code.pop_back();
    EXPECT_FALSE(match_recovery_code(made.hashes, code));
  }
  EXPECT_FALSE(match_recovery_code(made.hashes, ""));
  EXPECT_FALSE(match_recovery_code(made.hashes, std::string(100, 'a')));
  EXPECT_FALSE(match_recovery_code({}, made.codes[0].reveal()));
}

}  // namespace
}  // namespace sluice::identity

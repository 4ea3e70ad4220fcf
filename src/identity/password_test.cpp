#include "identity/password.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace sluice::identity {
namespace {

TEST(Password, IsKeptAsArgon2idWithTheAgreedCosts) {
  const auto hash = hash_password(Secret("seven small green apples"));
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=65536,t=2,p=1$")) << *hash;
  EXPECT_FALSE(needs_rehash(*hash));
}

TEST(Password, VerifiesItselfAndNothingElse) {
  const Secret password("seven small green apples");
  const std::string hash = *hash_password(password);

  EXPECT_TRUE(verify_password(hash, password));
  EXPECT_FALSE(verify_password(hash, Secret("seven small green apple")));
  EXPECT_FALSE(verify_password(hash, Secret("")));
  EXPECT_FALSE(verify_password("", password));
  EXPECT_FALSE(verify_password("$argon2id$v=19$m=65536,t=2,p=1$", password));
  EXPECT_NE(hash, *hash_password(password)) << "each has its own salt";
}

TEST(Password, IsHashedAgainWhenTheCostsWereOthers) {
  // Of "password" with 19 MiB and one lane, as another program may have made it.
  EXPECT_TRUE(
      needs_rehash("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$wYDfDJ+"
                   "fxQzOeXBrGGCB3YwCLTmhV3cYTuYp5Ci0Lbk"));
}

TEST(Password, OfNobodyTakesAsLongAsOneOfSomebody) {
  const Secret password("seven small green apples");
  const std::string hash = *hash_password(password);
  // Of this thread alone: what else the machine does doesn't count.
  const auto cpu_time = [] {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
  };
  const auto shortest = [&](const auto& work) {
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
      const double start = cpu_time();
      work();
      best = std::min(best, cpu_time() - start);
    }
    return best;
  };

  const double somebody =
      shortest([&] { (void)verify_password(hash, Secret("wrong, wrong, wrong")); });
  const double nobody = shortest([&] { verify_nobody(Secret("wrong, wrong, wrong")); });
  const double too_long = shortest(
      [&] { (void)verify_password(hash, Secret(std::string(password_bytes_max + 1, 'x'))); });

  EXPECT_GT(nobody, somebody / 2);
  EXPECT_LT(nobody, somebody * 2);
  EXPECT_GT(too_long, somebody / 2);
}

TEST(PasswordRules, AskForLengthAndNotForKindsOfCharacters) {
  EXPECT_TRUE(check_password(Secret("seven small green apples"), "ann"));
  EXPECT_TRUE(check_password(Secret("kdjfhgieurty"), "ann"));
  EXPECT_TRUE(check_password(Secret("ÄÖÜäöüßéèàçñ"), "ann"));
  EXPECT_FALSE(check_password(Secret("ÄÖÜäöüßéèàç"), "ann"))
      << "eleven characters, however many bytes";
  EXPECT_FALSE(check_password(Secret("Xy7!Xy8!q_Z"), "ann"));
  EXPECT_FALSE(check_password(Secret(""), "ann"));
  EXPECT_FALSE(
      check_password(Secret("never typed by hand " + std::string(password_bytes_max, 'x')), "ann"));
}

TEST(PasswordRules, RefuseWhatAnybodyWouldTryFirst) {
  for (const char* password : {"password1234", "PassWord1234", "qwertyuiop123",
                               "correcthorsebatterystaple", "aaaaaaaaaaaa", "abcabcabcabc",
                               "123456789012", "abcdefghijklm", "zyxwvutsrqpo", "987654321098"}) {
    const auto checked = check_password(Secret(password), "ann");
    ASSERT_FALSE(checked) << password;
    EXPECT_EQ(checked.error().code, Errc::invalid_request);
    EXPECT_EQ(checked.error().context.find(password), std::string::npos);
  }
}

TEST(PasswordRules, RefuseTheUsersNameAndTheProgramsWithLittleBeside) {
  EXPECT_FALSE(check_password(Secret("Annabelle.Smith"), "annabelle.smith"));
  EXPECT_FALSE(check_password(Secret("annabelle.smith2026"), "Annabelle.Smith"));
  EXPECT_FALSE(check_password(Secret("sluice-sluice-1"), "ann"));
  EXPECT_FALSE(check_password(Secret("MyPassword2026"), "ann"));
  EXPECT_TRUE(check_password(Secret("annabelle.smith rides a bike"), "annabelle.smith"));
  EXPECT_TRUE(check_password(Secret("kdjfhgieurty"), "d"))
      << "names of a letter or two are in anything";
}

}  // namespace
}  // namespace sluice::identity

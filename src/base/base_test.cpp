#include <gtest/gtest.h>

#include <array>
#include <new>
#include <set>

#include "base/append.hpp"
#include "base/ascii.hpp"
#include "base/error.hpp"
#include "base/glob.hpp"
#include "base/log.hpp"
#include "base/names.hpp"
#include "base/quantity.hpp"
#include "base/release.hpp"
#include "base/secret.hpp"
#include "base/ulid.hpp"

namespace sluice {
namespace {

TEST(Sha256, GivesTheVectorsOfFips180) {
  const Sha256 digest = sha256("abc");
  EXPECT_EQ(to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()}),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, ReadsExactlySixtyFourHexDigits) {
  Sha256 out{};
  EXPECT_TRUE(from_hex(std::string(64, 'A'), out));
  EXPECT_EQ(out[31], 0xaa);
  EXPECT_FALSE(from_hex(std::string(63, 'a'), out));
  EXPECT_FALSE(from_hex(std::string(63, 'a') + "g", out));
}

TEST(ClientKey, HasThePublishedShapeAndNeverRepeats) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const Secret key = make_client_key();
    const std::string_view text = key.reveal();
    EXPECT_EQ(text.substr(0, 7), "sk-slc-");
    EXPECT_EQ(text.size(), 7U + 43U);
    EXPECT_EQ(
        text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
        std::string_view::npos);
    EXPECT_TRUE(seen.insert(std::string(text)).second);
  }
}

TEST(Secret, ShowsOnlyTheLastFourCharacters) {
  EXPECT_EQ(Secret("sk-ant-api03-abcdWXYZ").hint(), "...WXYZ");
  EXPECT_EQ(Secret("short").hint(), "...");
}

TEST(Secret, LeavesNothingWhereItWas) {
  // Short enough to live inside the object, where a moved string leaves its characters behind.
  alignas(Secret) std::array<char, sizeof(Secret)> place{};
  const auto holds_it = [&] {
    return std::string_view(place.data(), place.size()).find("tiny-secret") !=
           std::string_view::npos;
  };
  auto* const secret = new (place.data()) Secret("tiny-secret");
  ASSERT_TRUE(holds_it());

  const Secret moved = std::move(*secret);
  EXPECT_FALSE(holds_it());
  EXPECT_EQ(moved.reveal(), "tiny-secret");

  *secret = moved;
  ASSERT_TRUE(holds_it());
  *secret = Secret("another");
  EXPECT_FALSE(holds_it());
  *secret = moved;
  secret->~Secret();
  EXPECT_FALSE(holds_it());
}

TEST(Ulid, SortsByTimeAndCarriesItsMilliseconds) {
  SeededRandom random(7);
  const WallTime early{std::chrono::milliseconds(1469918176385)};
  const Ulid first = Ulid::make(early, random);
  const Ulid second = Ulid::make(early + std::chrono::milliseconds(1), random);
  EXPECT_EQ(first.str().substr(0, 10), "01ARYZ6S41");  // from the ULID specification
  EXPECT_LT(first, second);
}

TEST(Glob, MatchesStarsAnywhereAndTheRestLiterally) {
  EXPECT_TRUE(glob_match("claude-*", "claude-sonnet-4-5"));
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("*-4-*-x", "a-4-4-b-x"));
  EXPECT_FALSE(glob_match("claude-*", "gpt-4o"));
  EXPECT_FALSE(glob_match("a.c", "abc"));
  EXPECT_FALSE(glob_match("", "a"));
}

TEST(Log, QuotesWhatCouldForgeALine) {
  EXPECT_EQ(log::quoted("claude-3"), "claude-3");
  EXPECT_EQ(log::quoted("a b"), "\"a b\"");
  EXPECT_EQ(log::quoted("x\nlevel=error"), "\"x\\u000alevel=error\"");
  EXPECT_EQ(log::quoted(""), "\"\"");
  EXPECT_LT(log::quoted(std::string(4096, 'a')).size(), 600U);
}

TEST(Ascii, WalksTheElementsOfAList) {
  std::vector<std::string> seen;
  ascii::for_each_element(" close ,, Keep-Alive",
                          [&](std::string_view e) { seen.emplace_back(e); });
  EXPECT_EQ(seen, (std::vector<std::string>{"close", "", "Keep-Alive"}));
  EXPECT_TRUE(ascii::iequal("Transfer-ENCODING", "transfer-encoding"));
}

TEST(Errc, EveryPublicCodeHasANameAndAStatus) {
  for (int code = 0; code <= static_cast<int>(Errc::io); ++code) {
    EXPECT_FALSE(to_string(static_cast<Errc>(code)).empty());
  }
  EXPECT_EQ(http_status(Errc::no_account), 503);
  EXPECT_EQ(http_status(Errc::client_gone), 0);
}

TEST(Append, PutsAllPartsBehindTheTextAndGrowsItsRoom) {
  std::string text = "a";
  append(text, "", std::string_view(), std::string());
  EXPECT_EQ(text, "a");
  for (int i = 0; i < 100; ++i)
    append(text, " ", std::string_view("name"), "=", std::string("value"));
  EXPECT_EQ(text.size(), 1U + 100 * 11);
  EXPECT_TRUE(text.starts_with("a name=value name=value"));
  EXPECT_TRUE(text.ends_with(" name=value"));
}

TEST(Release, LeavesAnEmptyStringAndLendsItsMemoryToTheNext) {
  std::string first;
  reserve_spare(first, 3000);
  first.assign(3000, 'x');
  const char* const memory = first.data();
  release(first);
  EXPECT_TRUE(first.empty());
  EXPECT_LT(first.capacity(), 32U);
  std::string second;
  reserve_spare(second, 1000);
  EXPECT_EQ(second.data(), memory);
  EXPECT_TRUE(second.empty());
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

}  // namespace
}  // namespace sluice

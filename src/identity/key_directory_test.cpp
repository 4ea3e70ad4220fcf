#include "identity/key_directory.hpp"

#include <gtest/gtest.h>

namespace sluice::identity {
namespace {

using namespace std::chrono_literals;

constexpr WallTime now{1'700'000'000s};

Key key(std::string name, std::string_view secret) {
  Key out;
  out.id = KeyId(name);
  out.name = std::move(name);
  out.hash = sha256(secret);
  return out;
}

TEST(KeyDirectory, FindsEachKeyByItsSecretAndNoOther) {
  std::vector<Key> keys;
  for (int i = 0; i < 1000; ++i)
    keys.push_back(key("k" + std::to_string(i), "secret" + std::to_string(i)));
  const auto directory = KeyDirectory::build(std::move(keys));
  ASSERT_TRUE(directory);
  for (int i = 0; i < 1000; ++i) {
    const Key* found = directory->find("secret" + std::to_string(i), now);
    ASSERT_NE(found, nullptr) << i;
    EXPECT_EQ(found->name, "k" + std::to_string(i));
  }
  EXPECT_EQ(directory->find("secret1000", now), nullptr);
  EXPECT_EQ(directory->find("", now), nullptr);
}

TEST(KeyDirectory, TellsKeysApartWhoseHashesStartAlike) {
  Key a = key("a", "x");
  Key b = key("b", "x");
  b.hash[31] ^= 1;
  Sha256 neither = a.hash;
  neither[30] ^= 1;
  const auto directory = KeyDirectory::build({a, b});
  ASSERT_TRUE(directory);
  EXPECT_EQ(directory->find(a.hash, now)->name, "a");
  EXPECT_EQ(directory->find(b.hash, now)->name, "b");
  EXPECT_EQ(directory->find(neither, now), nullptr);
}

TEST(KeyDirectory, KnowsAKeyOfAnotherRelayByTheSuffixItWasHashedWith) {
  // SHA-256("cr_0123456789abcdef" + the suffix), as node's crypto module makes it.
  Key moved = key("moved", "");
  ASSERT_TRUE(
      from_hex("e94e64c6cf7a86fb678c6f06a1624d8673c9b9565077d93952ae9e352b6e7e77", moved.hash));
  const std::vector<Secret> suffixes = {Secret("of another relay"),
                                        Secret("a CRS key of thirty-two letters!")};
  const auto directory = KeyDirectory::build({moved, key("own", "sk-slc-own")}, suffixes);
  ASSERT_TRUE(directory);
  const auto find = [&](std::string_view credential, std::span<const Secret> with) {
    CredentialFinder finder;
    finder.on_header("x-api-key", credential);
    const Key* found = directory->find(*finder.result(with), now);
    return found == nullptr ? "" : found->name;
  };
  EXPECT_EQ(find("cr_0123456789abcdef", directory->suffixes()), "moved");
  EXPECT_EQ(find("sk-slc-own", directory->suffixes()), "own");
  EXPECT_EQ(find("cr_0123456789abcdee", directory->suffixes()), "");
  EXPECT_EQ(find("cr_0123456789abcdef", {}), "");
}

TEST(KeyDirectory, EmptyKnowsNobody) {
  EXPECT_EQ(KeyDirectory().find("x", now), nullptr);
  EXPECT_EQ(KeyDirectory::build({})->find("x", now), nullptr);
}

TEST(KeyDirectory, KnowsThePreviousSecretUntilItsEnd) {
  Key rotated = key("ci", "new");
  rotated.previous = {{sha256("older"), now - 1s}, {sha256("old"), now + 1s}};
  const auto directory = KeyDirectory::build({rotated, key("web", "other")});
  ASSERT_TRUE(directory);
  EXPECT_EQ(directory->find("new", now)->name, "ci");
  EXPECT_EQ(directory->find("old", now)->name, "ci");
  EXPECT_EQ(directory->find("old", now + 1s), nullptr);
  EXPECT_EQ(directory->find("older", now), nullptr);
  EXPECT_EQ(directory->find("other", now)->name, "web");
}

TEST(KeyDirectory, RefusesOneSecretForTwoKeysAndNamesThem) {
  const auto directory = KeyDirectory::build({key("ci", "canary"), key("web", "canary")});
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().context, "keys \"ci\" and \"web\" have the same secret");
}

}  // namespace
}  // namespace sluice::identity

#include "base/seal.hpp"

#include <gtest/gtest.h>

#include <set>

namespace sluice {
namespace {

const std::string place = seal_context("01JQ0000000000000000000001", "api_key");

TEST(SealingKey, OpensWhatItSealed) {
  const SealingKey key = SealingKey::generate();
  for (const std::string& text :
       {std::string(), std::string("sk-ant-api03-abc"), std::string(5000, '\0')}) {
    const auto opened = key.open(key.seal(text, place), place);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->reveal(), text);
  }
}

TEST(SealingKey, MakesEqualSecretsLookDifferent) {
  const SealingKey key = SealingKey::generate();
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(key.seal("the same", place)).second);
}

TEST(SealingKey, RefusesEveryAlteredBit) {
  const SealingKey key = SealingKey::generate();
  const std::string sealed = key.seal("a provider's key", place);
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string altered = sealed;
      altered[at] = static_cast<char>(altered[at] ^ (1 << bit));
      EXPECT_FALSE(key.open(altered, place)) << "byte " << at << " bit " << bit;
    }
  }
}

TEST(SealingKey, RefusesEveryOtherLength) {
  const SealingKey key = SealingKey::generate();
  const std::string sealed = key.seal("a provider's key", place);
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(key.open(sealed.substr(0, size), place)) << size;
  EXPECT_FALSE(key.open(sealed + '\0', place));
}

TEST(SealingKey, RefusesAnotherPlaceAndAnotherKey) {
  const SealingKey key = SealingKey::generate();
  const std::string sealed = key.seal("a provider's key", place);

  EXPECT_FALSE(key.open(sealed, seal_context("01JQ0000000000000000000002", "api_key")));
  EXPECT_FALSE(key.open(sealed, seal_context("01JQ0000000000000000000001", "proxy")));
  EXPECT_FALSE(key.open(sealed, ""));
  EXPECT_FALSE(SealingKey::generate().open(sealed, place));
}

TEST(SealingKey, IsMadeOfExactlyThirtyTwoBytes) {
  EXPECT_FALSE(SealingKey::from_bytes(std::string(31, 'k')));
  EXPECT_FALSE(SealingKey::from_bytes(std::string(33, 'k')));
  const auto key = SealingKey::from_bytes(std::string(32, 'k'));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->reveal(), std::string(32, 'k'));
  EXPECT_EQ(key->id(), SealingKey::from_bytes(std::string(32, 'k'))->id());
  EXPECT_NE(key->id(), SealingKey::generate().id());
}

TEST(Keyring, SealsUnderTheCurrentKeyAndOpensWhatTheOlderOnesSealed) {
  const SealingKey older = SealingKey::generate();
  const SealingKey current = SealingKey::generate();
  const Keyring keyring({current, older});

  const std::string old_text = older.seal("old", place);
  const std::string new_text = keyring.seal("new", place);

  EXPECT_EQ(keyring.open(old_text, place)->reveal(), "old");
  EXPECT_EQ(current.open(new_text, place)->reveal(), "new");
  EXPECT_TRUE(keyring.needs_reseal(old_text));
  EXPECT_FALSE(keyring.needs_reseal(new_text));
}

TEST(Keyring, TellsAMissingKeyFromAnAlteredSecret) {
  const SealingKey key = SealingKey::generate();
  const SealingKey other = SealingKey::generate();
  const Keyring keyring({key});
  const std::string foreign = other.seal("x", place);
  std::string altered = key.seal("x", place);
  altered.back() = static_cast<char>(altered.back() ^ 1);

  EXPECT_FALSE(keyring.knows(foreign));
  EXPECT_NE(keyring.open(foreign, place)
                .error()
                .context.find("sealed under master key " + other.id_text()),
            std::string::npos);
  EXPECT_TRUE(keyring.knows(altered));
  EXPECT_NE(keyring.open(altered, place).error().context.find("altered"), std::string::npos);
  EXPECT_TRUE(keyring.knows_id(key.id_text()));
  EXPECT_FALSE(keyring.knows_id(other.id_text()));
  EXPECT_FALSE(keyring.knows(""));
}

}  // namespace
}  // namespace sluice

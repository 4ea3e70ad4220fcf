// Published vectors (C2SP/wycheproof, recorded) through the primitives that we stand on, and through the envelope.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

#include "base/hmac.hpp"
#include "base/seal.hpp"
#include "base/sodium.hpp"
#include "base/testing.hpp"

namespace sluice {
namespace {

std::string unhex(std::string_view hex) {
  std::string bytes(hex.size() / 2, '\0');
  std::size_t size = 0;
  sodium_hex2bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), hex.data(),
                 hex.size(), nullptr, &size, nullptr);
  EXPECT_EQ(size, bytes.size());
  return bytes;
}

struct Vector {
  const boost::json::object* fields;
  const boost::json::object* group;
  std::string operator[](std::string_view name) const {
    return unhex(fields->at(name).as_string());
  }
  bool valid() const { return fields->at("result").as_string() == "valid"; }
  std::int64_t id() const { return fields->at("tcId").as_int64(); }
};

class Suite {
 public:
  explicit Suite(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    document_ = boost::json::parse(std::string{std::istreambuf_iterator<char>(file), {}});
    for (const auto& group : document_.as_object().at("testGroups").as_array()) {
      for (const auto& test : group.as_object().at("tests").as_array()) {
        vectors.push_back({&test.as_object(), &group.as_object()});
      }
    }
  }
  std::vector<Vector> vectors;

 private:
  boost::json::value document_;
};

/// ChaCha20-Poly1305 with a 96-bit nonce; nullopt: refused.
std::optional<std::string> ietf_open(std::string_view key, std::string_view nonce,
                                     std::string_view aad, std::string_view sealed) {
  std::string plaintext(sealed.size() - crypto_aead_chacha20poly1305_ietf_ABYTES, '\0');
  if (crypto_aead_chacha20poly1305_ietf_decrypt(
          reinterpret_cast<unsigned char*>(plaintext.data()), nullptr, nullptr, as_bytes(sealed),
          sealed.size(), as_bytes(aad), aad.size(), as_bytes(nonce), as_bytes(key)) != 0) {
    return std::nullopt;
  }
  return plaintext;
}

TEST(CryptoVectors, OfHmacSha256) {
  SLUICE_SHARED_OR_SKIP(path, "suites/crypto-vectors/hmac_sha256_test.json");
  const Suite suite(path);
  ASSERT_GE(suite.vectors.size(), 174U);
  for (const Vector& vector : suite.vectors) {
    const std::string tag = vector["tag"];
    EXPECT_EQ(hmac(Digest::sha256, vector["key"], vector["msg"]).substr(0, tag.size()) == tag,
              vector.valid())
        << vector.id();
  }
}

TEST(CryptoVectors, OfChaCha20Poly1305) {
  SLUICE_SHARED_OR_SKIP(path, "suites/crypto-vectors/chacha20_poly1305_test.json");
  need_sodium();
  const Suite suite(path);
  std::size_t tried = 0;
  for (const Vector& vector : suite.vectors) {
    const std::string nonce = vector["iv"];
    if (nonce.size() != crypto_aead_chacha20poly1305_ietf_NPUBBYTES) continue;
    const auto opened =
        ietf_open(vector["key"], nonce, vector["aad"], vector["ct"] + vector["tag"]);
    EXPECT_EQ(opened.has_value(), vector.valid()) << vector.id();
    if (opened) EXPECT_EQ(*opened, vector["msg"]) << vector.id();
    ++tried;
  }
  EXPECT_GE(tried, 316U);
}

// XChaCha20-Poly1305 is that construction under a key made by HChaCha20: what the envelope seals opens with the two.
TEST(CryptoVectors, HoldForTheEnvelopeThroughHChaCha20) {
  SLUICE_SHARED_OR_SKIP(path, "suites/crypto-vectors/chacha20_poly1305_test.json");
  const Suite suite(path);
  for (const Vector& vector : suite.vectors) {
    const auto key = SealingKey::from_bytes(vector["key"]);
    ASSERT_TRUE(key);
    const std::string sealed = key->seal(vector["msg"], vector["aad"]);
    const std::string_view head = std::string_view(sealed).substr(0, 9);
    const std::string_view nonce = std::string_view(sealed).substr(9, 24);

    std::string subkey(crypto_core_hchacha20_OUTPUTBYTES, '\0');
    crypto_core_hchacha20(reinterpret_cast<unsigned char*>(subkey.data()), as_bytes(nonce),
                          as_bytes(key->reveal()), nullptr);
    const std::string short_nonce = std::string(4, '\0') + std::string(nonce.substr(16));
    EXPECT_EQ(ietf_open(subkey, short_nonce, std::string(head) + vector["aad"],
                        std::string_view(sealed).substr(33)),
              vector["msg"])
        << vector.id();
  }
}

TEST(CryptoVectors, ThatAreInvalidAreAllRefusedByTheEnvelopeInOneAndTheSameWay) {
  SLUICE_SHARED_OR_SKIP(path, "suites/crypto-vectors/chacha20_poly1305_test.json");
  const Suite suite(path);
  std::set<std::string> said;
  for (const Vector& vector : suite.vectors) {
    if (vector.valid()) continue;
    const auto key = SealingKey::from_bytes(vector["key"]);
    const std::string head = key->seal("", "").substr(0, 9);
    for (const std::string& nonce : {vector["iv"], vector["iv"] + std::string(24, '\0')}) {
      const auto opened = Keyring({*key}).open(
          head + nonce.substr(0, 24) + vector["ct"] + vector["tag"], vector["aad"]);
      ASSERT_FALSE(opened) << vector.id();
      said.insert(std::to_string(static_cast<int>(opened.error().code)) + opened.error().context);
    }
  }
  EXPECT_EQ(said.size(), 1U);
}

// draft-irtf-cfrg-xchacha-03, A.3.1.
TEST(CryptoVectors, OfXChaCha20Poly1305) {
  need_sodium();
  const std::string key = unhex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
  const std::string nonce = unhex("404142434445464748494a4b4c4d4e4f5051525354555657");
  const std::string aad = unhex("50515253c0c1c2c3c4c5c6c7");
  const std::string text =
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
      "sunscreen would be it.";
  const std::string expected =
      "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda"
      "7e39ae64c6708c54c216cb96b72e"
      "1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da97688"
      "12f615c68b13b52e"
      "c0875924c1c7987947deafd8780acf49";
  std::string sealed(text.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES, '\0');
  crypto_aead_xchacha20poly1305_ietf_encrypt(reinterpret_cast<unsigned char*>(sealed.data()),
                                             nullptr, as_bytes(text), text.size(), as_bytes(aad),
                                             aad.size(), nullptr, as_bytes(nonce), as_bytes(key));
  EXPECT_EQ(to_hex(sealed), expected);
}

}  // namespace
}  // namespace sluice

#include "base/master_key_text.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/sodium.hpp"

namespace sluice {
namespace {

constexpr std::string_view first_line = "sluice-master-key 1\n";
constexpr std::string_view last_word = "end ";
constexpr std::size_t check_bytes = 8;
constexpr int base64_variant = sodium_base64_VARIANT_ORIGINAL;
constexpr std::size_t key_characters =
    sodium_base64_ENCODED_LEN(SealingKey::size, base64_variant) - 1;

std::string check_of(std::string_view lines) {
  const Sha256 hash = sha256(lines);
  return to_hex({reinterpret_cast<const char*>(hash.data()), check_bytes});
}

std::optional<SealingKey> read_key(std::string_view line) {
  if (line.size() != key_characters) return std::nullopt;
  std::array<unsigned char, SealingKey::size> bytes{};
  std::size_t size = 0;
  const int read = sodium_base642bin(bytes.data(), bytes.size(), line.data(), line.size(), nullptr,
                                     &size, nullptr, base64_variant);
  std::optional<SealingKey> key;
  if (read == 0) key = SealingKey::from_bytes({reinterpret_cast<const char*>(bytes.data()), size});
  sodium_memzero(bytes.data(), bytes.size());
  return key;
}

}  // namespace

Secret write_master_key_text(const Keyring& keyring) {
  std::string text(first_line);
  // In one piece: a string that grows leaves copies behind that nobody wipes.
  text.reserve(first_line.size() + keyring.keys().size() * (key_characters + 1) + last_word.size() +
               2 * check_bytes + 1);
  for (const SealingKey& key : keyring.keys()) {
    std::array<char, key_characters + 1> line{};
    sodium_bin2base64(line.data(), line.size(), as_bytes(key.reveal()), SealingKey::size,
                      base64_variant);
    text.append(line.data(), key_characters).append(1, '\n');
    sodium_memzero(line.data(), line.size());
  }
  const std::string check = check_of(text);
  text.append(last_word).append(check).append(1, '\n');
  return Secret(std::move(text));
}

Result<Keyring> read_master_key_text(std::string_view text, std::string_view name) {
  need_sodium();
  const auto refused = [&](std::string_view why) {
    return fail(Errc::invalid_config, Side::gateway,
                std::string(name) + " " + std::string(why) +
                    ": restore it from a backup; only where no secret was stored yet, remove it "
                    "and a new one is made");
  };
  if (text.empty()) return refused("is empty");
  if (!text.starts_with(first_line)) return refused("is not a master key file of this version");

  std::vector<SealingKey> keys;
  std::size_t at = first_line.size();
  while (at < text.size() && !text.substr(at).starts_with(last_word)) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) return refused("is cut short");
    auto key = read_key(text.substr(at, end - at));
    if (!key) return refused("has a line that is not a key");
    keys.push_back(*std::move(key));
    at = end + 1;
  }
  std::string_view check = text.substr(at);
  if (check.empty()) return refused("is cut short");
  check.remove_prefix(last_word.size());
  if (check.ends_with('\n')) check.remove_suffix(1);
  if (keys.empty()) return refused("holds no key");
  if (check != check_of(text.substr(0, at))) return refused("was altered or cut short");
  return Keyring(std::move(keys));
}

}  // namespace sluice

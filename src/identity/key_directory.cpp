#include "identity/key_directory.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>

namespace sluice::identity {
namespace {

std::size_t start_of(const Sha256& hash, std::size_t mask) {
  std::size_t out = 0;
  std::memcpy(&out, hash.data(), sizeof out);
  return out & mask;
}

std::string_view view(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

Result<KeyDirectory> KeyDirectory::build(std::vector<Key> keys, std::vector<Secret> suffixes) {
  KeyDirectory out;
  out.slots_.resize(std::bit_ceil(keys.size() * 2 + 2));
  const std::size_t mask = out.slots_.size() - 1;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::size_t at = start_of(keys[i].hash, mask);
    for (; out.slots_[at] != 0; at = (at + 1) & mask) {
      const Key& other = keys[out.slots_[at] - 1];
      if (other.hash == keys[i].hash) {
        return fail(
            Errc::invalid_config, Side::gateway,
            fmt::format("keys \"{}\" and \"{}\" have the same secret", other.name, keys[i].name));
      }
    }
    out.slots_[at] = static_cast<std::uint32_t>(i + 1);
  }
  out.keys_ = std::move(keys);
  out.suffixes_ = std::move(suffixes);
  return out;
}

const Key* KeyDirectory::find(const Sha256& hash) const {
  if (keys_.empty()) return nullptr;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = start_of(hash, mask); slots_[at] != 0; at = (at + 1) & mask) {
    const Key& key = keys_[slots_[at] - 1];
    if (equal_constant_time(view(key.hash), view(hash))) return &key;
  }
  return nullptr;
}

const Key* KeyDirectory::find(const Presented& presented) const {
  const Key* key = find(presented.hash);
  for (const Sha256& suffixed : presented.suffixed) {
    if (key != nullptr) break;
    key = find(suffixed);
  }
  return key;
}

const Key* KeyDirectory::find(std::string_view credential) const {
  return find(sha256(credential));
}

}  // namespace sluice::identity

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
  out.keys_ = std::move(keys);
  out.suffixes_ = std::move(suffixes);
  std::size_t secrets = out.keys_.size();
  for (const Key& key : out.keys_) secrets += key.previous.size();
  out.entries_.reserve(secrets);
  out.slots_.resize(std::bit_ceil(secrets * 2 + 2));
  for (std::uint32_t i = 0; i < out.keys_.size(); ++i) {
    CHECK_OK(out.add({.hash = out.keys_[i].hash, .key = i}));
    for (const PreviousSecret& previous : out.keys_[i].previous) {
      CHECK_OK(out.add({.hash = previous.hash, .key = i, .valid_until = previous.valid_until}));
    }
  }
  return out;
}

Status KeyDirectory::add(const Entry& entry) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = start_of(entry.hash, mask);
  for (; slots_[at] != 0; at = (at + 1) & mask) {
    const Entry& other = entries_[slots_[at] - 1];
    if (other.hash == entry.hash) {
      return fail(Errc::invalid_config, Side::gateway,
                  fmt::format("keys \"{}\" and \"{}\" have the same secret", keys_[other.key].name,
                              keys_[entry.key].name));
    }
  }
  entries_.push_back(entry);
  slots_[at] = static_cast<std::uint32_t>(entries_.size());
  return {};
}

const Key* KeyDirectory::find(const Sha256& hash, WallTime now) const {
  if (keys_.empty()) return nullptr;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = start_of(hash, mask); slots_[at] != 0; at = (at + 1) & mask) {
    const Entry& entry = entries_[slots_[at] - 1];
    if (!equal_constant_time(view(entry.hash), view(hash))) continue;
    return now < entry.valid_until ? &keys_[entry.key] : nullptr;
  }
  return nullptr;
}

const Key* KeyDirectory::find(const Presented& presented, WallTime now) const {
  const Key* key = find(presented.hash, now);
  for (const Sha256& suffixed : presented.suffixed) {
    if (key != nullptr) break;
    key = find(suffixed, now);
  }
  return key;
}

const Key* KeyDirectory::find(std::string_view credential, WallTime now) const {
  return find(sha256(credential), now);
}

}  // namespace sluice::identity

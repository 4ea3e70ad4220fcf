#pragma once
/// All client keys, found by the hash of what the client presents.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "identity/credential.hpp"
#include "identity/key.hpp"

namespace sluice::identity {

/// Immutable: threads share one through a `shared_ptr<const KeyDirectory>`, a change builds the
/// next one.
///
///     TRY(const auto presented, present_credential(head, query, directory.suffixes()));
///     const Key* key = directory.find(presented, now);   // nullptr: unknown
///
/// While a secret is rotated, the one before finds the key as well, up to its end.
///
/// Suffix  keys that came from another relay may be known by the SHA-256 of the credential with a secret of that relay behind it
///         (ENCRYPTION_KEY of claude-relay-service). Each suffix costs every request one more hash; usually there is none.
/// Cost    one lookup in a flat table at most half full. A credential is compared as its SHA-256,
/// which tells a
///         guesser nothing about how near he is.
class KeyDirectory {
 public:
  KeyDirectory() = default;
  /// Errors  invalid_config when two keys have the same secret; the message names both.
  static Result<KeyDirectory> build(std::vector<Key> keys, std::vector<Secret> suffixes = {});

  [[nodiscard]] const Key* find(const Presented& presented, WallTime now) const;
  [[nodiscard]] const Key* find(const Sha256& hash, WallTime now) const;
  /// Hashes `credential` and looks it up.
  [[nodiscard]] const Key* find(std::string_view credential, WallTime now) const;
  [[nodiscard]] const std::vector<Key>& keys() const { return keys_; }
  [[nodiscard]] std::span<const Secret> suffixes() const { return suffixes_; }

 private:
  struct Entry {
    Sha256 hash{};
    std::uint32_t key = 0;  // its index
    WallTime valid_until = WallTime::max();
  };
  [[nodiscard]] Status add(const Entry& entry);

  std::vector<Key> keys_;
  std::vector<Secret> suffixes_;
  std::vector<Entry> entries_;
  // Index + 1 of an entry, 0 = free; a power of two long; linear probing from the first bytes of the hash.
  std::vector<std::uint32_t> slots_;
};

}  // namespace sluice::identity

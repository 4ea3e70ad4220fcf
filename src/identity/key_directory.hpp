#pragma once
/// All client keys, found by the hash of what the client presents.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "identity/key.hpp"

namespace sluice::identity {

/// Immutable: threads share one through a `shared_ptr<const KeyDirectory>`, a change builds the
/// next one.
///
///     const Key* key = directory.find(presented.hash);   // nullptr: unknown
///
/// Cost    one lookup in a flat table at most half full. A credential is compared as its SHA-256,
/// which tells a
///         guesser nothing about how near he is.
class KeyDirectory {
 public:
  KeyDirectory() = default;
  /// Errors  invalid_config when two keys have the same secret; the message names both.
  static Result<KeyDirectory> build(std::vector<Key> keys);

  [[nodiscard]] const Key* find(const Sha256& hash) const;
  /// Hashes `credential` and looks it up.
  [[nodiscard]] const Key* find(std::string_view credential) const;
  [[nodiscard]] const std::vector<Key>& keys() const { return keys_; }

 private:
  std::vector<Key> keys_;
  // Index + 1 of a key, 0 = free; a power of two long; linear probing from the first bytes of the
  // hash.
  std::vector<std::uint32_t> slots_;
};

}  // namespace sluice::identity

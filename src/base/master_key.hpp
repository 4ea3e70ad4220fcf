#pragma once
/// The master key file: what opens the secrets in the store, kept apart from them (default DATA/master.key).
///
///     sluice-master-key 1
///     7pY3...=                  one key a line, the current one first
///     end 0f3a51c28e6b9d74      SHA-256 of the lines above, cut: a file cut short or altered is refused
///
/// It is refused when the group or others may read it, or when it belongs to somebody else. Every change is a new file
/// that takes the old one's place: whoever reads it sees one or the other, also after a power failure, and changes by
/// several processes come one after the other.
///
/// Rotation. At every moment, and if it ends there, the file opens every secret in the store:
///   1. `add_master_key`: a new key in front; the old ones stay.
///   2. in one write transaction: reseal what `needs_reseal`, and note `current().id_text()` in the store (Properties
///      "master_key").
///   3. `drop_old_master_keys(path, current())`: what stands behind the key that everything is now sealed under.
/// Ended in between, it is done again from the start. A server reads the file again
///   - when it meets a sealed secret that its keyring doesn't `knows`;
///   - before it seals: inside the transaction that stores the secret it compares Properties "master_key" with `knows_id`.
///     Writers come one after the other, so either step 2 reseals what it wrote, or it sees what step 2 noted. Without
///     this, a token refreshed between 2 and 3 under the old key would be lost with it.
///
/// Errors  invalid_config (refused; the message says what to do), not_found (no such file), io.
/// Thread  any; blocks on the disk.

#include <string>

#include "base/error.hpp"
#include "base/seal.hpp"

namespace sluice {

/// Makes the file, 0600, where there is none. Of several processes that start at once, one makes it and all read it. Not
/// for a store that already holds sealed secrets: a new key opens none of them, so say `load_master_key` there.
[[nodiscard]] Result<Keyring> load_or_create_master_key(const std::string& path);

[[nodiscard]] Result<Keyring> load_master_key(const std::string& path);

/// A new current key, in front of those there are.
[[nodiscard]] Result<Keyring> add_master_key(const std::string& path);

/// Drops the keys behind `resealed_to`; keys that were added in front of it since then stay. Errors  not_found as well when
/// it is no longer in the file: another rotation came first, and nothing is dropped.
[[nodiscard]] Result<Keyring> drop_old_master_keys(const std::string& path,
                                                   const SealingKey& resealed_to);

}  // namespace sluice

#pragma once
/// Secrets of other relays that stand behind the credentials of keys which came from there (identity/key_directory.hpp), sealed
/// in the store.

#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "store/secret_box.hpp"

namespace sluice::admin {

/// Each costs every request one more hash.
inline constexpr std::size_t key_suffixes_max = 8;

/// Errors  invalid_config: sealed with a master key that isn't there.
[[nodiscard]] Result<std::vector<Secret>> load_key_suffixes(store::Transaction& transaction,
                                                            store::SecretBox& secrets);
/// Once each. Errors  as above; invalid_request past `key_suffixes_max`.
[[nodiscard]] Status add_key_suffix(store::Transaction& transaction, store::SecretBox& secrets,
                                    const Secret& suffix, WallTime now);

}  // namespace sluice::admin

#pragma once
/// What the hammer writes and the check expects.
///
/// Migrations: those of the program, then `extra_count` more; number N of these makes the table "extraN" with `extra_rows` rows.
/// Writes: transaction N makes the key "KN" with its hashed secret, a sealed secret and an audit entry, erases the key made
/// `keys_kept` transactions before, and counts: all of it or nothing.

#include <string>
#include <vector>

#include "store/database.hpp"
#include "store/migrator.hpp"

namespace sluice::store::hammer {

inline constexpr int extra_count = 15;
inline constexpr int extra_rows = 3;
inline constexpr std::int64_t keys_kept = 5;

/// All of them; the texts live as long as the program.
[[nodiscard]] std::vector<Migration> all_migrations();
[[nodiscard]] std::string key_id(std::int64_t transaction);

/// Opens the store, prints "ready", then "N" after each transaction; never returns but for an error.
[[nodiscard]] Error hammer(const DatabaseOptions& options);

/// What is wrong with the store; empty: nothing. Opens it in the end, as the next process would.
/// `committed`: the last transaction that was reported before the kill.
[[nodiscard]] std::vector<std::string> check(const DatabaseOptions& options,
                                             std::int64_t committed);

}  // namespace sluice::store::hammer

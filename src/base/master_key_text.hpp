#pragma once
/// The text of a master key file, see master_key.hpp. Pure.

#include <string_view>

#include "base/error.hpp"
#include "base/seal.hpp"
#include "base/secret.hpp"

namespace sluice {

[[nodiscard]] Secret write_master_key_text(const Keyring& keyring);

/// `name` of the file, for the message. Every text that is cut short anywhere, but for the last line's end, is refused.
/// Errors  invalid_config.
[[nodiscard]] Result<Keyring> read_master_key_text(std::string_view text, std::string_view name);

}  // namespace sluice

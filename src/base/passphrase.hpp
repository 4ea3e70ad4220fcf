#pragma once
/// What a person carries away (`sluice export`) is sealed under a passphrase: Argon2id makes the key, seal.hpp does the rest.
///
/// Sealed  1 byte of format, 16 of salt, then as in seal.hpp. Binary: base64 is the caller's.
/// Cost    about 0.3 s and 256 MiB of memory each, so that guessing is slow; never on an I/O thread.
/// Errors  invalid_request, Side::client: a wrong passphrase and an altered text can't be told apart.

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace sluice {

[[nodiscard]] Result<std::string> seal_with_passphrase(const Secret& passphrase,
                                                       std::string_view plaintext,
                                                       std::string_view context);
[[nodiscard]] Result<Secret> open_with_passphrase(const Secret& passphrase, std::string_view sealed,
                                                  std::string_view context);

}  // namespace sluice

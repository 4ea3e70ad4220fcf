#pragma once
/// The second factor of people: codes of an authenticator app, and recovery codes for the day it is lost.
///
/// Source  RFC 6238 with HMAC-SHA-1, 6 digits, 30 s, as every app understands; RFC 4226 for a code of a counter.
/// Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace sluice::identity {

/// 160 bits, as the base32 text that people may type; kept sealed.
[[nodiscard]] Secret make_totp_seed();

/// "otpauth://totp/sluice:NAME?secret=...": what a QR code shows. Itself a secret.
[[nodiscard]] Secret totp_url(const Secret& seed, std::string_view user_name);

/// The code of one 30 s step. `seed` is base32; empty when it isn't.
[[nodiscard]] std::string totp_code(const Secret& seed, std::int64_t step);

/// The step that `code` is of: now's, or the one before or after it for clocks that differ. The caller stores it and gives it
/// as `last_step` the next time: a code is good once, and none older than one that was used. nullopt: refused.
[[nodiscard]] std::optional<std::int64_t> match_totp(const Secret& seed, std::string_view code,
                                                     WallTime now, std::int64_t last_step);

/// One-time codes, shown once: "k3vq-7ha2-p5mz-x6ct". 80 random bits each, so that a plain hash is enough.
struct RecoveryCodes {
  static constexpr std::size_t count = 10;
  std::vector<Secret> codes;
  std::vector<Sha256> hashes;  // what is stored
};
[[nodiscard]] RecoveryCodes make_recovery_codes();

/// Which of `hashes` `typed` is (any case, with or without dashes and blanks); the caller removes it from the store.
[[nodiscard]] std::optional<std::size_t> match_recovery_code(const std::vector<Sha256>& hashes,
                                                             std::string_view typed);

}  // namespace sluice::identity

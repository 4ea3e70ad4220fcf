#pragma once
/// HMAC (RFC 2104).

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

enum class Digest : std::uint8_t { sha1, sha256 };

/// 20 bytes, or 32. Source: OpenSSL; libsodium has no SHA-1, which authenticator apps want.
[[nodiscard]] std::string hmac(Digest digest, std::string_view key, std::string_view message);

}  // namespace sluice

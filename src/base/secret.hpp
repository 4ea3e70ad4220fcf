#pragma once
/// Credentials. A `Secret` can't be logged, printed or compared by accident; `reveal()` stands only where its bytes
/// go onto the wire, so that `git grep 'reveal('` is the whole audit.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] std::string_view reveal() const { return text_; }
  /// "...last4" for people, nothing of secrets shorter than 12 bytes.
  [[nodiscard]] std::string hint() const;

 private:
  /// All of the buffer: a string that was moved from or cut short still holds its bytes there.
  void wipe() noexcept;

  std::string text_;
};

/// SHA-256: what we keep of a client key.
using Sha256 = std::array<std::uint8_t, 32>;
[[nodiscard]] Sha256 sha256(std::string_view bytes);
[[nodiscard]] std::string to_hex(std::string_view bytes);
/// nullopt-like empty string when `hex` isn't exactly 64 hex digits.
[[nodiscard]] bool from_hex(std::string_view hex, Sha256& out);

/// Equal, in time that depends on the length alone.
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b);

/// "sk-slc-" and 43 base64url characters: 256 bits from the system.
[[nodiscard]] Secret make_client_key();

}  // namespace sluice

#pragma once
/// A word of at most 31 bytes that lives in its object: no allocation, and a bound on what a
/// provider can make us keep.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::meter {

/// What is longer is cut, at a byte.
class ShortText {
 public:
  static constexpr std::size_t bytes_max = 31;
  constexpr ShortText() = default;
  // Implicit: it stands for the word.
  constexpr ShortText(std::string_view text)  // NOLINT(google-explicit-constructor)
      : size_(static_cast<std::uint8_t>(std::min(text.size(), bytes_max))) {
    std::copy_n(text.begin(), size_, bytes_.begin());
  }
  constexpr ShortText(const char* text) : ShortText(std::string_view(text)) {}  // NOLINT
  [[nodiscard]] constexpr std::string_view str() const { return {bytes_.data(), size_}; }
  [[nodiscard]] constexpr bool empty() const { return size_ == 0; }
  friend constexpr bool operator==(const ShortText& a, const ShortText& b) {
    return a.str() == b.str();
  }

 private:
  std::array<char, bytes_max> bytes_{};
  std::uint8_t size_ = 0;
};

}  // namespace sluice::meter

#pragma once
/// ULIDs: 48 bits of milliseconds, 80 random bits, 26 characters of Crockford base 32; they sort by time.
/// Source: github.com/ulid/spec, "Canonical String Representation".

#include <array>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace sluice {

class Ulid {
 public:
  static constexpr std::size_t size = 26;
  Ulid() { text_.fill('0'); }
  static Ulid make(WallTime at, Random& random);
  [[nodiscard]] std::string_view str() const { return {text_.data(), text_.size()}; }
  friend auto operator<=>(const Ulid&, const Ulid&) = default;

 private:
  std::array<char, size> text_;
};

}  // namespace sluice

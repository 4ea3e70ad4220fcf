#pragma once
/// Base 32 of RFC 4648, for what people type: upper case, without padding.

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

[[nodiscard]] std::string to_base32(std::string_view bytes);
/// Any case; blanks, dashes and padding are passed over. nullopt: another character, or bits that belong to no byte.
[[nodiscard]] std::optional<std::string> from_base32(std::string_view text);

}  // namespace sluice

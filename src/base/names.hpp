#pragma once
/// Names that people give, and what they may have meant.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice {

inline constexpr std::size_t name_bytes_max = 64;
/// Of an account, a key, a user: 1 to `name_bytes_max` bytes, printable, without quotes and backslashes.
[[nodiscard]] bool is_name(std::string_view name);

/// The candidate most like `name`, nothing when none is near.
[[nodiscard]] std::optional<std::string> nearest(std::string_view name,
                                                 std::span<const std::string> candidates);
/// "; did you mean "listen"?" or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view name,
                                       std::span<const std::string> candidates);

}  // namespace sluice

#pragma once
/// Times as others write them.

#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace sluice {

/// RFC 3339, section 5.6: "2027-01-31T12:00:00Z". Fractions of a second are read and dropped.
[[nodiscard]] std::optional<WallTime> parse_rfc3339(std::string_view text);

/// RFC 9110, section 5.6.7, the form that everyone writes: "Sun, 06 Nov 1994 08:49:37 GMT". The day of the week isn't checked.
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);

}  // namespace sluice

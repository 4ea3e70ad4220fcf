#pragma once
/// A time as a field: RFC 3339, or an empty text for none.

#include <optional>
#include <string>

#include "admin/fields.hpp"
#include "base/clock.hpp"

namespace sluice::admin {

void read_time(Fields& fields, std::string_view name, std::optional<WallTime>& out);
[[nodiscard]] std::string time_text(std::optional<WallTime> time);

}  // namespace sluice::admin

#pragma once
/// Values in words for people.

#include <boost/json/value.hpp>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace sluice::app::manage {

/// "just now", "3 h ago", "in 5 d".
[[nodiscard]] std::string relative_time(WallTime time, WallTime now);
/// A text as it is; lists and objects as "a, b" and "a=1, b=2"; true and false as yes and no; "" for nothing.
[[nodiscard]] std::string value_text(const boost::json::value& value);
/// What stands at "limits.requests"; null where nothing does.
[[nodiscard]] const boost::json::value& value_at(const boost::json::object& object,
                                                 std::string_view path);
/// As `value_text`, where it is there.
[[nodiscard]] std::string text_at(const boost::json::object& object, std::string_view path);

}  // namespace sluice::app::manage

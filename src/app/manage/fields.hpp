#pragma once
/// What the flags say, as the fields that Management takes.

#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "app/config_values.hpp"
#include "app/manage/commands.hpp"

namespace sluice::app::manage {

/// {"name": "main", "credential": {"api_key": "..."}, ...}; of `--clear` null. Errors  words for the user.
[[nodiscard]] std::expected<boost::json::object, std::string> fields_of(
    const Invocation& invocation, const Environment& environment);

/// The flag that `field` ("limits.requests") came from, or would: "--limit". Empty: none.
[[nodiscard]] std::string_view flag_of_field(const Invocation& invocation, std::string_view field);

}  // namespace sluice::app::manage

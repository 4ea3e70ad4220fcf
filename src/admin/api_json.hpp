#pragma once
/// The body of a request as JSON, strictly: what two readers could understand differently is refused.

#include <boost/json/object.hpp>
#include <cstddef>
#include <string_view>

#include "admin/refusal.hpp"

namespace sluice::admin {

inline constexpr std::size_t api_json_depth_max = 16;

/// One object, UTF-8, no member twice, no U+0000 in a string (no database keeps it), at most `api_json_depth_max` levels.
/// Errors  invalid_request, naming the member where there is one.
[[nodiscard]] Outcome<boost::json::object> parse_api_body(std::string_view body);

}  // namespace sluice::admin

#pragma once
/// How long an account rests after failures, where other than usual, as JSON: {"rate_limited": "30s", "overloaded": "0"}.

#include <boost/json/object.hpp>

#include "admin/fields.hpp"
#include "base/rest_rules.hpp"

namespace sluice::admin {

/// The field "cooling". Rules that it doesn't name stay as they are; a null takes one back, or all.
void read_cooling(Fields& fields, RestOverrides& cooling);
/// Those that are set.
[[nodiscard]] boost::json::object cooling_json(const RestOverrides& cooling);

}  // namespace sluice::admin

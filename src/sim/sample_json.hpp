#pragma once
/// JSON that a schema allows: what a simulated model puts into a tool call.

#include <boost/json/fwd.hpp>
#include <string>

#include "base/random.hpp"

namespace sluice::sim {

/// All properties of an object, the first value of nothing: enums and consts are kept to, lengths and patterns are not.
[[nodiscard]] std::string sample_json(const boost::json::value& schema, SeededRandom& random);

}  // namespace sluice::sim

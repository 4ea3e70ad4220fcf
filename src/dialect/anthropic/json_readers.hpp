#pragma once
/// The parts of the vendor's documents that stand in several of them, read from an open JSON object.

#include "dialect/anthropic/usage_figures.hpp"
#include "dialect/dialect.hpp"
#include "dialect/json.hpp"

namespace sluice::dialect::anthropic {

/// False: broken JSON. Unknown fields are passed by.
[[nodiscard]] bool read_usage(simdjson::ondemand::object object, UsageFigures& out);

/// The whole error document; Google's shape (`"code"`, `"status"`) is understood too. False: broken JSON.
[[nodiscard]] bool read_error_object(simdjson::ondemand::object document, ProviderError& out);

}  // namespace sluice::dialect::anthropic

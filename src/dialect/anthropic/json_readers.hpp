#pragma once
/// The error document of the vendor, read from an open JSON object: it stands in answers and in streams.

#include "dialect/anthropic/usage_figures.hpp"
#include "dialect/dialect.hpp"
#include "dialect/json.hpp"

namespace sluice::dialect::anthropic {

/// The whole error document; Google's shape (`"code"`, `"status"`) is understood too. False: broken JSON.
[[nodiscard]] bool read_error_object(simdjson::ondemand::object document, ProviderError& out);

}  // namespace sluice::dialect::anthropic

#pragma once
/// Errors of the Messages API: `{"type":"error","error":{"type","message","details"?},"request_id"}`.

#include <string>
#include <string_view>

#include "dialect/dialect.hpp"

namespace sluice::dialect::anthropic {

/// The `error.type` for a status: "rate_limit_error" for 429.
[[nodiscard]] std::string_view error_type(int status);
/// And back: the status that an error inside a stream stands for; 500 for types we don't know.
[[nodiscard]] int http_equivalent(std::string_view type);

[[nodiscard]] std::string error_document(std::string_view type, std::string_view message,
                                         std::string_view request_id);

/// Tolerates anything: a body that can't be read gives the status and its type alone.
[[nodiscard]] ProviderError read_error(int status, std::string_view body);
[[nodiscard]] bool is_error_body(std::string_view body);

}  // namespace sluice::dialect::anthropic

#pragma once
/// What every answer of the admin side carries, and the form of its refusals.

#include <string>
#include <string_view>

#include "admin/admin_api.hpp"
#include "admin/refusal.hpp"

namespace sluice::admin {

/// Nothing may run, frame, cache or read it from elsewhere.
[[nodiscard]] std::string security_fields(std::string_view content_policy, bool tls);
inline constexpr std::string_view data_policy = "default-src 'none'; frame-ancestors 'none'";

/// {"error":{"code","message","field"}}. What is the store's or our own fault is told in general: its words are for the log.
[[nodiscard]] std::string refusal_body(const Refusal& refusal);
/// Also `x-sluice-error`, and `retry-after`, `www-authenticate` where they belong.
[[nodiscard]] ApiResponse refusal_response(const Refusal& refusal, bool tls);

}  // namespace sluice::admin

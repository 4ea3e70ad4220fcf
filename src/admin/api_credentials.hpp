#pragma once
/// Which credential a request of the admin API shows, and what its other fields ask for.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/admin_api.hpp"
#include "admin/refusal.hpp"

namespace sluice::admin {

/// One of them, or neither.
struct ApiCredential {
  std::string cookie;  // the session's token
  std::string bearer;
};
/// Errors  invalid_request: both, or one of them twice; not_signed_in: another scheme than Bearer.
[[nodiscard]] Outcome<ApiCredential> credential_of(const ApiRequest& request);

/// The value of the only header of that name; empty without one, and with several.
[[nodiscard]] std::string_view header_of(const ApiRequest& request, std::string_view name);

/// A page of another site may have had a browser send this: neither cookies nor passwords are taken from it. Programs send
/// none of the fields that tell.
[[nodiscard]] bool from_another_site(const ApiRequest& request);

/// If-Match: a version in quotes. Errors  version_missing, invalid_request.
[[nodiscard]] Outcome<std::int64_t> version_of(const ApiRequest& request);

[[nodiscard]] bool says_json(const ApiRequest& request);

/// "a=1&b=%20": decoded. Errors  invalid_request: a name twice, a broken escape, U+0000.
[[nodiscard]] Outcome<std::vector<std::pair<std::string, std::string>>> parameters_of(
    std::string_view query);

}  // namespace sluice::admin

#pragma once
/// The URL of a proxy, and what of it may be shown.

#include <optional>
#include <string>
#include <string_view>

namespace sluice::admin {

/// What `provider::parse_proxy_url` finds wrong with it, if anything. Never says a part of it.
[[nodiscard]] std::optional<std::string> proxy_fault(std::string_view url);
/// "http://ada:pw@host:3128" becomes "http://...@host:3128".
[[nodiscard]] std::string shown_proxy(std::string_view url);
/// It has a user, and perhaps a password.
[[nodiscard]] bool proxy_has_user(std::string_view url);

}  // namespace sluice::admin

#pragma once
/// The providers that an account can name.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::provider {

struct ProviderSpec {
  std::string_view name;
  std::string_view base_url;  // empty: an account must say it
  bool served;                // by this version
  bool needs_credential;
};

[[nodiscard]] std::span<const ProviderSpec> providers();
[[nodiscard]] const ProviderSpec* find_provider(std::string_view name);
[[nodiscard]] std::vector<std::string> provider_names();

/// The dialects that a key can be held to.
[[nodiscard]] std::span<const std::string_view> dialect_names();

}  // namespace sluice::provider

#pragma once
/// The small grammars of the configuration: addresses, secrets, URLs. Pure, but for `resolve_secret`. The words of a key's
/// rules are in identity/key_grammar.hpp.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace sluice::app {

struct ListenAddress {
  std::string host;  // an IP address without brackets, or "localhost"
  std::uint16_t port = 0;
};
/// "127.0.0.1:8080", "[::1]:8080", "localhost:0".
[[nodiscard]] std::optional<ListenAddress> parse_listen_address(std::string_view text);

using Environment = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::optional<std::string> lookup(const Environment& environment,
                                                std::string_view name);

struct ResolvedSecret {
  Secret secret;
  bool literal = false;  // the value itself stood in the source
  std::string variable;  // of "env:NAME"
};
/// "env:NAME", "file:PATH" (newlines at its end are cut) or the value itself.
/// Errors  invalid_config, in words that never hold the value.
[[nodiscard]] Result<ResolvedSecret> resolve_secret(std::string_view text,
                                                    const Environment& environment);

/// A URL for people: user and password are cut out, wherever they stand.
[[nodiscard]] std::string redact_url(std::string_view url);

}  // namespace sluice::app

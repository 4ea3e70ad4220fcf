#pragma once
/// Base 64 (RFC 4648, 4), with padding.

#include <string>
#include <string_view>

namespace sluice {

[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace sluice

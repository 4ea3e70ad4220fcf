#include "admin/proxy_url.hpp"

#include <algorithm>
#include <array>

#include "provider/proxy_url.hpp"

namespace sluice::admin {
namespace {

constexpr std::array<std::string_view, 4> schemes = {"http://", "https://", "socks5://",
                                                     "socks5h://"};

/// Past the "://", or 0.
std::size_t authority_of(std::string_view url) {
  const auto* const scheme =
      std::find_if(schemes.begin(), schemes.end(),
                   [&](std::string_view known) { return url.starts_with(known); });
  return scheme == schemes.end() ? 0 : scheme->size();
}

}  // namespace

std::optional<std::string> proxy_fault(std::string_view url) {
  const auto proxy = provider::parse_proxy_url(url);
  if (proxy) return {};
  return proxy.error().context;
}

bool proxy_has_user(std::string_view url) { return url.find('@') != std::string_view::npos; }

std::string shown_proxy(std::string_view url) {
  const auto at = url.rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, authority_of(url))).append("...").append(url.substr(at));
}

}  // namespace sluice::admin

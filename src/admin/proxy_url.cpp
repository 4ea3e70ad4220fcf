#include "admin/proxy_url.hpp"

#include <algorithm>
#include <array>

namespace sluice::admin {
namespace {

constexpr std::size_t url_bytes_max = 1024;
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
  const auto start = authority_of(url);
  if (start == 0) return "must start with http://, https://, socks5:// or socks5h://";
  if (url.size() > url_bytes_max ||
      !std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
    return "must be ASCII without blanks; what is special in a user or password is written as %XX";
  }
  std::string_view host = url.substr(start);
  if (host.ends_with('/')) host.remove_suffix(1);
  host.remove_prefix(host.rfind('@') == std::string_view::npos ? 0 : host.rfind('@') + 1);
  if (host.empty() || host.starts_with(':') ||
      host.find_first_of("/?#\\") != std::string_view::npos) {
    return "must be a scheme, a host and a port, such as socks5h://proxy.example.org:1080";
  }
  return {};
}

bool proxy_has_user(std::string_view url) { return url.find('@') != std::string_view::npos; }

std::string shown_proxy(std::string_view url) {
  const auto at = url.rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, authority_of(url))).append("...").append(url.substr(at));
}

}  // namespace sluice::admin

#include "provider/proxy_url.hpp"

#include <algorithm>
#include <array>

#include "provider/upstream_url.hpp"

namespace sluice::provider {
namespace {

using net::Proxy;

constexpr std::size_t url_bytes_max = 2048;
constexpr std::size_t part_bytes_max =
    255;  // of user and password; RFC 1929 has one byte for their length

struct Scheme {
  std::string_view text;
  Proxy::Kind kind;
  std::uint16_t port;
};
constexpr std::array<Scheme, 4> schemes = {{{"http://", Proxy::Kind::http, 80},
                                            {"https://", Proxy::Kind::https, 443},
                                            {"socks5://", Proxy::Kind::socks5, 1080},
                                            {"socks5h://", Proxy::Kind::socks5h, 1080}}};

std::unexpected<Error> refuse(const char* why) {
  return fail(Errc::invalid_config, Side::gateway, why);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// False where a '%' has no two digits behind it, or stands for a control character.
bool decode(std::string_view text, std::string& out) {
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    int byte = static_cast<unsigned char>(text[i]);
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      byte = high * 16 + low;
      i += 2;
    }
    if (byte < 0x20 || byte == 0x7f) return false;
    out += static_cast<char>(byte);
  }
  return true;
}

Status read_user(std::string_view text, Proxy& proxy) {
  const auto colon = std::min(text.find(':'), text.size());
  std::string password;
  const bool good = decode(text.substr(0, colon), proxy.user) &&
                    decode(text.substr(std::min(colon + 1, text.size())), password);
  proxy.password = Secret(std::move(password));
  if (!good) {
    return refuse(
        "has a user or password that isn't percent-encoded; what is special in them is written as "
        "%XX");
  }
  if (proxy.user.empty()) return refuse("has a password without a user");
  if (proxy.user.size() > part_bytes_max || proxy.password.reveal().size() > part_bytes_max) {
    return refuse("has a user or password of more than 255 bytes");
  }
  if (!proxy.is_socks() && proxy.user.find(':') != std::string::npos) {
    return refuse("has a ':' in its user, which HTTP doesn't allow (RFC 7617)");
  }
  return {};
}

}  // namespace

Result<Proxy> parse_proxy_url(std::string_view url) {
  const auto* const scheme =
      std::find_if(schemes.begin(), schemes.end(),
                   [url](const Scheme& known) { return url.starts_with(known.text); });
  if (scheme == schemes.end()) {
    return refuse("must start with http://, https://, socks5:// or socks5h://");
  }
  if (url.size() > url_bytes_max ||
      !std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
    return refuse(
        "must be ASCII without blanks; what is special in a user or password is written as %XX");
  }
  Proxy proxy{.kind = scheme->kind, .host = {}, .port = scheme->port};
  std::string_view authority = url.substr(scheme->text.size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    CHECK_OK(read_user(authority.substr(0, at), proxy));
    authority.remove_prefix(at + 1);
  }
  // A host and a port are the same everywhere.
  const auto parsed = parse_upstream_url("https://" + std::string(authority));
  if (!parsed || !parsed->path.empty()) {
    return refuse("must be a scheme, a host and a port, such as socks5h://proxy.example.org:1080");
  }
  if (!permit_upstream(*parsed, PrivateUpstreams::allowed)) {
    return refuse("leads to a cloud metadata service, which is never a proxy");
  }
  proxy.host = parsed->host;
  const bool six = authority.starts_with('[');
  const auto port_search = six ? authority.find(']') : 0;
  if (authority.find(':', port_search) != std::string_view::npos) proxy.port = parsed->port;
  return proxy;
}

}  // namespace sluice::provider

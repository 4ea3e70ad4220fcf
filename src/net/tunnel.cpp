#include "net/tunnel.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cassert>

namespace sluice::net {
namespace {

std::unexpected<Error> refused(std::string why) {
  return fail(Errc::upstream_unreachable, Side::provider, std::move(why), Retry::other_account);
}

// --- CONNECT ------------------------------------------------------------------------------------------------------

/// Ours, and not what the proxy says: that may repeat what it was sent.
std::string_view reason(int status) {
  switch (status) {
    case 400: return " Bad Request";
    case 401: return " Unauthorized";
    case 403: return " Forbidden";
    case 404: return " Not Found";
    case 405: return " Method Not Allowed";
    case 407: return " Proxy Authentication Required";
    case 429: return " Too Many Requests";
    case 500: return " Internal Server Error";
    case 501: return " Not Implemented";
    case 502: return " Bad Gateway";
    case 503: return " Service Unavailable";
    case 504: return " Gateway Timeout";
    default: return "";
  }
}

Secret basic(const Proxy& proxy) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text = proxy.user + ":";
  text += proxy.password.reveal();
  const Secret plain(std::move(text));
  const std::string_view bytes = plain.reveal();
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8U | (i < left ? static_cast<std::uint8_t>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= left ? digits[group >> (18U - 6U * i) & 63U] : '=';
    }
  }
  return Secret(std::move(out));
}

constexpr std::string_view version_begin = "HTTP/1.";

/// Past the empty line that ends a head; npos while there is none.
std::size_t head_end(std::string_view text) {
  for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    const std::string_view after = text.substr(at + 1);
    if (after.starts_with("\r\n")) return at + 3;
    if (after.starts_with('\n')) return at + 2;
  }
  return std::string_view::npos;
}

/// Of "HTTP/1.1 200 Connection established"; 0: it isn't one.
int status_of(std::string_view head) {
  constexpr std::size_t code_at = version_begin.size() + 2;
  const std::string_view line = head.substr(0, std::min(head.find('\r'), head.find('\n')));
  if (line.size() < code_at + 3 || !line.starts_with(version_begin)) return 0;
  const char minor = line[version_begin.size()];
  if ((minor != '0' && minor != '1') || line[code_at - 1] != ' ') return 0;
  int status = 0;
  for (const char digit : line.substr(code_at, 3)) {
    if (digit < '0' || digit > '9') return 0;
    status = status * 10 + (digit - '0');
  }
  if (line.size() > code_at + 3 && line[code_at + 3] != ' ') return 0;
  return status >= 100 ? status : 0;
}

}  // namespace

ConnectTunnel::ConnectTunnel(const Proxy& proxy, std::string_view host, std::uint16_t port) {
  std::string authority;
  const bool six = host.find(':') != std::string_view::npos;
  append(authority, six ? "[" : "", host, six ? "]" : "", ":", std::to_string(port));
  std::string text = "CONNECT ";
  append(text, authority, " HTTP/1.1\r\nhost: ", authority, "\r\n");
  if (!proxy.user.empty()) {
    const Secret credentials = basic(proxy);
    // At once as long as it shall become: no copy of a credential is left behind in a buffer that was too small.
    text.reserve(text.size() + credentials.reveal().size() + 64);
    append(text, "proxy-authorization: Basic ", credentials.reveal(), "\r\n");
  }
  text += "\r\n";
  output_ = Secret(std::move(text));
}

Result<bool> ConnectTunnel::on_bytes(std::string_view bytes) {
  head_ += bytes;
  for (;;) {
    const std::string_view begin = std::string_view(head_).substr(0, version_begin.size());
    if (!version_begin.starts_with(begin)) return refused("the proxy didn't answer in HTTP");
    const auto end = head_end(head_);
    const bool whole = end != std::string::npos;
    if (before_ + (whole ? end : head_.size()) > head_bytes_max) {
      return refused("the proxy's answer to CONNECT is too long");
    }
    if (!whole) return false;
    const int status = status_of(head_);
    if (status == 0) return refused("the proxy didn't answer in HTTP");
    if (status >= 200 && status < 300) {
      // What fields say of a body is nothing here (RFC 9110, 9.3.6).
      if (head_.size() == end) return true;
      return refused("the proxy sent bytes behind its answer to CONNECT");
    }
    if (status >= 200) {
      return refused("proxy answered " + std::to_string(status) + std::string(reason(status)));
    }
    before_ += end;
    head_.erase(0, end);
  }
}

// --- SOCKS --------------------------------------------------------------------------------------------------------

namespace {

constexpr char socks_version = 5;
constexpr char sign_in_version = 1;
constexpr std::size_t part_bytes_max = 255;

enum Method : std::uint8_t { no_sign_in = 0, user_and_password = 2, none_acceptable = 0xff };
enum AddressType : std::uint8_t { ipv4 = 1, name = 3, ipv6 = 4 };
enum Reply : std::uint8_t {
  succeeded = 0,
  network_unreachable = 3,
  host_unreachable = 4,
  connection_refused = 5,
  ttl_expired = 6,
  type_unsupported = 8
};

std::string_view describe(std::uint8_t reply) {
  constexpr std::array<std::string_view, 9> texts = {
      "succeeded",           "general failure",       "not allowed by its rules",
      "network unreachable", "host unreachable",      "connection refused",
      "TTL expired",         "command not supported", "address type not supported"};
  return reply < texts.size() ? texts[reply] : "failure of an unknown kind";
}

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

void put(std::string& out, std::uint8_t byte) { out += static_cast<char>(byte); }

/// With its length before it. Longer ones were refused when the configuration was read.
void put_sized(std::string& out, std::string_view part) {
  assert(part.size() <= part_bytes_max);
  part = part.substr(0, part_bytes_max);
  put(out, static_cast<std::uint8_t>(part.size()));
  out += part;
}

void put_address(std::string& out, const std::string& host) {
  std::array<char, 16> bytes{};
  if (::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1) {
    put(out, AddressType::ipv4);
    out.append(bytes.data(), 4);
  } else if (::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1) {
    put(out, AddressType::ipv6);
    out.append(bytes.data(), 16);
  } else {
    put(out, AddressType::name);
    put_sized(out, host);
  }
}

}  // namespace

Socks5Tunnel::Socks5Tunnel(const Proxy& proxy, std::string_view host, std::uint16_t port) {
  std::string greeting;
  greeting += socks_version;
  put(greeting, proxy.user.empty() ? 1 : 2);
  put(greeting, Method::no_sign_in);
  if (!proxy.user.empty()) {
    put(greeting, Method::user_and_password);
    std::string text;
    text.reserve(2 * part_bytes_max + 3);
    text += sign_in_version;
    put_sized(text, proxy.user);
    put_sized(text, proxy.password.reveal());
    sign_in_ = Secret(std::move(text));
  }
  output_ = Secret(std::move(greeting));
  request_ = {socks_version, 1, 0};  // CONNECT
  put_address(request_, std::string(host));
  put(request_, static_cast<std::uint8_t>(port >> 8U));
  put(request_, static_cast<std::uint8_t>(port & 0xffU));
}

Result<bool> Socks5Tunnel::on_bytes(std::string_view bytes) {
  input_ += bytes;
  TRY(const bool taken, step());
  if (!taken) return false;
  if (!input_.empty()) return refused("SOCKS5: the proxy spoke out of turn");
  return step_ == Step::open;
}

Result<bool> Socks5Tunnel::step() {
  if (input_.empty()) return false;
  // Version 1 stands before the answer to user and password, though some write 5 there as well.
  if (input_[0] != socks_version && (step_ != Step::sign_in || input_[0] != sign_in_version)) {
    return refused("the proxy doesn't speak SOCKS5");
  }
  if (input_.size() < 2) return false;
  if (step_ == Step::reply) return on_reply();
  const std::uint8_t told = byte_at(input_, 1);
  input_.erase(0, 2);
  if (step_ == Step::method && told == Method::user_and_password && !sign_in_.empty()) {
    output_ = std::move(sign_in_);
    step_ = Step::sign_in;
    return true;
  }
  if (step_ == Step::method && told == Method::none_acceptable) {
    return refused(sign_in_.empty() ? "SOCKS5: the proxy wants a user and a password, or more"
                                    : "SOCKS5: the proxy takes no user and password");
  }
  if (step_ == Step::method && told != Method::no_sign_in) {
    return refused("SOCKS5: the proxy chose a way to sign in that it wasn't offered");
  }
  if (told != 0) return refused("SOCKS5: the proxy refused user and password");
  output_ = Secret(std::move(request_));
  step_ = Step::reply;
  return true;
}

Result<bool> Socks5Tunnel::on_reply() {
  const std::uint8_t told = byte_at(input_, 1);
  if (told != Reply::succeeded) {
    address_at_fault_ = told == Reply::network_unreachable || told == Reply::host_unreachable ||
                        told == Reply::connection_refused || told == Reply::ttl_expired ||
                        told == Reply::type_unsupported;
    return refused("SOCKS5: " + std::string(describe(told)));
  }
  if (input_.size() < 5) return false;
  std::size_t address = 0;
  switch (byte_at(input_, 3)) {
    case AddressType::ipv4: address = 4; break;
    case AddressType::ipv6: address = 16; break;
    case AddressType::name: address = 1U + byte_at(input_, 4); break;
    default: return refused("SOCKS5: the proxy's reply has an address of no known type");
  }
  const std::size_t whole = 4 + address + 2;
  if (input_.size() < whole) return false;
  input_.erase(0, whole);
  step_ = Step::open;
  return true;
}

std::unique_ptr<Tunnel> make_tunnel(const Proxy& proxy, std::string_view host, std::uint16_t port) {
  if (proxy.is_socks()) return std::make_unique<Socks5Tunnel>(proxy, host, port);
  return std::make_unique<ConnectTunnel>(proxy, host, port);
}

}  // namespace sluice::net

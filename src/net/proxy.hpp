#pragma once
/// A proxy on the way to a provider, as a value.

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/append.hpp"
#include "base/secret.hpp"

namespace sluice::net {

struct Proxy {
  enum class Kind : std::uint8_t {
    http,    // CONNECT (RFC 9110, 9.3.6)
    https,   // likewise, over TLS
    socks5,  // RFC 1928; names are looked up here
    socks5h  // names are looked up by the proxy
  };
  Kind kind = Kind::http;
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;
  std::string user = {};  // empty: it wants none
  Secret password = {};

  [[nodiscard]] bool is_socks() const { return kind == Kind::socks5 || kind == Kind::socks5h; }
  /// "socks5h://host:1080": without user and password.
  [[nodiscard]] std::string text() const {
    constexpr std::string_view schemes[] = {"http", "https", "socks5", "socks5h"};
    const bool six = host.find(':') != std::string::npos;
    std::string out(schemes[static_cast<std::size_t>(kind)]);
    append(out, "://", six ? "[" : "", host, six ? "]" : "", ":", std::to_string(port));
    return out;
  }
};

/// The proxy of an origin, or none. Two are equal when they lead through the same proxy as the same user with the same password,
/// whichever object says so: connections outlive the configuration that asked for them.
class ProxyRef {
 public:
  ProxyRef() = default;
  explicit ProxyRef(Proxy proxy) {
    std::string all = proxy.text();
    all += '\n';
    all += proxy.user;
    all += '\n';
    all += proxy.password.reveal();
    const Secret told(std::move(all));
    held_ = std::make_shared<const Held>(Held{std::move(proxy), sha256(told.reveal())});
  }

  explicit operator bool() const { return held_ != nullptr; }
  const Proxy& operator*() const { return held_->proxy; }
  const Proxy* operator->() const { return &held_->proxy; }

  friend bool operator==(const ProxyRef& a, const ProxyRef& b) { return (a <=> b) == 0; }
  friend std::strong_ordering operator<=>(const ProxyRef& a, const ProxyRef& b) {
    if (a.held_ == b.held_) return std::strong_ordering::equal;
    if (!a.held_ || !b.held_) return (a.held_ != nullptr) <=> (b.held_ != nullptr);
    return a.held_->identity <=> b.held_->identity;
  }

 private:
  struct Held {
    Proxy proxy;
    Sha256 identity;
  };
  std::shared_ptr<const Held> held_;
};

}  // namespace sluice::net

#pragma once
/// What is said to a proxy until it has become a way to the provider. Pure: bytes in, bytes out.
///
///     Socks5Tunnel tunnel(proxy, "api.example.com", 443);
///     send(tunnel.take_output());
///     tunnel.on_bytes(received);   // false: send what `take_output` has, and read on; true: the way is open
///
/// Input   any split of the proxy's answers. A provider says nothing before it is asked, so that there is nothing behind them.
/// Errors  upstream_unreachable, with the step that failed and never a word of the proxy's own or a credential.

#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "net/proxy.hpp"

namespace sluice::net {

class Tunnel {
 public:
  Tunnel() = default;
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;
  virtual ~Tunnel() = default;

  /// Empty: nothing to send now.
  [[nodiscard]] Secret take_output() { return std::exchange(output_, Secret()); }
  [[nodiscard]] virtual Result<bool> on_bytes(std::string_view bytes) = 0;
  /// After an error: the proxy is well, and does not reach this address; another one may do.
  [[nodiscard]] virtual bool is_address_at_fault() const { return false; }

 protected:
  Secret output_;
};

/// Source  RFC 9110, 9.3.6 and 11.7; RFC 7617 (Basic).
/// Limit   the head of the answer, interim ones before it included, has at most `head_bytes_max` bytes.
class ConnectTunnel final : public Tunnel {
 public:
  static constexpr std::size_t head_bytes_max = std::size_t{16} * 1024;
  ConnectTunnel(const Proxy& proxy, std::string_view host, std::uint16_t port);
  [[nodiscard]] Result<bool> on_bytes(std::string_view bytes) override;

 private:
  std::string head_;
  std::size_t before_ = 0;  // bytes of interim answers
};

/// Source  RFC 1928; RFC 1929 (user and password).
class Socks5Tunnel final : public Tunnel {
 public:
  /// `host` may be an address; a name is left to the proxy.
  Socks5Tunnel(const Proxy& proxy, std::string_view host, std::uint16_t port);
  [[nodiscard]] Result<bool> on_bytes(std::string_view bytes) override;
  [[nodiscard]] bool is_address_at_fault() const override { return address_at_fault_; }

 private:
  enum class Step : std::uint8_t { method, sign_in, reply, open };
  /// Takes one answer off the front of `input_`; false: it isn't whole yet.
  [[nodiscard]] Result<bool> step();
  [[nodiscard]] Result<bool> on_reply();
  Step step_ = Step::method;
  std::string input_;
  Secret sign_in_;  // what is sent for it; empty without a user
  std::string request_;
  bool address_at_fault_ = false;
};

[[nodiscard]] std::unique_ptr<Tunnel> make_tunnel(const Proxy& proxy, std::string_view host,
                                                  std::uint16_t port);

}  // namespace sluice::net

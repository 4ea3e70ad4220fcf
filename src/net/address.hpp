#pragma once
/// Socket addresses as values: what a name resolves to, what we listen on, who the peer is.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace sluice::net {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  [[nodiscard]] const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] int family() const { return storage.ss_family; }
  [[nodiscard]] std::uint16_t port() const;
  void set_port(std::uint16_t port);
  [[nodiscard]] bool is_loopback() const;
  /// "127.0.0.1" or "::1", without the port; v4-mapped addresses as v4.
  [[nodiscard]] std::string host() const;
  /// "127.0.0.1:8080" or "[::1]:8080".
  [[nodiscard]] std::string text() const;

  /// An IPv4 or IPv6 literal (no brackets). Errc::invalid_config otherwise.
  static Result<Address> literal(std::string_view host, std::uint16_t port);
  /// "host:port" or "[v6]:port" with a literal host, or "localhost".
  static Result<Address> parse(std::string_view host_and_port);
  static Address of_peer(int fd);
  static Address of_socket(int fd);
};

}  // namespace sluice::net

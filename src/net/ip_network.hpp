#pragma once
/// IP addresses and CIDR blocks: whom a key, a proxy list or an address rule means. No I/O, no name
/// resolution.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace sluice::net {

/// IPv4 or IPv6 in one form: IPv4 is held as `::ffff:a.b.c.d`, so that a peer of a dual-stack
/// socket compares equal to the same peer of an IPv4 socket.
class IpAddress {
 public:
  /// "::", which belongs to no network but "::/0".
  IpAddress() = default;
  /// "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"; no brackets, no zone.
  static std::optional<IpAddress> parse(std::string_view text);
  /// AF_INET and AF_INET6; nullopt for other families.
  static std::optional<IpAddress> from(const sockaddr& address);

  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] std::string str() const;
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

/// What kind of neighbour an address is; the narrowest that applies.
enum class Reach : std::uint8_t {
  open,        // routed on the internet
  loopback,    // 127/8, ::1
  restricted,  // RFC 1918, shared, link-local, unique-local, multicast, unspecified: not for the
               // internet
  metadata,    // where clouds hand out credentials of the machine
};
[[nodiscard]] Reach reach_of(const IpAddress& address);

/// A CIDR block.
///
///     Network::parse("10.0.0.0/8")->contains(*IpAddress::parse("::ffff:10.1.2.3"));   // true
class Network {
 public:
  /// An address alone is the block of that one address. nullopt: not an address, a prefix out of
  /// range, or bits set behind the prefix ("10.0.0.1/8"), which is nearly always a slip.
  static std::optional<Network> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] std::string str() const;
  friend bool operator==(const Network&, const Network&) = default;

 private:
  IpAddress first_;
  int prefix_ = 128;  // of the 128-bit form
};

}  // namespace sluice::net

#include "net/ip_network.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace sluice::net {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool bit(const std::array<std::uint8_t, 16>& bytes, int index) {
  return (bytes[static_cast<std::size_t>(index / 8)] >> (7 - index % 8) & 1) != 0;
}

bool any_contains(const auto& networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return network.contains(address); });
}

template <std::size_t n>
std::array<Network, n> networks_of(const std::array<std::string_view, n>& texts) {
  std::array<Network, n> out;
  std::transform(texts.begin(), texts.end(), out.begin(),
                 [](std::string_view text) { return Network::parse(text).value(); });
  return out;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  char buffer[INET6_ADDRSTRLEN] = {};
  text.copy(buffer, text.size());
  IpAddress out;
  if (inet_pton(AF_INET, buffer, out.bytes_.data() + 12) == 1) {
    std::copy(mapped_prefix.begin(), mapped_prefix.end(), out.bytes_.begin());
    return out;
  }
  if (inet_pton(AF_INET6, buffer, out.bytes_.data()) == 1) return out;
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::from(const sockaddr& address) {
  IpAddress out;
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    std::copy(mapped_prefix.begin(), mapped_prefix.end(), out.bytes_.begin());
    std::memcpy(out.bytes_.data() + 12, &v4.sin_addr, 4);
    return out;
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    std::memcpy(out.bytes_.data(), &v6.sin6_addr, 16);
    return out;
  }
  return std::nullopt;
}

bool IpAddress::is_v4() const {
  return std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes_.begin());
}

std::string IpAddress::str() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  if (is_v4()) {
    inet_ntop(AF_INET, bytes_.data() + 12, buffer, sizeof buffer);
  } else {
    inet_ntop(AF_INET6, bytes_.data(), buffer, sizeof buffer);
  }
  return buffer;
}

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  Network out;
  out.first_ = *address;
  if (slash == std::string_view::npos) return out;
  const std::string_view digits = text.substr(slash + 1);
  int prefix = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.front() == '-') {
    return std::nullopt;
  }
  // "::ffff:10.0.0.0/104" counts its 128-bit form, "10.0.0.0/8" its own.
  if (text.find(':') == std::string_view::npos) {
    if (prefix > 32) return std::nullopt;
    prefix += 96;
  }
  if (prefix > 128) return std::nullopt;
  out.prefix_ = prefix;
  for (int i = prefix; i < 128; ++i) {
    if (bit(out.first_.bytes(), i)) return std::nullopt;
  }
  return out;
}

bool Network::contains(const IpAddress& address) const {
  const auto whole = static_cast<std::size_t>(prefix_ / 8);
  if (!std::equal(address.bytes().begin(),
                  address.bytes().begin() + static_cast<std::ptrdiff_t>(whole),
                  first_.bytes().begin())) {
    return false;
  }
  for (int i = static_cast<int>(whole) * 8; i < prefix_; ++i) {
    if (bit(address.bytes(), i) != bit(first_.bytes(), i)) return false;
  }
  return true;
}

std::string Network::str() const {
  const bool v4 = first_.is_v4() && prefix_ >= 96;
  return first_.str() + "/" + std::to_string(v4 ? prefix_ - 96 : prefix_);
}

Reach reach_of(const IpAddress& address) {
  // AWS, Azure, Google and most others at .254; ECS and EKS task credentials; Azure's WireServer;
  // Alibaba; Oracle.
  static const auto metadata = networks_of(std::array<std::string_view, 8>{
      "169.254.169.254", "169.254.170.2", "169.254.170.23", "168.63.129.16", "100.100.100.200",
      "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23"});
  static const auto loopback = networks_of(std::array<std::string_view, 2>{"127.0.0.0/8", "::1"});
  // IANA special-purpose registries, and the ways IPv4 hides in IPv6: NAT64, 6to4, IPv4-compatible.
  static const auto restricted = networks_of(std::array<std::string_view, 19>{
      "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
      "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "fc00::/7", "fe80::/10",
      "fec0::/10", "ff00::/8", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32",
      "::/96"});
  if (any_contains(metadata, address)) return Reach::metadata;
  if (any_contains(loopback, address)) return Reach::loopback;
  if (any_contains(restricted, address)) return Reach::restricted;
  return Reach::open;
}

}  // namespace sluice::net

#include "provider/upstream_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.hpp"

namespace sluice::provider {
namespace {

using net::IpAddress;
using net::Reach;

std::unexpected<Error> refuse(std::string why) {
  return fail(Errc::invalid_config, Side::gateway, std::move(why));
}

bool is_metadata_name(std::string_view host) {
  constexpr std::array<std::string_view, 5> names = {"metadata.google.internal", "metadata.goog",
                                                     "metadata", "instance-data",
                                                     "instance-data.ec2.internal"};
  if (host.ends_with('.')) host.remove_suffix(1);
  return std::find(names.begin(), names.end(), host) != names.end();
}

bool is_localhost(std::string_view host) { return host == "localhost" || host == "localhost."; }

/// Resolvers read "2130706433", "127.1" and "0x7f.1" as addresses; a real name never ends in such a label.
bool is_disguised_address(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  const std::string_view last = host.substr(host.rfind('.') + 1);
  return last.find_first_not_of("0123456789") == std::string_view::npos || last.starts_with("0x");
}

}  // namespace

std::string UpstreamUrl::str() const {
  const bool six = host.find(':') != std::string::npos;
  std::string out =
      fmt::format("{}://{}{}{}", tls ? "https" : "http", six ? "[" : "", host, six ? "]" : "");
  if (port != (tls ? 443 : 80)) out += fmt::format(":{}", port);
  return out + path;
}

Result<UpstreamUrl> parse_upstream_url(std::string_view text) {
  UpstreamUrl out;
  if (ascii::istarts_with(text, "https://")) {
    text.remove_prefix(8);
  } else if (ascii::istarts_with(text, "http://")) {
    out.tls = false;
    out.port = 80;
    text.remove_prefix(7);
  } else {
    return refuse("the URL must start with https:// (or http:// for loopback)");
  }
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return c <= 0x20 || c >= 0x7f || c == '\\'; })) {
    return refuse("the URL holds blanks or characters outside ASCII");
  }
  if (text.find_first_of("?#") != std::string_view::npos) {
    return refuse("the URL must end with its path: no query and no fragment");
  }
  const auto slash = std::min(text.find('/'), text.size());
  std::string_view authority = text.substr(0, slash);
  out.path = text.substr(slash);
  while (out.path.ends_with('/')) out.path.pop_back();
  if (authority.find('@') != std::string_view::npos) {
    return refuse("the URL must not hold a user or a password; use `credential`");
  }
  const bool six = authority.starts_with('[');
  const auto bracket = authority.find(']');
  if (six && bracket == std::string_view::npos) return refuse("the URL has a '[' without ']'");
  const auto host_end = six ? bracket + 1 : std::min(authority.find(':'), authority.size());
  const std::string_view port = authority.substr(host_end);
  out.host =
      ascii::to_lower(six ? authority.substr(1, bracket - 1) : authority.substr(0, host_end));
  if (out.host.empty()) return refuse("the URL has no host");
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), out.port);
    if (port[0] != ':' || error != std::errc() || end != port.data() + port.size() ||
        out.port == 0) {
      return refuse("the port of the URL is not a number from 1 to 65535");
    }
  }
  if (IpAddress::parse(out.host)) return out;
  if (six) return refuse("the brackets of the URL hold no IPv6 address");
  if (out.host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_") != std::string::npos) {
    return refuse("the host of the URL holds a character that no host name has");
  }
  if (is_disguised_address(out.host)) {
    return refuse("the host of the URL is neither a name nor a full IP address");
  }
  return out;
}

Status permit_upstream(const UpstreamUrl& url, PrivateUpstreams private_upstreams) {
  if (is_metadata_name(url.host)) {
    return refuse("cloud metadata services are never an upstream");
  }
  if (const auto address = IpAddress::parse(url.host)) {
    return permit_upstream_address(url, *address, private_upstreams);
  }
  if (!url.tls && !is_localhost(url.host) && private_upstreams == PrivateUpstreams::refused) {
    return refuse(
        "http is for loopback only; use https, or set [security] allow_private_upstreams = true "
        "for a host of your own network");
  }
  return {};
}

Status permit_upstream_address(const UpstreamUrl& url, const IpAddress& address,
                               PrivateUpstreams private_upstreams) {
  switch (net::reach_of(address)) {
    case Reach::loopback: return {};
    case Reach::metadata:
      return refuse(
          fmt::format("{} is a cloud metadata address, never an upstream", address.str()));
    case Reach::restricted:
      if (private_upstreams == PrivateUpstreams::allowed) return {};
      return refuse(fmt::format(
          "{} is a private address; set [security] allow_private_upstreams = true to use it",
          address.str()));
    case Reach::open:
      if (url.tls) return {};
      return refuse(fmt::format("http to {} would send the credential in the clear; use https",
                                address.str()));
  }
  return {};
}

}  // namespace sluice::provider

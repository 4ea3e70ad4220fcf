#include "app/config_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

#include "net/ip_network.hpp"

namespace sluice::app {
namespace {

constexpr std::size_t secret_bytes_max = 65536;

/// Digits only, the whole text.
std::optional<std::int64_t> parse_count(std::string_view text) {
  std::int64_t out = 0;
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return {};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return out;
}

Result<std::string> read_secret_file(std::string_view path) {
  std::ifstream file{std::string(path), std::ios::binary};
  if (!file) {
    return fail(Errc::invalid_config, Side::gateway,
                fmt::format("the file {} can't be read", path));
  }
  std::string text(secret_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  if (text.size() > secret_bytes_max) {
    return fail(Errc::invalid_config, Side::gateway,
                fmt::format("the file {} is larger than {} bytes", path, secret_bytes_max));
  }
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto port = parse_count(text.substr(colon + 1));
  if (!port || *port > 65535) return {};
  const bool six = host.find(':') != std::string_view::npos;
  if (six != bracketed) return {};
  if (host != "localhost" && !net::IpAddress::parse(host)) return {};
  return ListenAddress{std::string(host), static_cast<std::uint16_t>(*port)};
}

std::optional<std::string> lookup(const Environment& environment, std::string_view name) {
  const auto found = std::find_if(environment.begin(), environment.end(),
                                  [&](const auto& variable) { return variable.first == name; });
  if (found == environment.end()) return {};
  return found->second;
}

Result<ResolvedSecret> resolve_secret(std::string_view text, const Environment& environment) {
  ResolvedSecret out;
  std::string value;
  if (text.starts_with("env:")) {
    out.variable = text.substr(4);
    auto found = lookup(environment, out.variable);
    if (!found || found->empty()) {
      return fail(Errc::invalid_config, Side::gateway,
                  fmt::format("the environment variable {} is {}", out.variable,
                              found ? "empty" : "not set"));
    }
    value = std::move(*found);
  } else if (text.starts_with("file:")) {
    TRY(value, read_secret_file(text.substr(5)));
    if (value.empty()) {
      return fail(Errc::invalid_config, Side::gateway,
                  fmt::format("the file {} is empty", text.substr(5)));
    }
  } else {
    out.literal = true;
    value = text;
  }
  // It ends up in a header: a line break would be a second header, and a blank is a slip of the clipboard.
  const bool plain =
      std::all_of(value.begin(), value.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!plain) {
    return fail(Errc::invalid_config, Side::gateway,
                "the secret holds blanks, line breaks or characters outside ASCII");
  }
  out.secret = Secret(std::move(value));
  return out;
}

std::string redact_url(std::string_view url) {
  const auto scheme = url.find("://");
  const auto start = scheme == std::string_view::npos ? 0 : scheme + 3;
  if (url.starts_with("sqlite:")) return std::string(url);  // a path, where an '@' means nothing
  // A password that should have been encoded may hold any of "/?#": the last '@' ends it.
  const auto at = url.rfind('@');
  std::string shown = at == std::string_view::npos || at < start
                          ? std::string(url)
                          : fmt::format("{}...{}", url.substr(0, start), url.substr(at));
  // PostgreSQL takes passwords among the options as well: password, sslpassword.
  const auto query = shown.find('?');
  if (query != std::string::npos && shown.find("pass", query) != std::string::npos) {
    shown.replace(query + 1, std::string::npos, "...");
  }
  return shown;
}

}  // namespace sluice::app

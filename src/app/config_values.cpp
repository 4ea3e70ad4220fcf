#include "app/config_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <numeric>

#include "identity/network.hpp"

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

std::optional<int> digits_at(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return {};
  const auto value = parse_count(text.substr(at, count));
  if (!value) return {};
  return static_cast<int>(*value);
}

/// RFC 3339, section 5.6. Fractions of a second are read and dropped.
std::optional<WallTime> parse_rfc3339(std::string_view text) {
  const auto year = digits_at(text, 0, 4);
  const auto month = digits_at(text, 5, 2);
  const auto day = digits_at(text, 8, 2);
  const auto hour = digits_at(text, 11, 2);
  const auto minute = digits_at(text, 14, 2);
  const auto second = digits_at(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return {};
  if (text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':') return {};
  if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return {};
  if (*hour > 23 || *minute > 59 || *second > 60) return {};
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return {};
  std::string_view zone = text.substr(19);
  if (zone.starts_with('.')) {
    const auto end = zone.find_first_not_of("0123456789", 1);
    if (end == 1 || end == std::string_view::npos) return {};
    zone.remove_prefix(end);
  }
  std::chrono::minutes offset{0};
  if (zone != "Z" && zone != "z") {
    const auto hours = digits_at(zone, 1, 2);
    const auto minutes = digits_at(zone, 4, 2);
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return {};
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return {};
    offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
    if (zone[0] == '-') offset = -offset;
  }
  return WallTime(std::chrono::sys_days(date) + std::chrono::hours(*hour) +
                  std::chrono::minutes(*minute) + std::chrono::seconds(*second) - offset);
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

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
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
  if (host != "localhost" && !identity::IpAddress::parse(host)) return {};
  return ListenAddress{std::string(host), static_cast<std::uint16_t>(*port)};
}

std::optional<std::chrono::seconds> parse_window(std::string_view text) {
  if (text.size() < 2) return {};
  const auto count = parse_count(text.substr(0, text.size() - 1));
  if (!count || *count == 0 || *count > 1'000'000) return {};
  switch (text.back()) {
    case 's': return std::chrono::seconds(*count);
    case 'm': return std::chrono::minutes(*count);
    case 'h': return std::chrono::hours(*count);
    case 'd': return std::chrono::days(*count);
  }
  return {};
}

std::optional<identity::RateLimit> parse_rate_limit(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  const auto amount = parse_count(text.substr(0, slash));
  const auto window = parse_window(text.substr(slash + 1));
  if (!amount || !window) return {};
  return identity::RateLimit{*amount, *window};
}

std::optional<NanoUsd> parse_usd(std::string_view text) {
  constexpr std::int64_t nano = 1'000'000'000;
  const auto point = text.find('.');
  const auto whole = parse_count(text.substr(0, point));
  if (!whole || *whole > std::numeric_limits<std::int64_t>::max() / nano - 1) return {};
  std::int64_t fraction = 0;
  if (point != std::string_view::npos) {
    std::string digits(text.substr(point + 1));
    if (digits.empty() || digits.size() > 9) return {};
    digits.resize(9, '0');
    const auto parsed = parse_count(digits);
    if (!parsed) return {};
    fraction = *parsed;
  }
  return NanoUsd(*whole * nano + fraction);
}

std::optional<std::string> decimal_text(double value) {
  if (!std::isfinite(value)) return {};
  std::array<char, 400> buffer;
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  if (error != std::errc()) return {};
  std::string text(buffer.data(), end);
  const auto digits =
      std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits > 15) return {};
  return text;
}

std::optional<identity::Budget> parse_budget_window(std::string_view text) {
  using Window = identity::Budget::Window;
  if (text == "day") return identity::Budget{Window::day, {}, {}};
  if (text == "week") return identity::Budget{Window::week, {}, {}};
  if (text == "month") return identity::Budget{Window::month, {}, {}};
  if (text == "total") return identity::Budget{Window::total, {}, {}};
  const auto length = parse_window(text);
  if (!length) return {};
  return identity::Budget{Window::rolling, *length, {}};
}

std::optional<identity::Expiry> parse_expiry(std::string_view text) {
  identity::Expiry out;
  if (text.empty()) return out;
  constexpr std::string_view tail = " after first use";
  if (text.ends_with(tail)) {
    const auto window = parse_window(text.substr(0, text.size() - tail.size()));
    if (!window) return {};
    out.after_first_use = *window;
    return out;
  }
  out.at = parse_rfc3339(text);
  if (!out.at) return {};
  return out;
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

std::optional<std::string> nearest(std::string_view name, std::span<const std::string> candidates) {
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best = &candidate;
      best_distance = distance;
    }
  }
  if (best != nullptr) return *best;
  // "data" for "data_dir", "timeout_ms" for "idle_timeout_ms".
  for (const std::string& candidate : candidates) {
    if (name.size() >= 3 && candidate.find(name) != std::string::npos) return candidate;
  }
  return {};
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
  const auto near = nearest(name, candidates);
  return near ? fmt::format("; did you mean \"{}\"?", *near) : std::string();
}

std::string redact_url(std::string_view url) {
  const auto scheme = url.find("://");
  const auto start = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto end = std::min(url.find_first_of("/?#", start), url.size());
  const auto at = url.substr(0, end).rfind('@');
  if (at == std::string_view::npos || at < start) return std::string(url);
  return fmt::format("{}...{}", url.substr(0, start), url.substr(at));
}

}  // namespace sluice::app

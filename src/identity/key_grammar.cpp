#include "identity/key_grammar.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace sluice::identity {
namespace {

/// Digits only, the whole text.
std::optional<std::int64_t> parse_count(std::string_view text) {
  std::int64_t out = 0;
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return {};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return out;
}

}  // namespace

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

std::optional<RateLimit> parse_rate_limit(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  const auto amount = parse_count(text.substr(0, slash));
  const auto window = parse_window(text.substr(slash + 1));
  if (!amount || !window) return {};
  return RateLimit{*amount, *window};
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

std::optional<Budget> parse_budget_window(std::string_view text) {
  using Window = Budget::Window;
  if (text == "day") return Budget{Window::day, {}, {}};
  if (text == "week") return Budget{Window::week, {}, {}};
  if (text == "month") return Budget{Window::month, {}, {}};
  if (text == "total") return Budget{Window::total, {}, {}};
  const auto length = parse_window(text);
  if (!length) return {};
  return Budget{Window::rolling, *length, {}};
}

std::optional<Expiry> parse_expiry(std::string_view text) {
  Expiry out;
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

std::string window_text(std::chrono::seconds window) {
  const auto seconds = window.count();
  if (seconds % 86400 == 0) return fmt::format("{}d", seconds / 86400);
  if (seconds % 3600 == 0) return fmt::format("{}h", seconds / 3600);
  if (seconds % 60 == 0) return fmt::format("{}m", seconds / 60);
  return fmt::format("{}s", seconds);
}

std::string rate_limit_text(const RateLimit& limit) {
  return fmt::format("{}/{}", limit.amount, window_text(limit.window));
}

std::string usd_text(NanoUsd amount) {
  constexpr std::int64_t nano = 1'000'000'000;
  std::string text = fmt::format("{}.{:09}", amount.count() / nano, amount.count() % nano);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string budget_window_text(const Budget& budget) {
  switch (budget.window) {
    case Budget::Window::rolling: return window_text(budget.length);
    case Budget::Window::day: return "day";
    case Budget::Window::week: return "week";
    case Budget::Window::month: return "month";
    case Budget::Window::total: return "total";
  }
  return {};
}

std::string rfc3339_text(WallTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string expiry_text(const Expiry& expiry) {
  if (expiry.at) return rfc3339_text(*expiry.at);
  if (expiry.after_first_use.count() == 0) return {};
  return window_text(expiry.after_first_use) + " after first use";
}

bool is_time_zone(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.find("..") == std::string_view::npos &&
         !name.starts_with('/') && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '/' || c == '_' || c == '-' || c == '+';
         });
}

}  // namespace sluice::identity

#include "routing/told_wait.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/ascii.hpp"
#include "base/timestamps.hpp"

namespace sluice::routing {
namespace {

using Wait = std::optional<Milliseconds>;
using wire::HeaderField;
using wire::ResponseHead;

/// nullopt unless it lies ahead and may be believed.
Wait wait_of(double seconds) {
  constexpr double seconds_max = std::chrono::duration<double>(told_wait_max).count();
  if (!(seconds > 0) || seconds > seconds_max) return {};
  return Milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

Wait wait_until(std::optional<WallTime> then, WallTime now) {
  if (!then || *then <= now || *then - now > told_wait_max) return {};
  return std::chrono::ceil<Milliseconds>(*then - now);
}

Wait later_of(Wait a, Wait b) {
  if (!a || !b) return a ? a : b;
  return std::max(*a, *b);
}

/// Digits and a point at the beginning of `text`, taken off it.
std::optional<double> take_number(std::string_view& text) {
  const auto size = std::min(text.find_first_not_of("0123456789."), text.size());
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + size, value);
  if (size == 0 || error != std::errc()) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<double> number(std::string_view text) {
  const auto value = take_number(text);
  return value && text.empty() ? value : std::nullopt;
}

struct Unit {
  std::string_view name;
  double seconds;
};
constexpr std::array units = {Unit{"ms", 1e-3},    Unit{"milliseconds", 1e-3},
                              Unit{"us", 1e-6},    Unit{"ns", 1e-9},
                              Unit{"s", 1},        Unit{"sec", 1},
                              Unit{"secs", 1},     Unit{"second", 1},
                              Unit{"seconds", 1},  Unit{"m", 60},
                              Unit{"min", 60},     Unit{"minute", 60},
                              Unit{"minutes", 60}, Unit{"h", 3600},
                              Unit{"hour", 3600},  Unit{"hours", 3600},
                              Unit{"d", 86400},    Unit{"day", 86400},
                              Unit{"days", 86400}};

const Unit* take_unit(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && ascii::lower(text[size]) >= 'a' && ascii::lower(text[size]) <= 'z') {
    ++size;
  }
  const auto* const unit = std::find_if(units.begin(), units.end(), [&](const Unit& each) {
    return ascii::iequal(each.name, text.substr(0, size));
  });
  if (unit == units.end()) return nullptr;
  text.remove_prefix(size);
  return unit;
}

/// Sums up what stands at the beginning of `text`, and takes it off.
std::optional<double> take_duration(std::string_view& text) {
  std::optional<double> sum;
  for (;;) {
    std::string_view rest = text;
    const auto value = take_number(rest);
    if (!value) return sum;
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    const Unit* unit = take_unit(rest);
    if (unit == nullptr) return sum;
    sum = sum.value_or(0) + *value * unit->seconds;
    text = rest;
  }
}

/// A reset field: a date, seconds or milliseconds since 1970, seconds from now, or a duration. Azure writes 0 or -1 where
/// it doesn't know.
Wait reset_wait(std::string_view text, WallTime now) {
  if (const auto value = number(text)) {
    constexpr double least_epoch_ms = 1e12;
    constexpr double least_epoch = 1e9;
    const double since_1970 = std::chrono::duration<double>(now.time_since_epoch()).count();
    if (*value >= least_epoch_ms) return wait_of(*value / 1000 - since_1970);
    if (*value >= least_epoch) return wait_of(*value - since_1970);
    return wait_of(*value);
  }
  const auto seconds = take_duration(text);
  if (seconds && text.empty()) return wait_of(*seconds);
  return wait_until(parse_rfc3339(text), now);
}

Wait retry_after(const ResponseHead& head, WallTime now) {
  if (const auto* field = head.find("retry-after-ms")) {
    const auto value = number(field->value);
    if (const Wait wait = value ? wait_of(*value / 1000) : std::nullopt) return wait;
  }
  const auto* field = head.find("retry-after");
  if (field == nullptr) return {};
  if (const auto value = number(field->value)) return wait_of(*value);
  return wait_until(parse_http_date(field->value), now);
}

bool is_used_up(const HeaderField* remaining) {
  return remaining != nullptr && number(remaining->value).value_or(1) <= 0;
}

/// "anthropic-ratelimit-input-tokens-reset" where "...-input-tokens-remaining" is 0: the latest. Of a subscription's windows
/// ("-unified-5h-reset", "-unified-reset") those whose status is "rejected".
Wait anthropic_reset(const ResponseHead& head, WallTime now) {
  constexpr std::string_view prefix = "anthropic-ratelimit";
  constexpr std::string_view ending = "-reset";
  Wait latest;
  for (const HeaderField& field : head.headers) {
    if (!ascii::istarts_with(field.name, prefix)) continue;
    if (field.name.size() < prefix.size() + ending.size()) continue;
    const auto stem = field.name.substr(0, field.name.size() - ending.size());
    if (!ascii::iequal(field.name.substr(stem.size()), ending)) continue;
    const bool rejected = ascii::iequal(head.value(std::string(stem) + "-status"), "rejected");
    if (rejected || is_used_up(head.find(std::string(stem) + "-remaining"))) {
      latest = later_of(latest, reset_wait(field.value, now));
    }
  }
  return latest;
}

/// "x-ratelimit-reset-tokens" where "x-ratelimit-remaining-tokens" is 0, or isn't told: the latest.
/// OpenAI, Azure, Groq, OpenRouter.
Wait x_ratelimit_reset(const ResponseHead& head, WallTime now) {
  constexpr std::string_view prefix = "x-ratelimit-reset";
  Wait latest;
  for (const HeaderField& field : head.headers) {
    if (!ascii::istarts_with(field.name, prefix)) continue;
    const auto* remaining =
        head.find("x-ratelimit-remaining" + std::string(field.name.substr(prefix.size())));
    if (remaining == nullptr || is_used_up(remaining)) {
      latest = later_of(latest, reset_wait(field.value, now));
    }
  }
  return latest;
}

/// "Please try again in 6.2s.", "Please retry in 34.07s.", "Please retry after 6 seconds."
Wait in_words(std::string_view message) {
  const std::string text = ascii::to_lower(message);
  for (const std::string_view words : {"try again in ", "retry in ", "retry after "}) {
    const auto at = text.find(words);
    if (at == std::string::npos) continue;
    if (const Wait wait = read_duration(std::string_view(text).substr(at + words.size()))) {
      return wait;
    }
  }
  return {};
}

bool holds(std::string_view text, std::string_view words) {
  return ascii::to_lower(text).find(words) != std::string::npos;
}

/// Where a limit of a whole day is used up, shorter hints beside it are of other limits.
Wait end_of_day(const Failure& failure, const ErrorFacts& facts, WallTime now) {
  const bool google = failure.provider == metrics::ProviderKind::gemini ||
                      failure.provider == metrics::ProviderKind::vertex;
  if (google && holds(facts.quota_id, "perday")) {
    return wait_until(next_pacific_midnight(now), now);
  }
  // "Too many tokens per day, please wait before trying again."
  if (failure.provider == metrics::ProviderKind::bedrock && holds(facts.message, "per day")) {
    return wait_until(std::chrono::floor<std::chrono::days>(now) + std::chrono::days(1), now);
  }
  return {};
}

/// Source: US Energy Policy Act of 2005: summer time from 2 a.m. on the second Sunday of March to 2 a.m. on the first of
/// November. There is no time zone database in the library that we build with.
std::chrono::hours pacific_offset(WallTime at) {
  using namespace std::chrono;
  const year_month_day date(floor<days>(at));
  const auto begin = sys_days(date.year() / March / Sunday[2]) + hours(10);
  const auto end = sys_days(date.year() / November / Sunday[1]) + hours(9);
  return at >= begin && at < end ? hours(-7) : hours(-8);
}

}  // namespace

std::optional<Milliseconds> read_duration(std::string_view text) {
  const auto seconds = take_duration(text);
  return seconds ? wait_of(*seconds) : std::nullopt;
}

WallTime next_pacific_midnight(WallTime now) {
  using namespace std::chrono;
  const auto today = floor<days>(now + pacific_offset(now));
  // The clocks change at 2 a.m.: at midnight the offset is still that of the evening before.
  const WallTime about = today + days(1) - pacific_offset(now);
  return today + days(1) - pacific_offset(about - hours(1));
}

std::optional<Milliseconds> told_wait(const Failure& failure, const ErrorFacts& facts,
                                      WallTime now) {
  const Wait of_day = end_of_day(failure, facts, now);
  Wait told;
  if (failure.head != nullptr) told = retry_after(*failure.head, now);
  if (!told && !facts.retry_delay.empty()) told = read_duration(facts.retry_delay);
  // The reset fields stand in every answer, and speak of this one only where a limit refused it.
  if (failure.status != 429) return told;
  if (failure.head != nullptr) {
    const bool rejected =
        ascii::iequal(failure.head->value("anthropic-ratelimit-unified-status"), "rejected");
    if (!told || rejected) told = later_of(told, anthropic_reset(*failure.head, now));
    if (!told) told = x_ratelimit_reset(*failure.head, now);
  }
  if (!told) told = in_words(facts.message);
  return later_of(told, of_day);
}

std::optional<Milliseconds> told_wait(const Failure& failure, WallTime now) {
  return told_wait(failure, read_error_facts(failure), now);
}

}  // namespace sluice::routing

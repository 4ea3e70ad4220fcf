#include "admin/limits_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <charconv>

#include "base/log.hpp"
#include "identity/key_grammar.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

constexpr std::size_t rate_bytes_max = 64;

void read_rate(Fields& limits, std::string_view name, std::optional<RateLimit>& out) {
  if (!limits.has(name)) {
    (void)limits.find(name);
    return;
  }
  std::string text;
  limits.text(name, text, rate_bytes_max);
  if (text.empty()) {
    out.reset();
    return;
  }
  const auto rate = identity::parse_rate_limit(text);
  if (!rate) {
    return limits.fault(name, "must be a number in a window such as \"60/1m\" (s, m, h, d)");
  }
  out = rate;
}

json::value rate_json(const std::optional<RateLimit>& rate) {
  if (!rate) return nullptr;
  return json::value(identity::rate_limit_text(*rate));
}

std::optional<NanoUsd> usd_of(const json::value& value) {
  if (const auto* integer = value.if_int64()) return identity::parse_usd(std::to_string(*integer));
  if (const auto* text = value.if_string()) return identity::parse_usd(*text);
  if (const auto* number = value.if_double()) {
    const auto text = identity::decimal_text(*number);
    return text ? identity::parse_usd(*text) : std::nullopt;
  }
  return {};
}

/// A number where it means exactly the amount.
json::value usd_json(NanoUsd amount) {
  const std::string text = identity::usd_text(amount);
  if (text.find('.') == std::string::npos) return json::value(std::stoll(text));
  double number = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), number);
  if (identity::decimal_text(number) == text) return json::value(number);
  return json::value(text);
}

bool same_window(const Budget& a, const Budget& b) {
  return a.window == b.window && a.length == b.length;
}

void read_budget(Fields& fields, std::string_view name, std::vector<Budget>& budgets) {
  const json::value& value = *fields.find(name);
  auto budget = identity::parse_budget_window(name);
  if (!budget) {
    return fields.fault(
        fmt::format("{} is no window; write day, week, month, total or one such as \"5h\"",
                    log::quoted(name.substr(0, rate_bytes_max))));
  }
  const auto old = std::find_if(budgets.begin(), budgets.end(),
                                [&](const Budget& other) { return same_window(other, *budget); });
  if (value.is_null()) {
    if (old != budgets.end()) budgets.erase(old);
    return;
  }
  const auto amount = usd_of(value);
  if (!amount) {
    return fields.fault(name,
                        "must be dollars such as 10.0, with at most 9 digits behind the point (as "
                        "a text if there are more than 15 in all)");
  }
  budget->amount = *amount;
  if (old != budgets.end()) {
    *old = *budget;
  } else {
    budgets.push_back(*budget);
  }
}

}  // namespace

void read_limits(Fields& fields, Limits& limits, Concurrency concurrency) {
  fields.object(
      "limits",
      [&](Fields& inner) {
        if (concurrency == Concurrency::here) {
          std::int64_t cap = limits.concurrency;
          inner.integer("concurrency", cap, {.fallback = 0, .min = 0, .max = count_max});
          limits.concurrency = static_cast<int>(cap);
        } else if (inner.has("concurrency")) {
          inner.fault("concurrency",
                      "is called max_concurrency here, and stands outside of limits");
        }
        read_rate(inner, "requests", limits.requests);
        read_rate(inner, "input_tokens", limits.input_tokens);
        read_rate(inner, "output_tokens", limits.output_tokens);
        read_rate(inner, "total_tokens", limits.total_tokens);
        inner.refuse_unknown();
      },
      [&] { limits = Limits(); });
}

void read_budgets(Fields& fields, std::vector<Budget>& budgets) {
  fields.object(
      "budgets",
      [&](Fields& inner) {
        inner.each_name([&](std::string_view name) { read_budget(inner, name, budgets); });
        if (budgets.size() > budgets_max) {
          inner.fault(fmt::format("must have at most {} windows", budgets_max));
        }
      },
      [&] { budgets.clear(); });
}

json::object limits_json(const Limits& limits, Concurrency concurrency) {
  json::object out;
  if (concurrency == Concurrency::here) out["concurrency"] = limits.concurrency;
  out["requests"] = rate_json(limits.requests);
  out["input_tokens"] = rate_json(limits.input_tokens);
  out["output_tokens"] = rate_json(limits.output_tokens);
  out["total_tokens"] = rate_json(limits.total_tokens);
  return out;
}

json::object budgets_json(const std::vector<Budget>& budgets) {
  json::object out;
  for (const Budget& budget : budgets) {
    out[identity::budget_window_text(budget)] = usd_json(budget.amount);
  }
  return out;
}

}  // namespace sluice::admin

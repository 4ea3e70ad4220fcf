#pragma once
/// Limits and budgets as JSON, the same of accounts, pools and keys.
///
///     {"concurrency": 10, "requests": "60/1m", "input_tokens": null, ...}
///     {"day": 10, "5h": 2.5}                        USD; a text where a number isn't exact

#include <boost/json/object.hpp>
#include <vector>

#include "admin/fields.hpp"
#include "base/limits.hpp"

namespace sluice::admin {

inline constexpr std::int64_t count_max = 1'000'000;  // of priorities, weights and caps
inline constexpr std::size_t budgets_max = 16;

enum class Concurrency : std::uint8_t {
  here,
  elsewhere,  // accounts have `max_concurrency`
};

/// Fields "limits" and "budgets". What they don't name stays; a null in them takes one out.
void read_limits(Fields& fields, Limits& limits, Concurrency concurrency);
void read_budgets(Fields& fields, std::vector<Budget>& budgets);

[[nodiscard]] boost::json::object limits_json(const Limits& limits, Concurrency concurrency);
[[nodiscard]] boost::json::object budgets_json(const std::vector<Budget>& budgets);

}  // namespace sluice::admin

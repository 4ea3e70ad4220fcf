#pragma once
/// The `usage` object of the Messages API as told, and how it becomes a `meter::Usage`.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meter/usage.hpp"

namespace sluice::dialect::anthropic {

/// Absent and null are not zero. What can't be a count is 0 and sets `impossible` of the whole.
struct TokenFigures {
  std::optional<std::int64_t> input;           // uncached input only
  std::optional<std::int64_t> cache_creation;  // all writes
  std::optional<std::int64_t> cache_read;
  std::optional<std::int64_t> write_5m;  // the split of the writes; not in message_delta
  std::optional<std::int64_t> write_1h;
  std::optional<std::int64_t> output;
};

struct IterationFigures {
  std::string type;
  std::string model;
  TokenFigures tokens;
};

struct UsageFigures {
  TokenFigures tokens;
  std::optional<std::int64_t> thinking;
  std::vector<std::pair<std::string, std::int64_t>> server_tool_calls;  // "web_search_requests": 1
  std::vector<IterationFigures> iterations;
  std::string service_tier;
  std::string inference_geo;
  std::string speed;
  bool impossible = false;
};

/// From the object as it stands in a text, without blanks around it. False: not JSON. Unknown fields are passed by.
[[nodiscard]] bool read_usage(std::string_view object, UsageFigures& out);

/// Whether the iterations are what counts: all of them tell input and output.
[[nodiscard]] bool iterations_count(const UsageFigures& figures);
[[nodiscard]] bool tells_output(const UsageFigures& figures);

/// Every figure that `figures` names replaces what `usage` holds; what it doesn't name stays.
///
/// Where iterations count, their sums are the counts, and the top level (which
/// leaves out compaction and advisors) is not. A total of cache writes without its split keeps the proportion
/// of the split known so far; with none, all of it counts as 5m.
void apply(const UsageFigures& figures, meter::Usage& usage);

}  // namespace sluice::dialect::anthropic

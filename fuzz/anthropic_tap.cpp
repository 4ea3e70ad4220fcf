#include <optional>
#include <utility>

#include "dialect/anthropic/anthropic.hpp"
#include "dialect/anthropic/stream_event.hpp"
#include "dialect/anthropic/stream_tap.hpp"
#include "fuzz.hpp"

namespace {

using namespace sluice;
using namespace sluice::dialect;

void require_possible(const meter::Usage& usage) {
  const auto& tokens = usage.tokens;
  for (const Tokens each : {tokens.input, tokens.cache_read, tokens.cache_write_5m,
                            tokens.cache_write_1h, tokens.output}) {
    fuzz::require(each.count() >= 0 && each.count() <= 2 * meter::token_count_max);
  }
  for (const auto& tool : usage.server_tool_calls) fuzz::require(tool.calls > 0);
  fuzz::require(usage.iterations.size() <= meter::iterations_max);
  fuzz::require(usage.model.size() <= meter::model_bytes_max);
}

void require_same(const StreamTap& a, const StreamTap& b) {
  fuzz::require(a.phase() == b.phase() && a.events() == b.events());
  // The LF of a CRLF that was cut may count or not; whether an event is open may not depend on it.
  fuzz::require((a.pending() == 0) == (b.pending() == 0));
  fuzz::require(a.usage() == b.usage());
  fuzz::require((a.error() == nullptr) == (b.error() == nullptr));
  fuzz::require((a.error() != nullptr) == (a.phase() == StreamPhase::failed));
  if (a.error() == nullptr) return;
  fuzz::require(a.error()->body == b.error()->body);
  fuzz::require(a.error()->http_equivalent >= 400 && a.error()->http_equivalent <= 599);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = fuzz::split(data, size);
  anthropic::AnthropicTap whole;
  whole.feed(input.bytes);
  anthropic::AnthropicTap cut;
  fuzz::in_reads(input, [&](std::string_view read) {
    cut.feed(read);
    return true;
  });
  require_same(whole, cut);
  require_possible(whole.usage());

  const anthropic::Anthropic dialect;
  if (const auto usage = dialect.usage_of_body(input.bytes)) require_possible(*usage);
  static_cast<void>(dialect.read_error(500, input.bytes));
  static_cast<void>(anthropic::parse_event(input.bytes));
  if (const auto facts = dialect.read_request(input.bytes)) {
    fuzz::require(!facts->model.empty());
    fuzz::require(facts->model_offset + facts->model_length <= input.bytes.size());
  }
  return 0;
}

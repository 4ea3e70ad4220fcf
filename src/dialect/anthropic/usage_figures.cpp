#include "dialect/anthropic/usage_figures.hpp"

#include <algorithm>
#include <string_view>

namespace sluice::dialect::anthropic {
namespace {

using meter::TokenCounts;

/// The split of `total` cache writes, from the one that `counts` holds.
void split_writes(TokenCounts& counts, std::int64_t total) {
  const std::int64_t known = counts.cache_write().count();
  if (known == total) return;
  // Rounded towards the dearer lifetime.
  const std::int64_t one_hour =
      known == 0 ? 0 : (counts.cache_write_1h.count() * total + known - 1) / known;
  counts.cache_write_1h = Tokens(one_hour);
  counts.cache_write_5m = Tokens(total - one_hour);
}

void replace(TokenCounts& counts, const TokenFigures& told) {
  if (told.input) counts.input = Tokens(*told.input);
  if (told.cache_read) counts.cache_read = Tokens(*told.cache_read);
  if (told.output) counts.output = Tokens(*told.output);
  if (told.write_5m || told.write_1h) {
    counts.cache_write_5m = Tokens(told.write_5m.value_or(0));
    counts.cache_write_1h = Tokens(told.write_1h.value_or(0));
  }
  if (told.cache_creation) split_writes(counts, *told.cache_creation);
}

void quarantine_if_impossible(Tokens& sum, bool& impossible) {
  if (sum.count() <= meter::token_count_max) return;
  sum = Tokens(0);
  impossible = true;
}

void apply_iterations(const UsageFigures& figures, meter::Usage& usage) {
  usage.iterations.clear();
  TokenCounts sum;
  for (const auto& told : figures.iterations) {
    TokenCounts counts;
    replace(counts, told.tokens);
    sum += counts;
    if (usage.iterations.size() < meter::iterations_max) {
      usage.iterations.push_back({meter::ShortText(std::string_view(told.type)),
                                  told.model.substr(0, meter::model_bytes_max), counts});
    }
  }
  for (Tokens* each :
       {&sum.input, &sum.cache_read, &sum.cache_write_5m, &sum.cache_write_1h, &sum.output}) {
    quarantine_if_impossible(*each, usage.quarantined);
  }
  usage.tokens = sum;
}

}  // namespace

bool iterations_count(const UsageFigures& figures) {
  return !figures.iterations.empty() &&
         std::ranges::all_of(figures.iterations, [](const IterationFigures& each) {
           return each.tokens.input && each.tokens.output;
         });
}

bool tells_output(const UsageFigures& figures) {
  return figures.tokens.output || iterations_count(figures);
}

void apply(const UsageFigures& figures, meter::Usage& usage) {
  if (figures.impossible) usage.quarantined = true;
  const bool by_iteration = iterations_count(figures);
  if (by_iteration) {
    apply_iterations(figures, usage);
  } else if (usage.iterations.empty()) {
    replace(usage.tokens, figures.tokens);
  }
  usage.input_told |= by_iteration || figures.tokens.input.has_value();
  usage.output_told |= tells_output(figures);
  if (figures.thinking) usage.reasoning = Tokens(*figures.thinking);
  for (const auto& [field, calls] : figures.server_tool_calls) {
    std::string_view tool = field;
    constexpr std::string_view suffix = "_requests";
    if (tool.ends_with(suffix)) tool.remove_suffix(suffix.size());
    meter::set_tool_calls(usage, tool, calls);
  }
  const auto keep = [](const std::string& told, meter::ShortText& word) {
    if (!told.empty()) word = std::string_view(told);
  };
  keep(figures.service_tier, usage.service_tier);
  keep(figures.inference_geo, usage.inference_geo);
  keep(figures.speed, usage.speed);
}

}  // namespace sluice::dialect::anthropic

#include <string_view>

#include "dialect/anthropic/json_readers.hpp"

namespace sluice::dialect::anthropic {
namespace {

namespace od = simdjson::ondemand;

/// No server has so many counters; what is beyond them is passed by.
constexpr std::size_t counters_max = 64;

struct FigureReader {
  bool& impossible;

  bool operator()(od::value value, std::optional<std::int64_t>& out) const {
    od::json_type type;
    if (value.type().get(type)) return false;
    if (type == od::json_type::null) return true;
    std::int64_t number = 0;
    if (type != od::json_type::number || value.get_int64().get(number) || number < 0 ||
        number > meter::token_count_max) {
      number = 0;
      impossible = true;
    }
    out = number;
    return true;
  }
};

void read_word(od::value value, std::string& out) {
  std::string_view text;
  if (!value.get_string().get(text)) out.assign(text);
}

/// True also for keys that aren't token figures: `known` tells.
bool read_token_figure(std::string_view key, od::value value, FigureReader read, TokenFigures& out,
                       bool& known) {
  known = true;
  if (key == "input_tokens") return read(value, out.input);
  if (key == "output_tokens") return read(value, out.output);
  if (key == "cache_read_input_tokens") return read(value, out.cache_read);
  if (key == "cache_creation_input_tokens") return read(value, out.cache_creation);
  if (key == "cache_creation") {
    return each_field(value, [&](std::string_view part, od::value figure) {
      if (part == "ephemeral_5m_input_tokens") return read(figure, out.write_5m);
      if (part == "ephemeral_1h_input_tokens") return read(figure, out.write_1h);
      return true;
    });
  }
  known = false;
  return true;
}

bool read_iterations(od::value value, FigureReader read, std::vector<IterationFigures>& out) {
  od::array array;
  if (value.get_array().get(array)) return true;
  out.clear();
  for (auto element : array) {
    od::value entry;
    if (element.get(entry)) return false;
    auto& iteration = out.emplace_back();
    const bool good = each_field(entry, [&](std::string_view key, od::value field) {
      bool known = false;
      if (!read_token_figure(key, field, read, iteration.tokens, known)) return false;
      if (key == "type") read_word(field, iteration.type);
      if (key == "model") read_word(field, iteration.model);
      return true;
    });
    if (!good) return false;
  }
  return true;
}

}  // namespace

bool read_usage(od::object object, UsageFigures& out) {
  const FigureReader read{out.impossible};
  return each_field(object, [&](std::string_view key, od::value value) {
    bool known = false;
    if (!read_token_figure(key, value, read, out.tokens, known)) return false;
    if (known) return true;
    if (key == "output_tokens_details") {
      return each_field(value, [&](std::string_view part, od::value figure) {
        return part != "thinking_tokens" || read(figure, out.thinking);
      });
    }
    if (key == "server_tool_use") {
      return each_field(value, [&](std::string_view tool, od::value figure) {
        od::json_type type;
        if (figure.type().get(type)) return false;
        // A field of another shape is not a counter, and says nothing of the figures beside it.
        if (type != od::json_type::number) return true;
        std::optional<std::int64_t> calls;
        if (!read(figure, calls)) return false;
        if (calls && out.server_tool_calls.size() < counters_max)
          out.server_tool_calls.emplace_back(tool, *calls);
        return true;
      });
    }
    if (key == "iterations") return read_iterations(value, read, out.iterations);
    if (key == "service_tier") read_word(value, out.service_tier);
    if (key == "inference_geo") read_word(value, out.inference_geo);
    if (key == "speed") read_word(value, out.speed);
    return true;
  });
}

}  // namespace sluice::dialect::anthropic

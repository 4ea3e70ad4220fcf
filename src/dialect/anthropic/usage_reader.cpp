#include <charconv>
#include <string_view>

#include "dialect/anthropic/usage_figures.hpp"
#include "wire/json_members.hpp"

namespace sluice::dialect::anthropic {
namespace {

using wire::each_member;

/// No server has so many counters; what is beyond them is passed by.
constexpr std::size_t counters_max = 64;

struct FigureReader {
  bool& impossible;

  void operator()(std::string_view raw, std::optional<std::int64_t>& out) const {
    if (raw == "null") return;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), number);
    if (error != std::errc() || end != raw.data() + raw.size() || number < 0 ||
        number > meter::token_count_max) {
      number = 0;
      impossible = true;
    }
    out = number;
  }
};

void read_word(std::string_view raw, std::string& out) {
  if (raw.starts_with('"')) out = wire::unescape_json(raw.substr(1, raw.size() - 2));
}

bool is_number(std::string_view raw) {
  return raw.starts_with('-') || (raw.front() >= '0' && raw.front() <= '9');
}

/// The members of a value; one that is no object, as the nulls of compatible servers, has none.
template <class Visit>
bool each_member_if_any(std::string_view raw, Visit visit) {
  return !raw.starts_with('{') || each_member(raw, visit);
}

/// False: not a token figure. What it holds may still be broken, which sets `good`.
bool read_token_figure(std::string_view key, std::string_view raw, FigureReader read,
                       TokenFigures& out, bool& good) {
  if (key == "input_tokens") {
    read(raw, out.input);
  } else if (key == "output_tokens") {
    read(raw, out.output);
  } else if (key == "cache_read_input_tokens") {
    read(raw, out.cache_read);
  } else if (key == "cache_creation_input_tokens") {
    read(raw, out.cache_creation);
  } else if (key == "cache_creation") {
    good = each_member_if_any(raw, [&](std::string_view part, std::string_view figure) {
      if (part == "ephemeral_5m_input_tokens") read(figure, out.write_5m);
      if (part == "ephemeral_1h_input_tokens") read(figure, out.write_1h);
      return true;
    });
  } else {
    return false;
  }
  return true;
}

bool read_iterations(std::string_view raw, FigureReader read, std::vector<IterationFigures>& out) {
  if (!raw.starts_with('[')) return true;
  out.clear();
  return wire::each_element(raw, [&](std::string_view entry) {
    auto& iteration = out.emplace_back();
    return each_member_if_any(entry, [&](std::string_view key, std::string_view value) {
      bool good = true;
      if (read_token_figure(key, value, read, iteration.tokens, good)) return good;
      if (key == "type") read_word(value, iteration.type);
      if (key == "model") read_word(value, iteration.model);
      return true;
    });
  });
}

bool read_tool_calls(std::string_view raw, FigureReader read, UsageFigures& out) {
  return each_member_if_any(raw, [&](std::string_view tool, std::string_view figure) {
    // A field of another shape is not a counter, and says nothing of the figures beside it.
    if (!is_number(figure)) return true;
    std::optional<std::int64_t> calls;
    read(figure, calls);
    if (calls && out.server_tool_calls.size() < counters_max)
      out.server_tool_calls.emplace_back(tool, *calls);
    return true;
  });
}

}  // namespace

bool read_usage(std::string_view object, UsageFigures& out) {
  const FigureReader read{out.impossible};
  return each_member(object, [&](std::string_view key, std::string_view raw) {
    bool good = true;
    if (read_token_figure(key, raw, read, out.tokens, good)) return good;
    if (key == "output_tokens_details") {
      return each_member_if_any(raw, [&](std::string_view part, std::string_view figure) {
        if (part == "thinking_tokens") read(figure, out.thinking);
        return true;
      });
    }
    if (key == "server_tool_use") return read_tool_calls(raw, read, out);
    if (key == "iterations") return read_iterations(raw, read, out.iterations);
    if (key == "service_tier") read_word(raw, out.service_tier);
    if (key == "inference_geo") read_word(raw, out.inference_geo);
    if (key == "speed") read_word(raw, out.speed);
    return true;
  });
}

}  // namespace sluice::dialect::anthropic

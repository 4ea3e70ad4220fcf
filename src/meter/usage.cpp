#include "meter/usage.hpp"

#include <algorithm>

namespace sluice::meter {

std::string_view to_string(Confidence confidence) {
  switch (confidence) {
    case Confidence::unknown: return "unknown";
    case Confidence::estimated: return "estimated";
    case Confidence::partial: return "partial";
    case Confidence::exact: return "exact";
  }
  return "unknown";
}

void TextBytes::add(std::string_view text) {
  // Lead bytes E0..EF start the three-byte sequences, where the CJK scripts live; the few others
  // there (Thai, Devanagari, dashes and quotes) cost about as many tokens. A plain loop that the
  // compiler turns into vector code.
  std::int64_t leads = 0;
  for (const char c : text) leads += static_cast<unsigned char>(c) >> 4 == 0x0E ? 1 : 0;
  const auto size = static_cast<std::int64_t>(text.size());
  cjk += 3 * leads;
  latin += size - 3 * leads;
}

Tokens estimate_tokens(std::int64_t latin_bytes, std::int64_t cjk_bytes) {
  constexpr std::int64_t bytes_max = token_count_max * 4;
  // Where a character was cut at the end of what was counted, `latin` is short of up to two bytes,
  // so it can be negative.
  const auto latin = std::clamp<std::int64_t>(latin_bytes, 0, bytes_max);
  const auto cjk = std::clamp<std::int64_t>(cjk_bytes, 0, bytes_max);
  const std::int64_t twelfths = latin * 3 + cjk * 8;  // 1/4 = 3/12 and 1/1.5 = 8/12
  return Tokens(std::min(token_count_max, (twelfths + 11) / 12));
}

void set_tool_calls(Usage& usage, std::string_view tool, std::int64_t calls) {
  const ShortText name(tool);
  auto& all = usage.server_tool_calls;
  const auto known = std::ranges::find(all, name, &ServerToolCalls::tool);
  if (calls == 0) {
    if (known != all.end()) all.erase(known);
  } else if (known != all.end()) {
    known->calls = calls;
  } else {
    all.push_back({name, calls});
  }
}

}  // namespace sluice::meter

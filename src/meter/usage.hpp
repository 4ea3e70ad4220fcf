#pragma once
/// What a model call used: one internal meaning for all dialects. The counts are disjoint, so that
/// their sum is never double counted; whoever reads a dialect's usage normalises it to this, and
/// nothing else knows the difference.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/quantity.hpp"
#include "meter/short_text.hpp"

namespace sluice::meter {

/// How much we know.
enum class Confidence : std::uint8_t {
  unknown,    // nothing was seen
  estimated,  // the provider never told; counted from the text
  partial,    // what was last told, and what was counted since
  exact,      // the final usage was seen
};
[[nodiscard]] std::string_view to_string(Confidence confidence);

/// The billed counts.
struct TokenCounts {
  Tokens input;           // neither read from nor written to a cache
  Tokens cache_read;      // prompt tokens served from the provider's cache
  Tokens cache_write_5m;  // prompt tokens written to it, by lifetime; writes of an unnamed lifetime
                          // are here
  Tokens cache_write_1h;
  Tokens output;  // all that is billed as output, reasoning included

  [[nodiscard]] constexpr Tokens cache_write() const { return cache_write_5m + cache_write_1h; }
  [[nodiscard]] constexpr Tokens input_total() const { return input + cache_read + cache_write(); }
  [[nodiscard]] constexpr Tokens total() const { return input_total() + output; }
  constexpr TokenCounts& operator+=(const TokenCounts& other) {
    input += other.input;
    cache_read += other.cache_read;
    cache_write_5m += other.cache_write_5m;
    cache_write_1h += other.cache_write_1h;
    output += other.output;
    return *this;
  }
  friend constexpr bool operator==(const TokenCounts&, const TokenCounts&) = default;
};

/// One model run of a call that made several (Anthropic: compaction, advisor, fallback).
struct Iteration {
  ShortText type;     // "message", "compaction", "advisor_message", ...
  std::string model;  // whose price holds; empty: the model of the call
  TokenCounts tokens;
  friend bool operator==(const Iteration&, const Iteration&) = default;
};

/// Calls of a tool that the provider runs and bills by the piece.
struct ServerToolCalls {
  ShortText tool;  // "web_search", "web_fetch", ...
  std::int64_t calls = 0;
  friend bool operator==(const ServerToolCalls&, const ServerToolCalls&) = default;
};

struct Usage {
  /// Where `iterations` is not empty: their sum, compaction and advisor included.
  TokenCounts tokens;

  // Parts of the above, for information and where the provider prices them apart; absent: not told.
  std::optional<Tokens> reasoning;  // of output
  std::optional<Tokens> input_image;
  std::optional<Tokens> input_audio;
  std::optional<Tokens> output_audio;
  std::optional<Tokens> output_image;

  std::vector<ServerToolCalls> server_tool_calls;  // tools that were called, no zeros
  std::vector<Iteration> iterations;               // at most `iterations_max`

  std::string model;       // what the answer named, at most `model_bytes_max`
  ShortText service_tier;  // what changes the price; empty: not told
  ShortText inference_geo;
  ShortText speed;

  Confidence confidence = Confidence::unknown;
  bool input_told =
      false;  // the provider named an input count: a 0 is its word, and not our ignorance
  bool output_told =
      false;  // and an output count, for good: what an Anthropic message_start says is provisional
  bool quarantined =
      false;  // it named a figure that can't be, which counts as 0 here; someone must look

  friend bool operator==(const Usage&, const Usage&) = default;
};

inline constexpr std::int64_t token_count_max = 100'000'000;  // of one figure; more is not believed
inline constexpr std::size_t iterations_max = 256;
inline constexpr std::size_t model_bytes_max = 256;

/// Text that was relayed, as far as an estimate needs it. The text itself is not kept.
struct TextBytes {
  std::int64_t latin = 0;
  std::int64_t cjk = 0;
  void add(std::string_view text);
  constexpr TextBytes& operator+=(TextBytes other) {
    latin += other.latin;
    cjk += other.cjk;
    return *this;
  }
  [[nodiscard]] constexpr bool empty() const { return latin + cjk == 0; }
};

/// 4 bytes a token, 1.5 for CJK; rounded up, and each figure capped at `token_count_max`.
[[nodiscard]] Tokens estimate_tokens(std::int64_t latin_bytes, std::int64_t cjk_bytes);

/// Books `calls` of `tool`, in place of what was booked for it.
void set_tool_calls(Usage& usage, std::string_view tool, std::int64_t calls);

}  // namespace sluice::meter

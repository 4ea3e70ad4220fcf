#pragma once
/// Every event that a Messages stream can hold, decoded; for translation, and as the yardstick of the tap.
/// Source: protocol of 2026-10-21, as spoken by the vendor's SDK 1.12.0 (November 2026).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "dialect/anthropic/usage_figures.hpp"
#include "dialect/dialect.hpp"

namespace sluice::dialect::anthropic {

/// First, exactly once; compatible servers send it twice.
struct MessageStart {
  std::string id;
  std::string model;
  std::optional<UsageFigures> usage;  // provisional
  std::string container;              // its id; empty: none, or not told yet
};

struct ContentBlockStart {
  std::int64_t index = 0;
  std::string block_type;  // "text", "thinking", "tool_use", ...: an open set
  std::string block;       // the content block's JSON as it came; result blocks are complete in it
};

struct TextDelta {
  std::string text;
};
struct InputJsonDelta {
  std::string partial_json;
};
struct ThinkingDelta {
  std::string thinking;
  std::optional<std::int64_t> estimated_tokens;
};
struct SignatureDelta {
  std::string signature;
};
struct CitationsDelta {
  std::string citation;  // its JSON as it came
};
struct CompactionDelta {
  std::string content;
  std::string encrypted_content;
};
struct UnknownDelta {
  std::string type;
  std::string raw;
};
using Delta = std::variant<TextDelta, InputJsonDelta, ThinkingDelta, SignatureDelta, CitationsDelta,
                           CompactionDelta, UnknownDelta>;

struct ContentBlockDelta {
  std::int64_t index = 0;
  Delta delta;
};
struct ContentBlockStop {
  std::int64_t index = 0;
};

/// Normally once, before the stop; of several the last one wins.
struct MessageDelta {
  std::optional<std::string> stop_reason;
  std::optional<std::string> stop_sequence;
  std::optional<UsageFigures> usage;  // cumulative, final
  std::string container;
};
struct MessageStop {};
struct Ping {};

/// Ends the stream.
struct ErrorEvent {
  ProviderError error;
  std::string raw;  // the document as it came
};

/// An event this list doesn't know, kept as it came.
struct Unknown {
  std::string type;
  std::string raw;
};

using StreamEvent =
    std::variant<MessageStart, ContentBlockStart, ContentBlockDelta, ContentBlockStop, MessageDelta,
                 MessageStop, Ping, ErrorEvent, Unknown>;

/// The event in `data`, the JSON of its data lines. `name`, what its `event:` line said, stands in where the JSON
/// has no type. nullopt: not a JSON object, or broken inside; logged at debug.
[[nodiscard]] std::optional<StreamEvent> parse_event(std::string_view data,
                                                     std::string_view name = {});

/// The same for one line of a stream, with or without its line end. nullopt also for lines that aren't `data:`.
[[nodiscard]] std::optional<StreamEvent> parse_sse_line(std::string_view line);

/// Takes into `usage` what the event tells: message_start fills it, message_delta replaces what it names.
/// Text after the last message_delta makes an exact usage a partial one.
void extract_usage_from_event(const StreamEvent& event, meter::Usage& usage);

}  // namespace sluice::dialect::anthropic

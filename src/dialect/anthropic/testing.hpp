#pragma once
/// What the tests of the stream readers share: one way through a stream each, and recorded streams.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/anthropic/stream_event.hpp"
#include "dialect/anthropic/stream_tap.hpp"
#include "wire/sse_parser.hpp"

namespace sluice::dialect::anthropic::testing {

/// What the slow way makes of a stream: SseParser, every event decoded.
struct FullReading {
  std::vector<StreamEvent> events;
  std::uint64_t event_count = 0;  // unreadable ones included
  meter::Usage usage;
  std::string stop_reason;
  std::string text;
  std::map<std::string, std::int64_t> counts;  // by event type, and "delta:TYPE"
};

inline std::string delta_name(const Delta& delta) {
  constexpr std::string_view names[] = {"text_delta",      "input_json_delta", "thinking_delta",
                                        "signature_delta", "citations_delta",  "compaction_delta"};
  const auto* unknown = std::get_if<UnknownDelta>(&delta);
  return unknown ? unknown->type : std::string(names[delta.index()]);
}

inline std::string event_name(const StreamEvent& event) {
  constexpr std::string_view names[] = {"message_start",
                                        "content_block_start",
                                        "content_block_delta",
                                        "content_block_stop",
                                        "message_delta",
                                        "message_stop",
                                        "ping",
                                        "error"};
  const auto* unknown = std::get_if<Unknown>(&event);
  return unknown ? unknown->type : std::string(names[event.index()]);
}

inline FullReading read_fully(std::string_view stream) {
  FullReading reading;
  wire::SseParser parser(16 * 1024 * 1024);
  EXPECT_TRUE(parser.feed(stream));
  while (const auto sse = parser.next()) {
    ++reading.event_count;
    const auto event = parse_event(sse->data, sse->event);
    if (!event) continue;
    extract_usage_from_event(*event, reading.usage);
    ++reading.counts[event_name(*event)];
    if (const auto* block = std::get_if<ContentBlockDelta>(&*event)) {
      ++reading.counts["delta:" + delta_name(block->delta)];
      if (const auto* text = std::get_if<TextDelta>(&block->delta)) reading.text += text->text;
    }
    if (const auto* delta = std::get_if<MessageDelta>(&*event); delta && delta->stop_reason) {
      reading.stop_reason = *delta->stop_reason;
    }
    reading.events.push_back(*event);
  }
  return reading;
}

inline void feed_in_pieces(StreamTap& tap, std::string_view stream, std::size_t piece) {
  for (std::size_t at = 0; at < stream.size(); at += piece) tap.feed(stream.substr(at, piece));
}

}  // namespace sluice::dialect::anthropic::testing

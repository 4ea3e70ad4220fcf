#pragma once
/// Events out of an event stream.

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "wire/sse_lines.hpp"

namespace sluice::wire {

struct SseEvent {
  std::string event = "message";
  std::string data;  // the lines of data, joined by LF
  std::string id;    // the last one that the stream named, in this event or before
  bool operator==(const SseEvent&) const = default;
};

/// Cuts a byte stream into events.
///
///     parser.feed("event: ping\ndata: {}\n\n");
///     parser.next();   // SseEvent{"ping", "{}"}
///     parser.next();   // nullopt: feed more
///
/// Input   any split of the stream, down to single bytes; LF, CR and CRLF all end a line.
/// Limit   the fields of an event have at most `event_bytes_max` bytes together, and so has a line
/// that isn't whole yet.
///         Comments and unknown fields cost no memory, whatever their length.
/// Errors  upstream_invalid (Side::provider) past the limit; feed it no more after that.
/// Source  WHATWG HTML, 9.2.6 "Interpreting an event stream". Not kept: `retry:`. An event without
/// its empty line is
///         discarded. Bytes that aren't UTF-8 are given as they came.
class SseParser {
 public:
  explicit SseParser(std::size_t event_bytes_max)
      : event_bytes_max_(event_bytes_max), lines_(event_bytes_max) {}
  [[nodiscard]] Status feed(std::string_view bytes);
  std::optional<SseEvent> next();  // the oldest event not yet taken

 private:
  struct Sink;
  void take_line(std::string_view line);
  void take_event();

  std::size_t event_bytes_max_;
  SseLines lines_;
  SseEvent event_{
      .event = {}, .data = {}, .id = {}};  // being read; an empty `event` means "message"
  bool has_data_ = false;
  bool oversized_ = false;
  std::deque<SseEvent> events_;
};

}  // namespace sluice::wire

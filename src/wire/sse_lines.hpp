#pragma once
/// Lines of an event stream for the one who only looks: no copies, and no memory for what nobody
/// wants.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::wire {

/// What to do with a line whose first bytes were shown.
enum class SseLine : std::uint8_t { want, skip };

/// Gets the lines of a stream from `SseLines`. All views are valid during the call only.
template <class Sink>
concept SseLineSink = requires(Sink sink, std::string_view view) {
  // Once for every line that isn't empty: its first 64 bytes, or the whole line if it is shorter.
  { sink.begin_line(view) } -> std::same_as<SseLine>;
  // The whole line, without its end; only after `want`.
  sink.line(view);
  // Instead of `line`, if a wanted line is longer than `line_bytes_max`: its first 64 bytes again.
  sink.oversized_line(view);
  // An empty line: what came since the last one is an event.
  sink.event_end();
};

/// Walks the lines of an event stream that is cut anywhere.
///
///     struct Tap {
///       SseLine begin_line(std::string_view prefix) {
///         return prefix.starts_with("data: {\"type\":\"message_delta\"") ? SseLine::want :
///         SseLine::skip;
///       }
///       void line(std::string_view line) { ... }
///       void oversized_line(std::string_view prefix) { ... }
///       void event_end() { ... }
///     };
///     lines.feed(bytes, tap);
///
/// Input   any split, down to single bytes; LF, CR and CRLF all end a line; one byte order mark at
/// the start is dropped. Memory  none while lines come whole or are skipped. A wanted line that is
/// cut between reads is joined in a buffer of
///         at most `line_bytes_max` bytes (a line not yet judged: 64). Buffers above 4 KiB are
///         given back at the line's end.
/// Time    each byte is searched once. `begin_line` comes when 64 bytes of the line are there, or
/// its end. Source  WHATWG HTML, 9.2.5 "Parsing an event stream".
class SseLines {
 public:
  static constexpr std::size_t prefix_bytes_max = 64;

  explicit SseLines(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  template <SseLineSink Sink>
  void feed(std::string_view bytes, Sink& sink);

  /// Bytes since the last empty line: 0 means that something may be put between two events here.
  [[nodiscard]] std::uint64_t pending_bytes() const { return pending_bytes_; }
  /// Behind a whole event, with nothing kept: whoever knows the next bytes for a whole event may pass them by.
  [[nodiscard]] bool at_boundary() const {
    return pending_bytes_ == 0 && !after_cr_ && mark_bytes_ == mark_done;
  }

 private:
  enum class Line : std::uint8_t { fresh, undecided, wanted, skipped };

  /// Drops the byte order mark; gives the part of it that came, if it turned out to be none.
  [[nodiscard]] std::string_view take_mark(std::string_view& bytes);
  /// Moves bytes of `rest` to the carry until it has the whole prefix.
  void complete_prefix(std::string_view& rest);
  void release_carry();

  template <class Sink>
  void walk(std::string_view bytes, Sink& sink);
  template <class Sink>
  void finish_line(std::string_view rest, Sink& sink);
  template <class Sink>
  void keep_unfinished(std::string_view rest, Sink& sink);

  std::size_t line_bytes_max_;
  std::uint64_t pending_bytes_ = 0;
  std::string carry_;  // of the line that was cut: undecided or wanted
  Line line_ = Line::fresh;
  bool after_cr_ = false;
  std::uint8_t mark_bytes_ = 0;  // of the byte order mark, seen so far; `mark_done` after it
  static constexpr std::uint8_t mark_done = 4;
};

}  // namespace sluice::wire

#include "wire/sse_lines_impl.hpp"

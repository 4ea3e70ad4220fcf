#pragma once
/// Follows a Messages stream as its bytes pass.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dialect/anthropic/stream_event.hpp"
#include "dialect/dialect.hpp"
#include "wire/sse_lines.hpp"

namespace sluice::dialect::anthropic {

/// Tells events by their `event:` line or, where a compatible server sends none, by how their JSON begins. Parses
/// the JSON of message_start, message_delta and error alone; of the deltas it counts the bytes of text.
///
/// Memory  no allocation for whole events but the three that are parsed; what a cut wanted line holds, see `SseLines`.
/// Limit   an event of more than `event_bytes_max` bytes is not parsed.
class AnthropicTap final : public StreamTap {
 public:
  static constexpr std::size_t event_bytes_max = 1024 * 1024;

  void feed(std::string_view bytes) override;
  [[nodiscard]] StreamPhase phase() const override { return phase_; }
  [[nodiscard]] std::size_t pending() const override { return lines_.pending_bytes(); }
  [[nodiscard]] std::uint64_t events() const override { return events_; }
  [[nodiscard]] const StreamError* error() const override { return error_.get(); }
  [[nodiscard]] std::string_view resource() const override { return container_; }
  [[nodiscard]] meter::Usage usage() const override;

  // Of SseLineSink: `lines_` calls these.
  wire::SseLine begin_line(std::string_view prefix);
  void line(std::string_view line);
  void oversized_line(std::string_view prefix);
  void event_end();

 private:
  /// What the event being read is.
  enum class Kind : std::uint8_t {
    unnamed,  // not told yet
    message_start,
    text,   // content_block_delta
    other,  // content all the same
    ping,
    message_delta,
    message_stop,
    error,
    unclear,  // only its whole JSON can tell
  };
  [[nodiscard]] static Kind kind_of(std::string_view type);
  [[nodiscard]] static Kind kind_of_json(std::string_view prefix);
  [[nodiscard]] static bool is_parsed(Kind kind);
  [[nodiscard]] static Kind kind_of(const StreamEvent& event);
  [[nodiscard]] bool take_usual_delta(std::string_view& bytes);
  void dispatch(Kind kind);
  void dispatch_parsed();
  void note_container(std::string id);

  wire::SseLines lines_{event_bytes_max};
  std::string data_;  // of an event that is to be parsed
  std::unique_ptr<StreamError> error_;
  std::string container_;
  meter::Usage usage_;
  meter::TextBytes text_;        // relayed since the output was last told for good
  meter::TextBytes event_text_;  // in the event being read
  std::uint64_t events_ = 0;
  Tokens output_base_;  // what was told then
  Kind kind_ = Kind::unnamed;
  StreamPhase phase_ = StreamPhase::preamble;
  bool has_data_ = false;
};

/// The text that a content_block_delta's data line carries, as escaped as it came: of text, thinking, tool
/// input and compaction. Empty for signatures and citations.
[[nodiscard]] std::string_view delta_text(std::string_view line);

}  // namespace sluice::dialect::anthropic

#pragma once
/// What an Anthropic-shaped provider says to one request: made up from dice, so that it can be made again.

#include <cstdint>
#include <string>
#include <vector>

#include "dice.hpp"

namespace sluice::soak {

enum class Framing : std::uint8_t { chunked, sized, until_close };

struct Answer {
  int status = 200;
  bool stream = false;
  bool encoded = false;  // gzip
  std::string fields;    // lines of the head, besides framing
  std::string body;      // what the client must get, byte for byte
  Framing framing = Framing::sized;
  std::string wire;            // all of it as it is sent
  std::size_t head_bytes = 0;  // of `wire`
  // Of a stream in plain bytes:
  std::vector<std::size_t> event_ends;  // offsets in `body`
  std::size_t output_at = 0;            // the event that is the first output ends here
  // What it bills.
  std::uint64_t input_tokens = 0;
  std::uint64_t output_tokens = 0;

  /// How many bytes of `body` are within the first `sent` bytes of `wire`.
  [[nodiscard]] std::size_t body_bytes_within(std::size_t sent) const;
  /// The last end of an event at or before `offset` of the body.
  [[nodiscard]] std::size_t event_end_before(std::size_t offset) const;

  struct Run {  // of body bytes in `wire`
    std::size_t wire_at;
    std::size_t body_at;
    std::size_t bytes;
  };
  std::vector<Run> runs;
};

struct StreamShape {
  std::uint64_t deltas = 0;
  std::size_t text_bytes_max = 0;   // of a delta
  std::size_t long_line_bytes = 0;  // one delta of that size; 0: none
  bool gzip = false;
  bool odd = true;  // with comments, unknown events, padding, other line ends
};

/// A whole stream, message_start to message_stop.
[[nodiscard]] Answer make_stream(Dice& dice, std::uint64_t id, const StreamShape& shape);
/// A message in one document, with about `text_bytes` of text.
[[nodiscard]] Answer make_document(Dice& dice, std::uint64_t id, std::size_t text_bytes);
/// An error document.
[[nodiscard]] Answer make_error(std::uint64_t id, int status, const char* type);
/// One event, as the provider itself tells of an error.
[[nodiscard]] std::string error_event(const char* type);

/// Text of every width that UTF-8 has, with the escapes that JSON wants.
void append_json_text(std::string& out, Dice& dice, std::size_t bytes);

/// Puts `body` into `wire`; chunks are of any size.
void put_on_wire(Answer& answer, Dice& dice, Framing framing);

}  // namespace sluice::soak

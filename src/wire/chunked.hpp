#pragma once
/// The chunked transfer coding, both ways. Source: RFC 9112, 7.1.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.hpp"

namespace sluice::wire {

/// Takes the chunk framing off a body. Never copies, and never looks at a byte of payload.
///
///     while (!in.empty()) {
///       TRY(auto step, decoder.step(in));
///       use(step.data);                   // a view into `in`, often empty
///       in.remove_prefix(step.consumed);
///       if (step.done) break;             // what is left of `in` belongs to the next message
///     }
///
/// Input   any split, down to single bytes.
/// Limit   a size line has at most 64 bytes, 16 significant digits and a size of 2^62.
/// Errors  invalid_request from a client, upstream_invalid from a provider; feed it no more after
/// that. Sides   from a client, extensions and trailers are refused. From a provider they are
/// skipped, after a check of
///         their bytes, up to 8 KiB a line of extensions and 8 KiB of trailers.
class ChunkedDecoder {
 public:
  struct Step {
    std::string_view data;
    std::size_t consumed = 0;
    bool done = false;
  };

  explicit ChunkedDecoder(Side from) : from_(from) {}
  [[nodiscard]] Result<Step> step(std::string_view in);
  /// Nothing of a chunk is outstanding: before a size line, or done.
  [[nodiscard]] bool at_boundary() const;
  /// Payload that the current chunk still promises: whoever limits the body refuses it before it
  /// comes.
  [[nodiscard]] std::uint64_t chunk_bytes_left() const { return state_ == State::data ? left_ : 0; }

 private:
  enum class State : std::uint8_t {
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    final_lf,
    done,
  };
  /// A plain size line, or the end of a chunk, that is here as a whole: what a stream consists of. 0: byte by byte.
  [[nodiscard]] std::size_t take_usual(std::string_view in);
  [[nodiscard]] Status take(char c);
  [[nodiscard]] Status take_size(char c);
  [[nodiscard]] std::unexpected<Error> refuse(const char* rule) const;

  Side from_;
  State state_ = State::size;
  std::uint16_t line_bytes_ = 0;  // of the size line or of all trailers
  std::uint64_t left_ = 0;        // size being read, then payload still to come
};

/// What `append_chunk_head` writes at most: 16 digits and CRLF.
inline constexpr std::size_t chunk_head_bytes_max = 18;
/// The end of a chunk's payload, and the end of a body after the last chunk.
inline constexpr std::string_view chunk_tail = "\r\n";
inline constexpr std::string_view chunked_end = "0\r\n\r\n";

/// Writes "1f\r\n" for 31; gives the number of bytes written. `n` 0 would end the body: send no
/// empty chunks.
std::size_t append_chunk_head(char* out, std::size_t n);

}  // namespace sluice::wire

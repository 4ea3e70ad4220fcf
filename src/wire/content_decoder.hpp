#pragma once
/// Content codings of HTTP bodies, taken off for the one who only reads: gzip, deflate, br, zstd.
/// Source: RFC 9110, 8.4.1; RFC 1950 to 1952, 7932, 8878 and 9659.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>

#include "base/error.hpp"

namespace sluice::wire {

/// Decompresses a body as it comes. What the sender flushed comes out with the call that brought
/// it.
///
///     TRY(auto decoder, ContentDecoder::make(content_encoding));
///     if (!decoder) return use(bytes);                                // there is no coding
///     CHECK_OK(decoder->decode(bytes, [&](std::string_view piece) { use(piece); }));
///
/// Input   any split, down to single bytes; gzip members and zstd frames may follow one another;
///         `deflate` with the zlib wrapper or without it.
/// Output  pieces of at most `piece_bytes_max` bytes, valid during the call of the sink only.
/// Memory  a window of at most 32 KiB (gzip, deflate), 16 MiB (br), 8 MiB (zstd; RFC 9659), which
///         grows with the data where the library can do so.
/// Errors  upstream_invalid for corrupt data or past a limit, once: after that `decode` does
///         nothing, and succeeds. What came before the corruption was given.
class ContentDecoder {
 public:
  struct Limits {
    std::uint64_t output_bytes_max = std::uint64_t{64} << 20;
    std::uint64_t ratio_max = 200;  // of all output to all input, judged past `unjudged_bytes`
    std::uint64_t unjudged_bytes = std::uint64_t{1} << 20;
  };
  static constexpr std::size_t piece_bytes_max = std::size_t{16} << 10;

  /// For the value of a `content-encoding` header. nullptr: identity, there is nothing to decode.
  /// The only error is upstream_invalid for a coding that we don't know, or several at once.
  [[nodiscard]] static Result<std::unique_ptr<ContentDecoder>> make(
      std::string_view content_encoding, Limits limits);
  [[nodiscard]] static Result<std::unique_ptr<ContentDecoder>> make(
      std::string_view content_encoding) {
    return make(content_encoding, Limits{});
  }

  ~ContentDecoder();
  ContentDecoder(const ContentDecoder&) = delete;
  ContentDecoder& operator=(const ContentDecoder&) = delete;

  /// Calls `sink(std::string_view)` for each piece. The sink must not throw.
  template <class Sink>
  [[nodiscard]] Status decode(std::string_view in, Sink&& sink) {
    using Plain = std::remove_reference_t<Sink>;
    return run(in, const_cast<void*>(static_cast<const void*>(&sink)),
               [](void* to, std::string_view piece) { (*static_cast<Plain*>(to))(piece); });
  }

  /// The body may end here: nothing came yet, or what came is whole and sound.
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] bool failed() const { return codec_ == nullptr; }
  [[nodiscard]] std::uint64_t output_bytes() const { return output_bytes_; }

  class Codec;  // one per coding, in the .cpp

 private:
  using Give = void (*)(void* to, std::string_view piece);

  ContentDecoder(std::unique_ptr<Codec> codec, Limits limits);
  [[nodiscard]] Status run(std::string_view in, void* to, Give give);
  [[nodiscard]] std::unexpected<Error> give_up(const char* why);

  std::unique_ptr<Codec> codec_;  // null after a failure
  bool complete_ = true;
  Limits limits_;
  std::uint64_t input_bytes_ = 0;
  std::uint64_t output_bytes_ = 0;
};

}  // namespace sluice::wire

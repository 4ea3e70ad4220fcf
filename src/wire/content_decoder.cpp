#include "wire/content_decoder.hpp"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <span>

#include "base/ascii.hpp"

namespace sluice::wire {

/// One coding. Takes from the front of `in` and writes to `out` until one of them is used up.
class ContentDecoder::Codec {
 public:
  enum class State : std::uint8_t {
    within,    // the data goes on
    complete,  // the body may end here
    corrupt,   // it is over
  };
  struct Step {
    std::size_t produced = 0;
    State state = State::within;
  };
  virtual ~Codec() = default;
  [[nodiscard]] virtual Step step(std::string_view& in, std::span<char> out) = 0;
};

namespace {

using Codec = ContentDecoder::Codec;
using State = Codec::State;

class ZlibCodec final : public Codec {
 public:
  enum class Wrapper : std::uint8_t { gzip, deflate };
  explicit ZlibCodec(Wrapper wrapper) : wrapper_(wrapper) {}
  ~ZlibCodec() override { inflateEnd(&stream_); }
  ZlibCodec(const ZlibCodec&) = delete;
  ZlibCodec& operator=(const ZlibCodec&) = delete;

  Step step(std::string_view& in, std::span<char> out) override {
    if (!started_) start(in.front());
    if (ended_) {
      // One member was whole: another one may follow, for gzip (RFC 1952, 2.2).
      if (wrapper_ != Wrapper::gzip || inflateReset(&stream_) != Z_OK) return {0, State::corrupt};
      ended_ = false;
    }
    const auto offered =
        static_cast<uInt>(std::min<std::size_t>(in.size(), std::numeric_limits<uInt>::max()));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = offered;
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int result = inflate(&stream_, Z_SYNC_FLUSH);
    in.remove_prefix(offered - stream_.avail_in);
    const std::size_t produced = out.size() - stream_.avail_out;
    // Z_BUF_ERROR says that nothing could be done, which is for the next input to change.
    if (result == Z_OK || result == Z_BUF_ERROR) return {produced, State::within};
    if (result != Z_STREAM_END) return {produced, State::corrupt};
    ended_ = true;
    return {produced, State::complete};
  }

 private:
  /// "deflate" is meant to have the zlib wrapper, and some senders leave it out. The low half of
  /// its first byte is 8. A bare stream can't begin so: that would be a stored block with padding
  /// bits set, which no compressor writes.
  void start(char first) {
    const bool wrapped = (static_cast<unsigned char>(first) & 0x8f) == 0x08;
    const int window_bits = wrapper_ == Wrapper::gzip ? 16 + MAX_WBITS
                            : wrapped                 ? MAX_WBITS
                                                      : -MAX_WBITS;
    if (inflateInit2(&stream_, window_bits) != Z_OK) throw std::bad_alloc();
    started_ = true;
  }

  z_stream stream_{};
  Wrapper wrapper_;
  bool started_ = false;
  bool ended_ = false;
};

class BrotliCodec final : public Codec {
 public:
  BrotliCodec() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (!state_) throw std::bad_alloc();
  }

  Step step(std::string_view& in, std::span<char> out) override {
    if (BrotliDecoderIsFinished(state_.get())) return {0, State::corrupt};  // bytes after the end
    std::size_t in_left = in.size();
    auto next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    std::size_t out_left = out.size();
    auto next_out = reinterpret_cast<std::uint8_t*>(out.data());
    const auto result = BrotliDecoderDecompressStream(state_.get(), &in_left, &next_in, &out_left,
                                                      &next_out, nullptr);
    in.remove_prefix(in.size() - in_left);
    const std::size_t produced = out.size() - out_left;
    switch (result) {
      case BROTLI_DECODER_RESULT_SUCCESS: return {produced, State::complete};
      case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
      case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: return {produced, State::within};
      case BROTLI_DECODER_RESULT_ERROR: break;
    }
    return {produced, State::corrupt};
  }

 private:
  struct Free {
    void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
  };
  std::unique_ptr<BrotliDecoderState, Free> state_;
};

class ZstdCodec final : public Codec {
 public:
  ZstdCodec() : stream_(ZSTD_createDStream()) {
    if (!stream_) throw std::bad_alloc();
    // RFC 9659: a window of more than 8 MiB is not for HTTP. The library would allow 128.
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, 23);
  }

  Step step(std::string_view& in, std::span<char> out) override {
    if (frame_starts_ && !starts_frame(in.front())) return {0, State::corrupt};
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    const std::size_t result = ZSTD_decompressStream(stream_.get(), &to, &from);
    in.remove_prefix(from.pos);
    if (ZSTD_isError(result)) return {to.pos, State::corrupt};
    frame_starts_ = result == 0;
    return {to.pos, frame_starts_ ? State::complete : State::within};
  }

 private:
  /// A frame, or one to skip (RFC 8878, 3.1). Libraries also read what zstd wrote before it was a
  /// standard, by older code that nothing on HTTP asks for; those begin with 0x1e to 0x27.
  static bool starts_frame(char first) { return first == 0x28 || (first & 0xf0) == 0x50; }

  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  std::unique_ptr<ZSTD_DStream, Free> stream_;
  bool frame_starts_ = true;
};

std::unique_ptr<Codec> make_codec(std::string_view name) {
  if (ascii::iequal(name, "gzip") || ascii::iequal(name, "x-gzip")) {
    return std::make_unique<ZlibCodec>(ZlibCodec::Wrapper::gzip);
  }
  if (ascii::iequal(name, "deflate")) {
    return std::make_unique<ZlibCodec>(ZlibCodec::Wrapper::deflate);
  }
  if (ascii::iequal(name, "br")) return std::make_unique<BrotliCodec>();
  if (ascii::iequal(name, "zstd")) return std::make_unique<ZstdCodec>();
  return nullptr;
}

}  // namespace

Result<std::unique_ptr<ContentDecoder>> ContentDecoder::make(std::string_view content_encoding,
                                                             Limits limits) {
  std::string_view name;
  int codings = 0;
  ascii::for_each_element(content_encoding, [&](std::string_view element) {
    if (element.empty() || ascii::iequal(element, "identity")) return;
    name = element;
    ++codings;
  });
  if (codings == 0) return nullptr;
  auto codec = codings == 1 ? make_codec(name) : nullptr;
  if (!codec) {
    return fail(Errc::upstream_invalid, Side::provider, "the content coding is not one we decode");
  }
  return std::unique_ptr<ContentDecoder>(new ContentDecoder(std::move(codec), limits));
}

ContentDecoder::ContentDecoder(std::unique_ptr<Codec> codec, Limits limits)
    : codec_(std::move(codec)), limits_(limits) {}

ContentDecoder::~ContentDecoder() = default;

std::unexpected<Error> ContentDecoder::give_up(const char* why) {
  codec_.reset();
  complete_ = false;
  return fail(Errc::upstream_invalid, Side::provider, why);
}

Status ContentDecoder::run(std::string_view in, void* to, Give give) {
  std::array<char, piece_bytes_max> out;
  bool more = false;  // `out` was too small for what the codec holds
  while (codec_ && (more || !in.empty())) {
    const std::size_t before = in.size();
    const auto [produced, state] = codec_->step(in, out);
    input_bytes_ += before - in.size();

    const auto allowed = static_cast<std::size_t>(
        std::min<std::uint64_t>(produced, limits_.output_bytes_max - output_bytes_));
    output_bytes_ += allowed;
    if (allowed > 0) give(to, {out.data(), allowed});

    if (state == State::corrupt) return give_up("the compressed body is corrupt");
    if (produced > allowed) return give_up("the compressed body holds too much");
    if (output_bytes_ > limits_.unjudged_bytes &&
        output_bytes_ / limits_.ratio_max > input_bytes_) {
      return give_up("the compressed body holds too much for its size");
    }
    if (produced == 0 && in.size() == before) return give_up("the compressed body is stuck");
    complete_ = state == State::complete;
    more = state == State::within && produced == out.size();
  }
  return {};
}

}  // namespace sluice::wire

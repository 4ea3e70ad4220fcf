#include "sim/content_encoder.hpp"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <new>

namespace sluice::sim {
namespace {

using Buffer = std::array<char, 4096>;

class Gzip final : public ContentEncoder {
 public:
  Gzip() {
    constexpr int gzip_window = 15 + 16;
    if (deflateInit2(&state_, 1, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() override { deflateEnd(&state_); }

  void encode(std::string_view bytes, bool last, std::string& out) override {
    Buffer buffer;
    state_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    state_.avail_in = static_cast<uInt>(bytes.size());
    do {
      state_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      state_.avail_out = buffer.size();
      deflate(&state_, last ? Z_FINISH : Z_SYNC_FLUSH);
      out.append(buffer.data(), buffer.size() - state_.avail_out);
    } while (state_.avail_out == 0);
  }

 private:
  z_stream state_{};
};

class Brotli final : public ContentEncoder {
 public:
  Brotli() : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (!state_) throw std::bad_alloc();
    BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_QUALITY, 1);
  }
  void encode(std::string_view bytes, bool last, std::string& out) override {
    const auto* in = reinterpret_cast<const std::uint8_t*>(bytes.data());
    std::size_t in_left = bytes.size();
    const BrotliEncoderOperation operation =
        last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_FLUSH;
    do {
      Buffer buffer;
      auto* to = reinterpret_cast<std::uint8_t*>(buffer.data());
      std::size_t room = buffer.size();
      BrotliEncoderCompressStream(state_.get(), operation, &in_left, &in, &room, &to, nullptr);
      out.append(buffer.data(), buffer.size() - room);
    } while (in_left > 0 || BrotliEncoderHasMoreOutput(state_.get()) == BROTLI_TRUE);
  }

 private:
  struct Free {
    void operator()(BrotliEncoderState* state) const { BrotliEncoderDestroyInstance(state); }
  };
  std::unique_ptr<BrotliEncoderState, Free> state_;
};

class Zstd final : public ContentEncoder {
 public:
  Zstd() : state_(ZSTD_createCCtx()) {
    if (!state_) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(state_.get(), ZSTD_c_compressionLevel, 1);
  }
  void encode(std::string_view bytes, bool last, std::string& out) override {
    ZSTD_inBuffer in{.src = bytes.data(), .size = bytes.size(), .pos = 0};
    std::size_t left = 0;
    do {
      Buffer buffer;
      ZSTD_outBuffer to{.dst = buffer.data(), .size = buffer.size(), .pos = 0};
      left = ZSTD_compressStream2(state_.get(), &to, &in, last ? ZSTD_e_end : ZSTD_e_flush);
      if (ZSTD_isError(left) != 0) throw std::bad_alloc();
      out.append(buffer.data(), to.pos);
    } while (left > 0);
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* state) const { ZSTD_freeCCtx(state); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> state_;
};

}  // namespace

std::unique_ptr<ContentEncoder> ContentEncoder::make(Coding coding) {
  switch (coding) {
    case Coding::none: return nullptr;
    case Coding::gzip: return std::make_unique<Gzip>();
    case Coding::br: return std::make_unique<Brotli>();
    case Coding::zstd: return std::make_unique<Zstd>();
  }
  return nullptr;
}

std::string_view to_string(Coding coding) {
  switch (coding) {
    case Coding::none: return "";
    case Coding::gzip: return "gzip";
    case Coding::br: return "br";
    case Coding::zstd: return "zstd";
  }
  return "";
}

}  // namespace sluice::sim

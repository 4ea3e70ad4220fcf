#include "wire/content_decoder.hpp"

#include <brotli/encode.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::wire {
namespace {

// Writers of each coding, as providers write them: `flush` brings out all that was given so far.

class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual std::string flush(std::string_view text) = 0;
  virtual std::string finish(std::string_view text) = 0;
};

class ZlibEncoder final : public Encoder {
 public:
  explicit ZlibEncoder(int window_bits) {
    EXPECT_EQ(deflateInit2(&stream_, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  }
  ~ZlibEncoder() override { deflateEnd(&stream_); }
  std::string flush(std::string_view text) override { return write(text, Z_SYNC_FLUSH); }
  std::string finish(std::string_view text) override { return write(text, Z_FINISH); }

 private:
  std::string write(std::string_view text, int how) {
    std::string out;
    char buffer[4096];
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer);
      stream_.avail_out = sizeof buffer;
      deflate(&stream_, how);
      out.append(buffer, sizeof buffer - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }
  z_stream stream_{};
};

class BrotliEncoder final : public Encoder {
 public:
  BrotliEncoder() { BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_QUALITY, 5); }
  std::string flush(std::string_view text) override { return write(text, BROTLI_OPERATION_FLUSH); }
  std::string finish(std::string_view text) override {
    return write(text, BROTLI_OPERATION_FINISH);
  }

 private:
  std::string write(std::string_view text, BrotliEncoderOperation how) {
    std::string out;
    std::uint8_t buffer[4096];
    std::size_t in_left = text.size();
    auto in = reinterpret_cast<const std::uint8_t*>(text.data());
    do {
      std::size_t out_left = sizeof buffer;
      std::uint8_t* next = buffer;
      EXPECT_TRUE(
          BrotliEncoderCompressStream(state_.get(), how, &in_left, &in, &out_left, &next, nullptr));
      out.append(reinterpret_cast<char*>(buffer), sizeof buffer - out_left);
    } while (in_left > 0 || BrotliEncoderHasMoreOutput(state_.get()));
    return out;
  }
  struct Free {
    void operator()(BrotliEncoderState* state) const { BrotliEncoderDestroyInstance(state); }
  };
  std::unique_ptr<BrotliEncoderState, Free> state_{
      BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)};
};

class ZstdEncoder final : public Encoder {
 public:
  explicit ZstdEncoder(int window_log = 0) {
    ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_windowLog, window_log);
  }
  std::string flush(std::string_view text) override { return write(text, ZSTD_e_flush); }
  std::string finish(std::string_view text) override { return write(text, ZSTD_e_end); }

 private:
  std::string write(std::string_view text, ZSTD_EndDirective how) {
    std::string out;
    char buffer[4096];
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    std::size_t left = 0;
    do {
      ZSTD_outBuffer to{buffer, sizeof buffer, 0};
      left = ZSTD_compressStream2(stream_.get(), &to, &in, how);
      EXPECT_FALSE(ZSTD_isError(left));
      out.append(buffer, to.pos);
    } while (left > 0);
    return out;
  }
  struct Free {
    void operator()(ZSTD_CCtx* stream) const { ZSTD_freeCCtx(stream); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> stream_{ZSTD_createCCtx()};
};

// What is read back.

struct Read {
  std::string text;
  std::size_t longest_piece = 0;
  std::vector<Error> errors;
};

std::unique_ptr<ContentDecoder> decoder_for(std::string_view coding,
                                            ContentDecoder::Limits limits = {}) {
  auto made = ContentDecoder::make(coding, limits);
  EXPECT_TRUE(made) << coding;
  return std::move(*made);
}

void feed(ContentDecoder& decoder, std::string_view bytes, Read& read) {
  auto status = decoder.decode(bytes, [&](std::string_view piece) {
    read.text += piece;
    read.longest_piece = std::max(read.longest_piece, piece.size());
  });
  if (!status) read.errors.push_back(status.error());
}

/// JSON lines that look like a chat stream and aren't too easy to compress.
std::string sample_text(std::size_t bytes) {
  std::string out;
  std::uint64_t state = 42;
  while (out.size() < bytes) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    out +=
        "data: {\"type\":\"content_block_delta\",\"text\":\"" + std::to_string(state) + "\"}\n\n";
  }
  out.resize(bytes);
  return out;
}

struct Coding {
  const char* title;
  const char* name;
  std::unique_ptr<Encoder> (*encoder)();
};

class EachCoding : public ::testing::TestWithParam<Coding> {
 protected:
  std::string encode(std::string_view text) const { return GetParam().encoder()->finish(text); }
};

INSTANTIATE_TEST_SUITE_P(
    ContentDecoder, EachCoding,
    ::testing::Values(
        Coding{"gzip", "gzip",
               [] { return std::unique_ptr<Encoder>(std::make_unique<ZlibEncoder>(31)); }},
        Coding{"x_gzip", "X-GZip",
               [] { return std::unique_ptr<Encoder>(std::make_unique<ZlibEncoder>(31)); }},
        Coding{"deflate_with_wrapper", "deflate",
               [] { return std::unique_ptr<Encoder>(std::make_unique<ZlibEncoder>(15)); }},
        Coding{"deflate_small_window", "deflate",
               [] { return std::unique_ptr<Encoder>(std::make_unique<ZlibEncoder>(9)); }},
        Coding{"deflate_bare", "deflate",
               [] { return std::unique_ptr<Encoder>(std::make_unique<ZlibEncoder>(-15)); }},
        Coding{"br", "br",
               [] { return std::unique_ptr<Encoder>(std::make_unique<BrotliEncoder>()); }},
        Coding{"zstd", "zstd",
               [] { return std::unique_ptr<Encoder>(std::make_unique<ZstdEncoder>()); }}),
    [](const auto& one) { return std::string(one.param.title); });

TEST_P(EachCoding, GivesBackWhatWasWrittenInPiecesOfBoundedSize) {
  for (const std::size_t size : {0U, 1U, 100U, 16384U, 300'000U}) {
    const std::string text = sample_text(size);
    const auto decoder = decoder_for(GetParam().name);
    Read read;

    feed(*decoder, encode(text), read);

    EXPECT_EQ(read.text, text);
    EXPECT_LE(read.longest_piece, ContentDecoder::piece_bytes_max);
    EXPECT_TRUE(read.errors.empty());
    EXPECT_TRUE(decoder->complete());
    EXPECT_EQ(decoder->output_bytes(), size);
  }
}

TEST_P(EachCoding, GivesTheSameHoweverTheBodyIsCut) {
  const std::string text = sample_text(2000);
  const std::string body = encode(text);
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    const auto decoder = decoder_for(GetParam().name);
    Read read;
    feed(*decoder, std::string_view(body).substr(0, cut), read);
    feed(*decoder, std::string_view(body).substr(cut), read);
    ASSERT_EQ(read.text, text) << "cut after byte " << cut;
    ASSERT_TRUE(decoder->complete());
  }
  const auto decoder = decoder_for(GetParam().name);
  Read read;
  for (const char c : body) feed(*decoder, {&c, 1}, read);
  EXPECT_EQ(read.text, text);
  EXPECT_TRUE(decoder->complete());
}

TEST_P(EachCoding, ShowsEveryFlushedEventAtOnce) {
  const auto encoder = GetParam().encoder();
  const auto decoder = decoder_for(GetParam().name);
  for (int i = 0; i < 200; ++i) {
    // Lengths around the size of a piece, too: a full piece must not hold back the rest.
    const std::string event = sample_text(i % 50 == 49 ? 16384 + static_cast<std::size_t>(i) - 100
                                                       : static_cast<std::size_t>(30 + i));
    Read read;
    feed(*decoder, encoder->flush(event), read);
    ASSERT_EQ(read.text, event) << "event " << i;
    ASSERT_TRUE(read.errors.empty());
    ASSERT_FALSE(decoder->complete());
  }
  Read read;
  feed(*decoder, encoder->finish(""), read);
  EXPECT_EQ(read.text, "");
  EXPECT_TRUE(decoder->complete());
}

TEST_P(EachCoding, IsNotCompleteWhereTheBodyWasCutOff) {
  const std::string text = sample_text(500);
  const std::string body = encode(text);
  for (std::size_t length = 1; length < body.size(); ++length) {
    const auto decoder = decoder_for(GetParam().name);
    Read read;
    feed(*decoder, std::string_view(body).substr(0, length), read);
    ASSERT_TRUE(read.errors.empty()) << length;
    ASSERT_FALSE(decoder->complete()) << length;
    ASSERT_TRUE(text.starts_with(read.text)) << length;
  }
}

TEST_P(EachCoding, IsCompleteBeforeAnythingCame) {
  const auto decoder = decoder_for(GetParam().name);
  Read read;
  feed(*decoder, "", read);
  EXPECT_TRUE(decoder->complete());
  EXPECT_TRUE(read.errors.empty());
}

TEST_P(EachCoding, TellsOfCorruptDataOnceAndThenDoesNothing) {
  const std::string text = sample_text(20'000);
  const std::string body = encode(text);
  int told = 0;
  for (std::size_t at = 0; at < body.size(); at += 7) {
    std::string broken = body;
    broken[at] = static_cast<char>(broken[at] ^ 0x55);
    const auto decoder = decoder_for(GetParam().name);
    Read read;
    for (std::size_t i = 0; i < broken.size(); i += 100) {
      feed(*decoder, std::string_view(broken).substr(i, 100), read);
      if (decoder->failed()) {
        ASSERT_EQ(read.errors.size(), 1U);
        ASSERT_EQ(read.errors[0].code, Errc::upstream_invalid);
        ASSERT_EQ(read.errors[0].side, Side::provider);
        ASSERT_FALSE(decoder->complete());
      }
    }
    ASSERT_LE(read.errors.size(), 1U);
    told += static_cast<int>(read.errors.size());

    const std::string before = read.text;
    if (decoder->failed()) feed(*decoder, body, read);
    ASSERT_TRUE(!decoder->failed() || read.text == before);
  }
  EXPECT_GT(told, 0);
}

TEST_P(EachCoding, RefusesBytesThatAreNotOfThisCoding) {
  const auto decoder = decoder_for(GetParam().name);
  Read read;
  feed(*decoder, std::string(64, '\xff'), read);
  EXPECT_EQ(read.errors.size(), 1U);
}

TEST_P(EachCoding, StopsExactlyAtTheOutputLimit) {
  const std::string text = sample_text(100'000);
  const std::string body = encode(text);
  for (const std::uint64_t limit : {0U, 1U, 16384U, 50'000U, 99'999U}) {
    const auto decoder = decoder_for(GetParam().name, {.output_bytes_max = limit});
    Read read;
    for (std::size_t i = 0; i < body.size(); i += 1000) {
      feed(*decoder, std::string_view(body).substr(i, 1000), read);
    }
    EXPECT_EQ(read.errors.size(), 1U);
    EXPECT_EQ(read.text, text.substr(0, limit));
  }
  const auto decoder = decoder_for(GetParam().name, {.output_bytes_max = text.size()});
  Read read;
  feed(*decoder, body, read);
  EXPECT_TRUE(read.errors.empty());
  EXPECT_TRUE(decoder->complete());
}

TEST_P(EachCoding, StopsABodyThatGrowsBeyondReason) {
  // 64 MiB of one letter, given whole: what is decoded before the end is told is the bound.
  const auto encoder = GetParam().encoder();
  const std::string mebibyte(std::size_t{1} << 20, 'a');
  std::string bomb;
  for (int i = 0; i < 64; ++i) {
    bomb += i == 63 ? encoder->finish(mebibyte) : encoder->flush(mebibyte);
  }
  const ContentDecoder::Limits limits;
  const auto decoder = decoder_for(GetParam().name);
  Read read;

  feed(*decoder, bomb, read);

  ASSERT_EQ(read.errors.size(), 1U);
  EXPECT_TRUE(decoder->failed());
  EXPECT_LE(decoder->output_bytes(),
            std::max(limits.unjudged_bytes, bomb.size() * 200) + ContentDecoder::piece_bytes_max);
  EXPECT_LE(read.text.size(), std::size_t{16} << 20);
}

TEST(ContentDecoder, SpendsOnATenMebibyteBombWhatTheOutputLimitAllows) {
  // Ten thousand members of 1 MiB each: the ratio of 1000 to 1 is allowed here, the sum is not.
  const std::string member = ZlibEncoder(31).finish(std::string(std::size_t{1} << 20, 'a'));
  const auto decoder = decoder_for("gzip", {.output_bytes_max = 4 << 20, .ratio_max = 2000});
  std::uint64_t given = 0;
  std::uint64_t fed = 0;
  int errors = 0;
  for (; fed < 10 << 20; fed += member.size()) {
    const auto status = decoder->decode(member, [&](std::string_view p) { given += p.size(); });
    errors += status ? 0 : 1;
  }
  EXPECT_EQ(errors, 1);
  EXPECT_EQ(given, std::uint64_t{4} << 20);
}

TEST(ContentDecoder, ReadsGzipMembersOneAfterTheOther) {
  const std::string first = sample_text(700);
  const std::string second = sample_text(300);
  const std::string body =
      ZlibEncoder(31).finish(first) + ZlibEncoder(31).finish("") + ZlibEncoder(31).finish(second);
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    const auto decoder = decoder_for("gzip");
    Read read;
    feed(*decoder, std::string_view(body).substr(0, cut), read);
    feed(*decoder, std::string_view(body).substr(cut), read);
    ASSERT_EQ(read.text, first + second) << "cut after byte " << cut;
    ASSERT_TRUE(decoder->complete());
  }
}

TEST(ContentDecoder, ReadsZstdFramesOneAfterTheOther) {
  const std::string text = sample_text(700);
  const std::string skippable("\x50\x2a\x4d\x18\x03\x00\x00\x00xyz", 11);
  const auto decoder = decoder_for("zstd");
  Read read;
  feed(*decoder, ZstdEncoder().finish(text) + skippable + ZstdEncoder().finish(text), read);
  EXPECT_EQ(read.text, text + text);
  EXPECT_TRUE(decoder->complete());
}

TEST(ContentDecoder, RefusesBytesAfterTheEnd) {
  const std::string text = sample_text(700);
  const std::pair<const char*, std::string> bodies[] = {
      {"gzip", ZlibEncoder(31).finish(text)},
      {"deflate", ZlibEncoder(15).finish(text)},
      {"br", BrotliEncoder().finish(text)},
      {"zstd", ZstdEncoder().finish(text)},
  };
  for (const auto& [name, body] : bodies) {
    const auto decoder = decoder_for(name);
    Read read;
    feed(*decoder, body, read);
    feed(*decoder, "what is this, and why is it here?", read);
    EXPECT_EQ(read.errors.size(), 1U) << name;
    EXPECT_EQ(read.text, text) << name;
    EXPECT_FALSE(decoder->complete()) << name;
  }
}

TEST(ContentDecoder, RefusesAZstdWindowThatIsNotForHttp) {
  const std::string text = sample_text(10'000);
  Read allowed;
  feed(*decoder_for("zstd"), ZstdEncoder(23).flush(text), allowed);
  EXPECT_EQ(allowed.text, text);
  Read refused;
  feed(*decoder_for("zstd"), ZstdEncoder(24).flush(text), refused);
  EXPECT_EQ(refused.errors.size(), 1U);
}

TEST(ContentDecoder, RefusesWhatZstdWroteBeforeItWasAStandard) {
  const std::string frame = ZstdEncoder().finish("text");
  for (const char version : {'\x1e', '\x22', '\x23', '\x24', '\x25', '\x26', '\x27'}) {
    const std::string old = version + frame.substr(1);
    Read first;
    feed(*decoder_for("zstd"), old.substr(0, 1), first);
    EXPECT_EQ(first.errors.size(), 1U);
    Read second;
    feed(*decoder_for("zstd"), frame + old, second);
    EXPECT_EQ(second.text, "text");
    EXPECT_EQ(second.errors.size(), 1U);
  }
}

TEST(ContentDecoder, HasNothingToDoForIdentity) {
  for (const char* coding : {"", " ", "identity", "Identity", "identity, identity"}) {
    const auto made = ContentDecoder::make(coding);
    ASSERT_TRUE(made) << coding;
    EXPECT_EQ(*made, nullptr) << coding;
  }
}

TEST(ContentDecoder, FindsTheOneCodingInAList) {
  const auto made = ContentDecoder::make("identity, gzip");
  ASSERT_TRUE(made);
  EXPECT_NE(*made, nullptr);
}

TEST(ContentDecoder, TellsACodingThatItDoesNotKnowFromNone) {
  for (const char* coding : {"compress", "gzip, br", "lz4", "gzipx", "*"}) {
    const auto made = ContentDecoder::make(coding);
    ASSERT_FALSE(made) << coding;
    EXPECT_EQ(made.error().code, Errc::upstream_invalid) << coding;
  }
}

}  // namespace
}  // namespace sluice::wire

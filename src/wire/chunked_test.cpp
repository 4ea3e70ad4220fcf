#include "wire/chunked.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace sluice::wire {
namespace {

struct Decoded {
  std::string body;
  std::size_t consumed = 0;
  bool done = false;
  bool operator==(const Decoded&) const = default;
};

/// nullopt: refused. Fed in reads of `read_bytes`.
std::optional<Decoded> decode(std::string_view text, Side from,
                              std::size_t read_bytes = std::string::npos) {
  ChunkedDecoder decoder(from);
  Decoded out;
  while (!text.empty() && !out.done) {
    auto in = text.substr(0, read_bytes);
    text.remove_prefix(in.size());
    while (!in.empty() && !out.done) {
      const auto step = decoder.step(in);
      if (!step) return std::nullopt;
      out.body += step->data;
      out.consumed += step->consumed;
      out.done = step->done;
      in.remove_prefix(step->consumed);
    }
  }
  return out;
}

TEST(ChunkedDecoder, GivesTheSameBodyHoweverTheStreamIsCut) {
  const std::string text = "5\r\nhello\r\n0001\r\n \r\nA\r\n0123456789\r\n0\r\n\r\nGET /";
  const Decoded expected = {"hello 0123456789", text.size() - 5, true};
  for (std::size_t read_bytes = 1; read_bytes <= text.size(); ++read_bytes) {
    for (const auto side : {Side::client, Side::provider}) {
      EXPECT_EQ(decode(text, side, read_bytes), expected) << "in reads of " << read_bytes;
    }
  }
}

TEST(ChunkedDecoder, TakesAChunkThatIsThereInOneStep) {
  ChunkedDecoder decoder(Side::provider);
  const std::string_view text = "4\r\ndata\r\n0\r\n\r\n";
  const auto step = decoder.step(text);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->data.data(), text.data() + 3);
  EXPECT_EQ(step->data, "data");
  const auto last = decoder.step(text.substr(step->consumed));
  ASSERT_TRUE(last);
  EXPECT_TRUE(last->done);
}

TEST(ChunkedDecoder, IsNotDoneBeforeTheLastCrlf) {
  const std::string text = "2\r\n{}\r\n0\r\n\r\n";
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    const auto decoded = decode(std::string_view(text).substr(0, cut), Side::provider);
    ASSERT_TRUE(decoded);
    EXPECT_FALSE(decoded->done) << cut;
  }
}

TEST(ChunkedDecoder, KnowsWhenNothingOfAChunkIsOutstanding) {
  ChunkedDecoder decoder(Side::provider);
  EXPECT_TRUE(decoder.at_boundary());
  ASSERT_TRUE(decoder.step("2"));
  EXPECT_FALSE(decoder.at_boundary());
  ASSERT_TRUE(decoder.step("\r\nab"));
  EXPECT_FALSE(decoder.at_boundary());
  ASSERT_TRUE(decoder.step("\r\n"));
  EXPECT_TRUE(decoder.at_boundary());
  ASSERT_TRUE(decoder.step("0\r\n"));
  EXPECT_FALSE(decoder.at_boundary());
  ASSERT_TRUE(decoder.step("\r\n"));
  EXPECT_TRUE(decoder.at_boundary());
}

TEST(ChunkedDecoder, RefusesFramingThatIsNotExact) {
  using std::string_view_literals::operator""sv;
  for (const auto text : {"-1\r\n"sv,
                          "+1\r\n"sv,
                          "0x1\r\n"sv,
                          " 1\r\n"sv,
                          "\r\n"sv,
                          "1_0\r\n"sv,
                          "g\r\n"sv,
                          "1\n"sv,
                          "1\r1"sv,
                          "1\r\nab"sv,
                          "1\r\na\n"sv,
                          "1\r\na\r\r"sv,
                          "1\r\na1\r\n"sv,
                          "4000000000000001\r\n"sv,
                          "10000000000000000\r\n"sv,
                          "0\r\n\n"sv,
                          "0\r\n\rx"sv,
                          "1;a\nb\r\n"sv,
                          "1;a\rb"sv,
                          "1;a\0b\r\n"sv,
                          "0\r\nX : y\r\n"sv,
                          "0\r\n: y\r\n"sv,
                          "0\r\nX: \x01\r\n"sv,
                          "0\r\nX\r\n"sv,
                          "0\r\n X: y\r\n"sv,
                          "0\r\nX: y\n\n"sv}) {
    EXPECT_EQ(decode(text, Side::client), std::nullopt) << text;
    EXPECT_EQ(decode(text, Side::provider), std::nullopt) << text;
    EXPECT_EQ(decode(text, Side::provider, 1), std::nullopt) << text;
  }
}

TEST(ChunkedDecoder, TakesTheLargestSizeAndLeadingZerosWithinALine) {
  EXPECT_TRUE(decode("4000000000000000\r\n", Side::client));
  EXPECT_TRUE(decode(std::string(63, '0') + "1\r\na\r\n0\r\n\r\n", Side::client)->done);
  EXPECT_EQ(decode(std::string(64, '0') + "1\r\na\r\n0\r\n\r\n", Side::client), std::nullopt);
}

TEST(ChunkedDecoder, SkipsExtensionsAndTrailersOfAProviderAndRefusesAClients) {
  const std::string text = "2;a=b;c=\"d e\"\r\n{}\r\n0 \r\nX-Sum: 1\r\nY:\r\n\r\n";
  const Decoded expected = {"{}", text.size(), true};
  EXPECT_EQ(decode(text, Side::provider), expected);
  EXPECT_EQ(decode(text, Side::provider, 1), expected);
  EXPECT_EQ(decode(text, Side::client), std::nullopt);
  EXPECT_EQ(decode("2\r\n{}\r\n0\r\nX: y\r\n\r\n", Side::client), std::nullopt);
}

TEST(ChunkedDecoder, BoundsExtensionsAndTrailersOfAProvider) {
  const std::string large(10000, 'a');
  EXPECT_EQ(decode("1;" + large + "\r\na\r\n0\r\n\r\n", Side::provider), std::nullopt);
  EXPECT_EQ(decode("0\r\nX: " + large + "\r\n\r\n", Side::provider), std::nullopt);
  std::string many = "0\r\n";
  for (int i = 0; i < 3000; ++i) many += "X: y\r\n";
  EXPECT_EQ(decode(many + "\r\n", Side::provider), std::nullopt);
}

TEST(ChunkedDecoder, TellsWhatAChunkPromisesBeforeItComes) {
  ChunkedDecoder decoder(Side::client);
  ASSERT_TRUE(decoder.step("10000000d\r"));
  EXPECT_EQ(decoder.chunk_bytes_left(), 0u);
  ASSERT_TRUE(decoder.step("\n"));
  EXPECT_EQ(decoder.chunk_bytes_left(), 0x10000000du);
  ASSERT_TRUE(decoder.step("abc"));
  EXPECT_EQ(decoder.chunk_bytes_left(), 0x10000000au);
}

TEST(ChunkedDecoder, NamesTheSideThatBrokeTheRule) {
  EXPECT_EQ(ChunkedDecoder(Side::client).step("x").error().code, Errc::invalid_request);
  EXPECT_EQ(ChunkedDecoder(Side::provider).step("x").error().code, Errc::upstream_invalid);
}

TEST(ChunkHead, IsTheSizeInHexAndReadsBack) {
  for (const std::size_t n : {std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{31},
                              std::size_t{65536}, std::size_t{1} << 62}) {
    char out[chunk_head_bytes_max];
    const std::string_view head(out, append_chunk_head(out, n));
    char expected[32];
    EXPECT_EQ(head, std::string_view(expected, static_cast<std::size_t>(std::snprintf(
                                                   expected, sizeof expected, "%zx\r\n", n))));
    EXPECT_TRUE(ChunkedDecoder(Side::client).step(head));
  }
  char out[chunk_head_bytes_max];
  EXPECT_EQ(append_chunk_head(out, SIZE_MAX), chunk_head_bytes_max);
}

}  // namespace
}  // namespace sluice::wire

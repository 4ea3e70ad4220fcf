#include "wire/content_decoder.hpp"

#include "fuzz.hpp"

namespace {

using namespace sluice;

constexpr std::string_view codings[] = {"gzip", "deflate", "br", "zstd"};
constexpr std::size_t output_bytes_max = 100'000;

struct Decoded {
  std::string text;
  bool failed = false;
  bool complete = false;
};

Decoded decode(const fuzz::Input& input, std::string_view coding, bool at_once) {
  // Judged by its ratio, a body could fail at one split and not at another.
  const wire::ContentDecoder::Limits limits{
      .output_bytes_max = output_bytes_max,
      .unjudged_bytes = output_bytes_max,
  };
  const auto made = wire::ContentDecoder::make(coding, limits);
  fuzz::require(made && *made);
  auto& decoder = **made;
  Decoded out;
  const auto visit = [&](std::string_view in) {
    const bool failed_before = decoder.failed();
    const auto status = decoder.decode(in, [&](std::string_view piece) {
      fuzz::require(!failed_before && !piece.empty());
      fuzz::require(piece.size() <= wire::ContentDecoder::piece_bytes_max);
      out.text += piece;
    });
    // Told once, by the call in which it failed.
    fuzz::require(status.has_value() == (failed_before || !decoder.failed()));
    return true;
  };
  if (at_once) {
    visit(input.bytes);
  } else {
    fuzz::in_reads(input, visit);
  }
  out.failed = decoder.failed();
  out.complete = decoder.complete();
  fuzz::require(out.text.size() == decoder.output_bytes() && out.text.size() <= output_bytes_max);
  fuzz::require(!(out.failed && out.complete));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = fuzz::split(data, size);
  const auto coding = codings[input.steer % std::size(codings)];
  const auto whole = decode(input, coding, true);
  const auto parts = decode(input, coding, false);
  // A library may need more bytes at one split than at another to see that they make no sense.
  fuzz::require(whole.complete == parts.complete);
  if (!whole.failed && !parts.failed) fuzz::require(whole.text == parts.text);
  return 0;
}

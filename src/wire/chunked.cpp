#include "wire/chunked.hpp"

#include <algorithm>

#include "wire/bytes.hpp"

namespace sluice::wire {
namespace {

constexpr std::uint16_t size_line_bytes_max = 64;
constexpr std::uint16_t extra_bytes_max = 8192;
constexpr std::uint64_t size_max = std::uint64_t{1} << 62;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::unexpected<Error> ChunkedDecoder::refuse(const char* rule) const {
  return fail(from_ == Side::client ? Errc::invalid_request : Errc::upstream_invalid, from_, rule);
}

bool ChunkedDecoder::at_boundary() const {
  return state_ == State::done || (state_ == State::size && line_bytes_ == 0);
}

Result<ChunkedDecoder::Step> ChunkedDecoder::step(std::string_view in) {
  std::size_t at = 0;
  while (state_ != State::done && at < in.size()) {
    if (state_ == State::data) {
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - at));
      left_ -= taken;
      if (left_ == 0) state_ = State::data_cr;
      return Step{in.substr(at, taken), at + taken, false};
    }
    if (const std::size_t taken = take_usual(in.substr(at)); taken > 0) {
      at += taken;
      continue;
    }
    CHECK_OK(take(in[at]));
    ++at;
  }
  return Step{{}, at, state_ == State::done};
}

std::size_t ChunkedDecoder::take_usual(std::string_view in) {
  if (state_ == State::data_cr) {
    if (!in.starts_with("\r\n")) return 0;
    state_ = State::size;
    return 2;
  }
  if (state_ != State::size || line_bytes_ != 0) return 0;
  constexpr std::size_t digits_max = 8;
  std::uint64_t size = 0;
  std::size_t digits = 0;
  while (digits < digits_max && digits < in.size()) {
    const int digit = hex_value(in[digits]);
    if (digit < 0) break;
    size = size << 4 | static_cast<std::uint64_t>(digit);
    ++digits;
  }
  if (size == 0 || !in.substr(digits).starts_with("\r\n")) return 0;
  left_ = size;
  state_ = State::data;
  return digits + 2;
}

Status ChunkedDecoder::take_size(char c) {
  if (const int digit = hex_value(c); digit >= 0) {
    if (++line_bytes_ > size_line_bytes_max) return refuse("a chunk size line is too long");
    if (left_ > (size_max >> 4)) return refuse("a chunk size is too large");
    left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
    if (left_ > size_max) return refuse("a chunk size is too large");
    return {};
  }
  if (line_bytes_ == 0) return refuse("a chunk has no size");
  if (c == '\r') {
    state_ = State::size_lf;
    return {};
  }
  if (c != ';' && c != ' ' && c != '\t') return refuse("a chunk size is not a number");
  if (from_ == Side::client) return refuse("a chunk has an extension");
  state_ = State::extension;
  return {};
}

Status ChunkedDecoder::take(char c) {
  switch (state_) {
    case State::size: return take_size(c);
    case State::extension:
      if (c == '\r') {
        state_ = State::size_lf;
        return {};
      }
      if (!bytes::is(c, bytes::class_text)) return refuse("a control byte in a chunk extension");
      if (++line_bytes_ > extra_bytes_max) return refuse("a chunk extension is too long");
      return {};
    case State::size_lf:
      if (c != '\n') return refuse("a chunk size line doesn't end with CRLF");
      line_bytes_ = 0;
      state_ = left_ == 0 ? State::trailer_start : State::data;
      return {};
    case State::data_cr:
      if (c != '\r') return refuse("a chunk is longer than its size");
      state_ = State::data_lf;
      return {};
    case State::data_lf:
      if (c != '\n') return refuse("a chunk doesn't end with CRLF");
      state_ = State::size;
      return {};
    case State::trailer_start:
      if (c == '\r') {
        state_ = State::final_lf;
        return {};
      }
      if (from_ == Side::client) return refuse("a chunked body has trailers");
      if (!bytes::is(c, bytes::class_token)) return refuse("a trailer has no name");
      state_ = State::trailer_name;
      [[fallthrough]];
    case State::trailer_name:
      if (++line_bytes_ > extra_bytes_max) return refuse("the trailers are too long");
      if (c == ':') {
        state_ = State::trailer_value;
        return {};
      }
      if (!bytes::is(c, bytes::class_token)) return refuse("a trailer's name is not a token");
      return {};
    case State::trailer_value:
      if (c == '\r') {
        state_ = State::trailer_lf;
        return {};
      }
      if (!bytes::is(c, bytes::class_text)) return refuse("a control byte in a trailer");
      if (++line_bytes_ > extra_bytes_max) return refuse("the trailers are too long");
      return {};
    case State::trailer_lf:
      if (c != '\n') return refuse("a trailer doesn't end with CRLF");
      state_ = State::trailer_start;
      return {};
    case State::final_lf:
      if (c != '\n') return refuse("a chunked body doesn't end with CRLF");
      state_ = State::done;
      return {};
    case State::data:
    case State::done: return {};
  }
  return {};
}

std::size_t append_chunk_head(char* out, std::size_t n) {
  const int digits = std::max(1, (64 - __builtin_clzll(n | 1) + 3) / 4);
  for (int i = digits - 1; i >= 0; --i) {
    out[i] = "0123456789abcdef"[n & 15];
    n >>= 4;
  }
  out[digits] = '\r';
  out[digits + 1] = '\n';
  return static_cast<std::size_t>(digits) + 2;
}

}  // namespace sluice::wire

#include <algorithm>

#include "wire/bytes.hpp"
#include "wire/http_head.hpp"

namespace sluice::wire {
namespace {

// RFC 9112, 2.2 asks to ignore at least one empty line before a request; more than two is somebody
// playing.
constexpr int empty_lines_max = 2;

std::unexpected<Error> refuse(Side side, const char* rule) {
  if (side == Side::client) return fail(Errc::invalid_request, side, rule);
  return fail(Errc::upstream_invalid, side, rule, Retry::other_account);
}

}  // namespace

void HeadEndFinder::reset() { *this = HeadEndFinder(from_, bytes_max_); }

Status HeadEndFinder::check_start(std::string_view start) const {
  if (from_ == Side::client) {
    if (!bytes::is(start.front(), bytes::class_token))
      return refuse(from_, "the first byte starts no method");
    return {};
  }
  constexpr std::string_view wanted = "HTTP/";
  const auto known = std::min(start.size(), wanted.size());
  if (start.substr(0, known) != wanted.substr(0, known))
    return refuse(from_, "the answer is not HTTP");
  return {};
}

Result<std::optional<std::size_t>> HeadEndFinder::find(std::string_view buffer) {
  const char* const begin = buffer.data();
  // Bytes past the limit can't end a head that we would take.
  const char* const end = begin + std::min(buffer.size(), bytes_max_);
  const char* p = begin + scanned_;
  const auto check_first_line = [&]() -> Status {
    if (started_ || begin + line_start_ == end || begin[line_start_] == '\r') return {};
    const auto known = static_cast<std::size_t>(end - begin) - line_start_;
    CHECK_OK(check_start(buffer.substr(line_start_, known)));
    started_ = from_ == Side::client || known >= 5;
    return {};
  };
  CHECK_OK(check_first_line());
  for (;;) {
    p = bytes::find_control(p, end);
    scanned_ = static_cast<std::size_t>(p - begin);
    if (p == end) break;
    if (*p == '\n') return refuse(from_, "a line feed without a carriage return");
    if (*p != '\r') return refuse(from_, "a control byte in the head");
    if (p + 1 == end) break;
    if (p[1] != '\n') return refuse(from_, "a carriage return without a line feed");
    const bool empty = p == begin + line_start_;
    p += 2;
    scanned_ = static_cast<std::size_t>(p - begin);
    line_start_ = scanned_;
    if (!empty) continue;
    if (started_) return std::optional(scanned_);
    if (from_ != Side::client || ++empty_lines_ > empty_lines_max) {
      return refuse(from_, "empty lines instead of a head");
    }
    CHECK_OK(check_first_line());
  }
  if (buffer.size() < bytes_max_) return std::optional<std::size_t>();
  if (from_ == Side::client) return fail(Errc::header_too_large, from_, "the head is too long");
  return refuse(from_, "the head is too long");
}

}  // namespace sluice::wire

#include "wire/sse_lines.hpp"

namespace sluice::wire {
namespace {

constexpr std::string_view mark = "\xef\xbb\xbf";
constexpr std::size_t carry_kept_max = 4096;

}  // namespace

std::string_view SseLines::take_mark(std::string_view& bytes) {
  while (!bytes.empty()) {
    if (bytes.front() != mark[mark_bytes_]) {
      const auto seen = mark.substr(0, mark_bytes_);
      mark_bytes_ = mark_done;
      return seen;
    }
    bytes.remove_prefix(1);
    if (++mark_bytes_ == mark.size()) {
      mark_bytes_ = mark_done;
      break;
    }
  }
  return {};
}

void SseLines::complete_prefix(std::string_view& rest) {
  const auto part = rest.substr(0, prefix_bytes_max - carry_.size());
  carry_.append(part);
  rest.remove_prefix(part.size());
}

void SseLines::release_carry() {
  if (carry_.capacity() > carry_kept_max) {
    std::string().swap(carry_);
  } else {
    carry_.clear();
  }
}

}  // namespace sluice::wire

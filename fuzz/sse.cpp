#include <vector>

#include "fuzz.hpp"
#include "wire/sse_lines.hpp"
#include "wire/sse_parser.hpp"

namespace {

using namespace sluice;

/// Writes down all it is told; wants lines whose first byte says so.
struct Diary {
  std::string entries;
  wire::SseLine begin_line(std::string_view prefix) {
    fuzz::require(!prefix.empty() && prefix.size() <= wire::SseLines::prefix_bytes_max);
    note('b', prefix);
    return (prefix.front() & 1) != 0 ? wire::SseLine::want : wire::SseLine::skip;
  }
  void line(std::string_view line) { note('l', line); }
  void oversized_line(std::string_view prefix) { note('o', prefix); }
  void event_end() { note('e', {}); }
  void note(char what, std::string_view text) {
    fuzz::require(text.find_first_of("\r\n") == std::string_view::npos);
    entries.append(1, what).append(text).append(1, '\n');
  }
};

std::string walk(const fuzz::Input& input, bool at_once) {
  wire::SseLines lines(100);
  Diary diary;
  const auto visit = [&](std::string_view read) {
    lines.feed(read, diary);
    return true;
  };
  if (at_once) {
    visit(input.bytes);
  } else {
    fuzz::in_reads(input, visit);
  }
  return std::move(diary.entries);
}

struct Parsed {
  bool refused = false;
  std::vector<wire::SseEvent> events;
  bool operator==(const Parsed&) const = default;
};

Parsed parse(const fuzz::Input& input, bool at_once) {
  wire::SseParser parser(100);
  Parsed out;
  const auto visit = [&](std::string_view read) {
    out.refused = !parser.feed(read);
    while (auto event = parser.next()) {
      fuzz::require(event->data.size() <= 100);
      out.events.push_back(*std::move(event));
    }
    return !out.refused;
  };
  if (at_once) {
    visit(input.bytes);
  } else {
    fuzz::in_reads(input, visit);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = fuzz::split(data, size);
  fuzz::require(walk(input, true) == walk(input, false));
  fuzz::require(parse(input, true) == parse(input, false));
  return 0;
}

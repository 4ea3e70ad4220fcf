#include "wire/sse_parser.hpp"

#include <utility>

namespace sluice::wire {
namespace {

struct Field {
  std::string_view name;
  std::string_view value;
};

Field split(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return {line, {}};
  auto value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  return {line.substr(0, colon), value};
}

}  // namespace

struct SseParser::Sink {
  SseParser& parser;

  // The prefix is longer than any name that we know, or the whole line.
  SseLine begin_line(std::string_view prefix) {
    const auto name = split(prefix).name;
    return name == "data" || name == "event" || name == "id" ? SseLine::want : SseLine::skip;
  }
  void line(std::string_view line) { parser.take_line(line); }
  void oversized_line(std::string_view) { parser.oversized_ = true; }
  void event_end() { parser.take_event(); }
};

Status SseParser::feed(std::string_view bytes) {
  if (!oversized_) {
    Sink sink{*this};
    lines_.feed(bytes, sink);
  }
  if (oversized_) {
    return fail(Errc::upstream_invalid, Side::provider,
                "an event of the stream is larger than the limit");
  }
  return {};
}

std::optional<SseEvent> SseParser::next() {
  if (events_.empty()) return std::nullopt;
  std::optional<SseEvent> oldest(std::move(events_.front()));
  events_.pop_front();
  return oldest;
}

void SseParser::take_line(std::string_view line) {
  if (oversized_) return;
  const auto [name, value] = split(line);
  if (name == "data") {
    if (has_data_) event_.data.push_back('\n');
    event_.data.append(value);
    has_data_ = true;
  } else if (name == "event") {
    event_.event = value;
  } else if (!value.contains('\0')) {
    event_.id = value;
  }
  oversized_ = event_.data.size() + event_.event.size() + event_.id.size() > event_bytes_max_;
}

void SseParser::take_event() {
  if (oversized_) return;
  if (has_data_) {
    if (event_.event.empty()) event_.event = "message";
    events_.push_back({std::move(event_.event), std::move(event_.data), event_.id});
  }
  event_.event.clear();
  event_.data.clear();
  has_data_ = false;
}

}  // namespace sluice::wire

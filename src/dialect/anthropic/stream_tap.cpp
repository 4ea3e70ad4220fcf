#include "dialect/anthropic/stream_tap.hpp"

#include <algorithm>
#include <type_traits>

#include "base/log.hpp"
#include "base/release.hpp"
#include "dialect/anthropic/errors.hpp"
#include "dialect/anthropic/request.hpp"

namespace sluice::dialect::anthropic {
namespace {

/// The value of the field `name`, if it is this line's.
bool take_field(std::string_view& line, std::string_view name) {
  if (!line.starts_with(name)) return false;
  line.remove_prefix(name.size());
  if (line.starts_with(' ')) line.remove_prefix(1);
  return true;
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

bool take(std::string_view& text, std::string_view token) {
  skip_blanks(text);
  if (!text.starts_with(token)) return false;
  text.remove_prefix(token.size());
  return true;
}

std::string_view up_to_last_quote(std::string_view text) { return text.substr(0, text.rfind('"')); }

/// The text behind `"key":"` in the rest of the line: up to the last quote of the line.
std::string_view last_string(std::string_view rest, std::string_view key) {
  if (!take(rest, ",") || !take(rest, key) || !take(rest, ":") || !take(rest, "\"")) return {};
  return up_to_last_quote(rest);
}

/// From the value of a delta's type on.
std::string_view text_of_type(std::string_view line) {
  if (take(line, "\"text_delta\"")) return last_string(line, "\"text\"");
  if (take(line, "\"input_json_delta\"")) return last_string(line, "\"partial_json\"");
  if (take(line, "\"thinking_delta\"")) return last_string(line, "\"thinking\"");
  if (take(line, "\"compaction_delta\"")) return last_string(line, "\"content\"");
  return {};
}

StreamError read_stream_error(const std::optional<StreamEvent>& event) {
  StreamError error;
  const auto* told = event ? std::get_if<ErrorEvent>(&*event) : nullptr;
  if (!told) {
    error.http_equivalent = 500;
    error.type = error_type(500);
    error.body =
        error_document(error.type, "The provider reported an error that can't be read.", {});
    return error;
  }
  error.http_equivalent = told->error.status;
  error.type = told->error.type.empty() ? error_type(told->error.status) : told->error.type;
  error.body = is_error_body(told->raw)
                   ? told->raw
                   : error_document(error.type, told->error.message, told->error.request_id);
  return error;
}

}  // namespace

std::string_view delta_text(std::string_view line) {
  // As the vendor writes it; a search through all the quotes of the line costs more than all else the tap does.
  constexpr std::string_view usual = R"(data: {"type":"content_block_delta","index":)";
  constexpr std::string_view behind_index = R"(,"delta":{"type":)";
  constexpr std::string_view delta_key = "\"delta\"";
  if (line.starts_with(usual)) {
    line.remove_prefix(usual.size());
    while (!line.empty() && line.front() >= '0' && line.front() <= '9') line.remove_prefix(1);
    if (line.starts_with(behind_index)) return text_of_type(line.substr(behind_index.size()));
  } else if (!take_field(line, "data:")) {
    return {};
  }
  const auto delta = line.find(delta_key);
  if (delta == std::string_view::npos) return {};
  line.remove_prefix(delta + delta_key.size());
  if (!take(line, ":") || !take(line, "{")) return {};
  // In another order all of the delta counts: a little too much, and not nothing.
  if (!take(line, "\"type\"") || !take(line, ":")) return up_to_last_quote(line);
  return text_of_type(line);
}

AnthropicTap::Kind AnthropicTap::kind_of(std::string_view type) {
  if (type == "content_block_delta") return Kind::text;
  if (type == "message_start") return Kind::message_start;
  if (type == "content_block_start" || type == "content_block_stop") return Kind::other;
  if (type == "ping") return Kind::ping;
  if (type == "message_delta") return Kind::message_delta;
  if (type == "message_stop") return Kind::message_stop;
  if (type == "error") return Kind::error;
  return Kind::unnamed;
}

AnthropicTap::Kind AnthropicTap::kind_of(const StreamEvent& event) {
  return std::visit(
      []<class Event>(const Event&) {
        if constexpr (std::is_same_v<Event, MessageStart>) return Kind::message_start;
        if constexpr (std::is_same_v<Event, ContentBlockDelta>) return Kind::text;
        if constexpr (std::is_same_v<Event, MessageDelta>) return Kind::message_delta;
        if constexpr (std::is_same_v<Event, MessageStop>) return Kind::message_stop;
        if constexpr (std::is_same_v<Event, Ping>) return Kind::ping;
        if constexpr (std::is_same_v<Event, ErrorEvent>) return Kind::error;
        return Kind::other;
      },
      event);
}

AnthropicTap::Kind AnthropicTap::kind_of_json(std::string_view prefix) {
  if (!take(prefix, "{") || !take(prefix, "\"type\"") || !take(prefix, ":") ||
      !take(prefix, "\"")) {
    return Kind::unclear;
  }
  const auto end = prefix.find('"');
  if (end == std::string_view::npos) return Kind::unclear;
  const Kind kind = kind_of(prefix.substr(0, end));
  return kind == Kind::unnamed ? Kind::other : kind;
}

bool AnthropicTap::is_parsed(Kind kind) {
  return kind == Kind::message_start || kind == Kind::message_delta || kind == Kind::error ||
         kind == Kind::unclear;
}

void AnthropicTap::feed(std::string_view bytes) {
  while (lines_.at_boundary() && take_usual_delta(bytes)) {
  }
  if (!bytes.empty()) lines_.feed(bytes, *this);
}

/// One whole content_block_delta at the front, spelt as the vendor does: nearly all of a stream.
bool AnthropicTap::take_usual_delta(std::string_view& bytes) {
  constexpr std::string_view name_line = "event: content_block_delta\n";
  constexpr std::string_view data = "data: ";
  if (!bytes.starts_with(name_line)) return false;
  const std::string_view rest = bytes.substr(name_line.size());
  const auto end = rest.find('\n');
  if (end == std::string_view::npos || end + 1 >= rest.size() || rest[end + 1] != '\n')
    return false;
  const std::string_view line = rest.substr(0, end);
  // A CR would be a line's end of its own.
  if (!line.starts_with(data) || line.find('\r') != std::string_view::npos) return false;
  ++events_;
  event_text_.add(delta_text(line));
  dispatch(Kind::text);
  event_text_ = {};
  bytes.remove_prefix(name_line.size() + end + 2);
  return true;
}

wire::SseLine AnthropicTap::begin_line(std::string_view prefix) {
  if (prefix == "event: content_block_delta") {  // most of all lines, and the vendor's spelling
    if (!has_data_) kind_ = Kind::text;
    return wire::SseLine::skip;
  }
  if (take_field(prefix, "event:")) {
    // Names we don't know leave it to the data.
    if (!has_data_) kind_ = kind_of(prefix);
    return wire::SseLine::skip;
  }
  if (prefix != "data" && !take_field(prefix, "data:")) return wire::SseLine::skip;
  has_data_ = true;
  if (kind_ == Kind::unnamed) kind_ = kind_of_json(prefix);
  return is_parsed(kind_) || kind_ == Kind::text ? wire::SseLine::want : wire::SseLine::skip;
}

void AnthropicTap::line(std::string_view line) {
  if (kind_ == Kind::text || kind_ == Kind::unclear) event_text_.add(delta_text(line));
  if (kind_ == Kind::text) return;
  if (!take_field(line, "data:")) line = {};
  if (data_.size() + line.size() > event_bytes_max) return;
  if (!data_.empty()) data_ += '\n';
  data_ += line;
}

void AnthropicTap::oversized_line(std::string_view) {
  log::debug("event.oversized dialect=anthropic bytes_max={}", event_bytes_max);
  // Nobody knows how much of it was text; not nothing.
  if (kind_ == Kind::text) event_text_.latin += event_bytes_max;
}

void AnthropicTap::event_end() {
  if (has_data_) {
    ++events_;
    if (is_parsed(kind_)) {
      dispatch_parsed();
    } else {
      dispatch(kind_);
    }
  }
  kind_ = Kind::unnamed;
  has_data_ = false;
  event_text_ = {};
}

void AnthropicTap::dispatch(Kind kind) {
  switch (kind) {
    case Kind::message_start:
    case Kind::ping: return;
    case Kind::message_stop:
      if (phase_ != StreamPhase::failed) phase_ = StreamPhase::complete;
      return;
    case Kind::error:
      if (phase_ != StreamPhase::complete) phase_ = StreamPhase::failed;
      return;
    case Kind::text: text_ += event_text_; break;
    case Kind::message_delta:
    case Kind::other:
    case Kind::unnamed:
    case Kind::unclear: break;
  }
  if (phase_ == StreamPhase::preamble) phase_ = StreamPhase::content;
}

void AnthropicTap::dispatch_parsed() {
  auto event = parse_event(data_, kind_ == Kind::error ? "error" : "");
  release(data_);
  if (kind_ == Kind::unclear) kind_ = event ? kind_of(*event) : Kind::other;
  if (event) extract_usage_from_event(*event, usage_);
  dispatch(kind_);
  if (phase_ == StreamPhase::failed && !error_) {
    error_ = std::make_unique<StreamError>(read_stream_error(event));
  }
  if (auto* start = event ? std::get_if<MessageStart>(&*event) : nullptr)
    note_container(std::move(start->container));
  auto* delta = event ? std::get_if<MessageDelta>(&*event) : nullptr;
  if (delta) note_container(std::move(delta->container));
  if (delta && delta->usage && tells_output(*delta->usage)) {
    output_base_ = usage_.tokens.output;
    text_ = {};
  }
}

void AnthropicTap::note_container(std::string id) {
  if (!id.empty() && id.size() <= resource_bytes_max) container_ = std::move(id);
}

meter::Usage AnthropicTap::usage() const {
  meter::Usage usage = usage_;
  if (text_.empty()) return usage;
  const Tokens counted = output_base_ + meter::estimate_tokens(text_.latin, text_.cjk);
  usage.tokens.output = std::max(usage.tokens.output, counted);
  usage.confidence = usage.confidence == meter::Confidence::unknown ? meter::Confidence::estimated
                                                                    : meter::Confidence::partial;
  return usage;
}

}  // namespace sluice::dialect::anthropic

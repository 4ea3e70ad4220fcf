#include "response_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace sluice::bench {
namespace {

constexpr std::size_t line_start_max = 32;  // longer than any event name we look for
constexpr std::size_t excerpt_max = 300;

/// The value of a header in a lower-case head, or nothing.
std::string_view header(std::string_view head, std::string_view name) {
  const auto at = head.find("\r\n" + std::string(name) + ":");
  if (at == head.npos) return {};
  std::string_view value = head.substr(at + name.size() + 3);
  value = value.substr(0, value.find('\r'));
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value;
}

}  // namespace

void EventCounter::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (line_.size() < line_start_max) line_.append(piece.substr(0, line_start_max - line_.size()));
    if (end == bytes.npos) return;
    on_line();
    line_.clear();
    bytes.remove_prefix(end + 1);
  }
}

void EventCounter::on_line() {
  std::string_view line = line_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!line.starts_with("event: ")) return;
  line.remove_prefix(7);
  ++events_;
  if (line == "content_block_delta") ++deltas_;
  if (line == "message_stop") finished_ = true;
  if (line == "error") failed_ = true;
}

ResponseReader::State ResponseReader::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::head: {
        const std::size_t before = line_.size();
        line_ += bytes;
        const auto end = line_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
        if (end == line_.npos) return state_;
        bytes.remove_prefix(end + 4 - before);
        line_.resize(end + 2);
        on_head();
        line_.clear();
        break;
      }
      case State::size: {
        if (!take_line(bytes)) return state_;
        const auto parsed = std::from_chars(line_.data(), line_.data() + line_.size(), left_, 16);
        if (parsed.ec != std::errc{}) return state_ = State::broken;
        state_ = left_ == 0 ? State::trailer : State::data;
        line_.clear();
        break;
      }
      case State::body:
      case State::data: {
        const std::string_view part = bytes.substr(0, left_);
        take_payload(part);
        left_ -= part.size();
        bytes.remove_prefix(part.size());
        if (left_ == 0) state_ = state_ == State::data ? State::data_end : State::whole;
        break;
      }
      case State::data_end: {
        if (!take_line(bytes)) return state_;
        state_ = line_.empty() ? State::size : State::broken;
        line_.clear();
        break;
      }
      case State::trailer: {
        if (!take_line(bytes)) return state_;
        if (line_.empty()) state_ = State::whole;
        line_.clear();
        break;
      }
      case State::whole:  // nobody asked for more
      case State::broken: return state_ = State::broken;
    }
  }
  return state_;
}

void ResponseReader::on_head() {
  std::transform(line_.begin(), line_.end(), line_.begin(),
                 [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  const std::string_view head = line_;
  if (!head.starts_with("http/1.1 ")) {
    state_ = State::broken;
    return;
  }
  status_ = std::atoi(line_.c_str() + 9);
  keeps_alive_ = header(head, "connection") != "close";
  if (header(head, "transfer-encoding") == "chunked") {
    state_ = State::size;
    return;
  }
  // An answer that ends with the connection can't be told from a broken one: not accepted.
  const std::string_view length = header(head, "content-length");
  const auto parsed = std::from_chars(length.data(), length.data() + length.size(), left_);
  if (parsed.ec != std::errc{})
    state_ = State::broken;
  else
    state_ = left_ == 0 ? State::whole : State::body;
}

void ResponseReader::take_payload(std::string_view bytes) {
  if (excerpt_.size() < excerpt_max)
    excerpt_.append(bytes.substr(0, excerpt_max - excerpt_.size()));
  events_.feed(bytes);
}

bool ResponseReader::take_line(std::string_view& bytes) {
  const auto end = bytes.find('\n');
  line_ += bytes.substr(0, end);
  if (end == bytes.npos) {
    bytes = {};
    return false;
  }
  bytes.remove_prefix(end + 1);
  if (line_.ends_with('\r')) line_.pop_back();
  return true;
}

}  // namespace sluice::bench

#pragma once
/// The bodies of the templates of `SseLines`.

#include <cstring>

#include "wire/sse_lines.hpp"

namespace sluice::wire {

template <SseLineSink Sink>
void SseLines::feed(std::string_view bytes, Sink& sink) {
  if (mark_bytes_ != mark_done) [[unlikely]] {
    const auto no_mark = take_mark(bytes);
    walk(no_mark, sink);
  }
  walk(bytes, sink);
}

template <class Sink>
void SseLines::walk(std::string_view bytes, Sink& sink) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  const auto find = [end](const char* from, char c) {
    const void* found =
        from == end ? nullptr : std::memchr(from, c, static_cast<std::size_t>(end - from));
    return found ? static_cast<const char*>(found) : end;
  };
  if (p != end && after_cr_) {
    after_cr_ = false;
    if (*p == '\n') {
      ++p;
      if (pending_bytes_ > 0) ++pending_bytes_;  // else it belongs to the event before
    }
  }
  // Both positions are kept, so that a stream without CRs is searched for one only once a read.
  const char* cr = find(p, '\r');
  const char* lf = find(p, '\n');
  while (p != end) {
    if (cr < p) cr = find(p, '\r');
    if (lf < p) lf = find(p, '\n');
    const char* const stop = cr < lf ? cr : lf;
    const std::string_view rest(p, static_cast<std::size_t>(stop - p));
    if (stop == end) {
      pending_bytes_ += rest.size();
      keep_unfinished(rest, sink);
      return;
    }
    p = stop + 1;
    if (*stop == '\r') {
      if (p == end) {
        after_cr_ = true;
      } else if (*p == '\n') {
        ++p;
      }
    }
    pending_bytes_ += static_cast<std::size_t>(p - rest.data());
    finish_line(rest, sink);
  }
}

template <class Sink>
void SseLines::finish_line(std::string_view rest, Sink& sink) {
  const Line was = line_;
  line_ = Line::fresh;
  if (was == Line::skipped) return;
  if (was == Line::fresh && rest.empty()) {
    pending_bytes_ = 0;
    sink.event_end();
    return;
  }
  const bool oversized = carry_.size() + rest.size() > line_bytes_max_;
  if (was != Line::wanted && !carry_.empty()) complete_prefix(rest);
  const auto prefix =
      (carry_.empty() ? rest : std::string_view(carry_)).substr(0, prefix_bytes_max);
  if (was == Line::wanted || sink.begin_line(prefix) == SseLine::want) {
    if (oversized) {
      sink.oversized_line(prefix);
    } else if (carry_.empty()) {
      sink.line(rest);
    } else {
      sink.line(carry_.append(rest));
    }
  }
  release_carry();
}

template <class Sink>
void SseLines::keep_unfinished(std::string_view rest, Sink& sink) {
  if (rest.empty() || line_ == Line::skipped) return;
  if (line_ != Line::wanted) {
    line_ = Line::undecided;
    if (!carry_.empty() || rest.size() < prefix_bytes_max) {
      complete_prefix(rest);
      if (carry_.size() < prefix_bytes_max) return;
    }
    const auto prefix =
        (carry_.empty() ? rest : std::string_view(carry_)).substr(0, prefix_bytes_max);
    line_ = sink.begin_line(prefix) == SseLine::want ? Line::wanted : Line::skipped;
    if (line_ == Line::skipped) {
      release_carry();
      return;
    }
  }
  if (carry_.size() + rest.size() > line_bytes_max_) {
    sink.oversized_line(
        (carry_.empty() ? rest : std::string_view(carry_)).substr(0, prefix_bytes_max));
    line_ = Line::skipped;
    release_carry();
    return;
  }
  carry_.append(rest);
}

}  // namespace sluice::wire

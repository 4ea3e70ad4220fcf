#include "http/client_exchange.hpp"

#include <array>
#include <cstring>

#include "base/release.hpp"

namespace sluice::http {
namespace {

using net::IoResult;
using net::WaitFor;
using net::Wake;

std::unexpected<Error> invalid(const char* what) {
  return fail(Errc::upstream_invalid, Side::provider, what, Retry::other_account);
}

}  // namespace

void ClientExchange::abandon() {
  if (!connection_) return;
  connection_->stream->close();
  connection_.reset();
}

/// Whether what became readable is (the begin of) an answer, or its end; what was read is kept. With TLS it may also have
/// been a record of the protocol's own, and then no answer has come yet.
bool ClientExchange::hears_answer() {
  const auto scratch = loop_.scratch();
  const IoResult read = connection_->stream->read(scratch);
  if (read.kind == IoResult::Kind::again) return false;
  if (read.kind == IoResult::Kind::ok) {
    heard_ = true;
    input_.append(scratch.data(), read.bytes);
  }
  return true;
}

net::Task<Status> ClientExchange::send(net::Timer& timer, std::string_view head,
                                       std::string_view body, Milliseconds stall,
                                       net::Descriptor* gone) {
  std::array<iovec, 2> parts{{{const_cast<char*>(head.data()), head.size()},
                              {const_cast<char*>(body.data()), body.size()}}};
  std::span<iovec> left(parts.data(), body.empty() ? 1U : 2U);
  net::Stream& stream = *connection_->stream;
  TimePoint deadline = loop_.now() + stall;
  for (;;) {
    const IoResult put = stream.write(left);
    if (put.kind == IoResult::Kind::ok) {
      left = net::after_bytes(left, put.bytes);
      if (left.empty()) break;
      deadline = loop_.now() + stall;
      continue;
    }
    if (put.kind != IoResult::Kind::again) {
      // The provider hung up while we wrote: it may have said why before.
      stream.descriptor().readable = true;
      co_return Status{};
    }
    net::Descriptor& self = stream.descriptor();
    // Readable before all is sent: an early answer, mostly a refusal.
    const WaitFor what{.read = &self, .write = &self, .gone = gone, .deadline = deadline};
    const Wake wake = co_await net::Wait(loop_, timer, what);
    if (wake == Wake::gone) co_return fail(Errc::client_gone, Side::client, "while sending");
    if (wake == Wake::timeout) {
      co_return fail(Errc::upstream_timeout, Side::provider,
                     "the provider took no request bytes for idle_timeout_ms",
                     Retry::other_account);
    }
    if (wake == Wake::readable && !self.writable && hears_answer()) co_return Status{};
  }
  sent_whole_ = true;
  co_return Status{};
}

Result<bool> ClientExchange::read_head(bool head_request) {
  for (;;) {
    if (!input_.empty()) {
      TRY(const auto end, finder_.find(input_));
      if (end) {
        reserve_spare(head_bytes_, *end);
        head_bytes_.assign(input_, 0, *end);
        input_.erase(0, *end);
        if (input_.empty()) release(input_);
        CHECK_OK(wire::parse_response_head(head_bytes_, head_limits, head_request, head_));
        if (head_.status < 200) {
          if (++interims_ > interim_max) return invalid("too many interim responses");
          finder_.reset();
          continue;
        }
        framing_ = head_.framing;
        left_ = framing_ == wire::Framing::length ? head_.content_length : 0;
        keep_alive_ = head_.keep_alive;
        body_done_ =
            framing_ == wire::Framing::none || (framing_ == wire::Framing::length && left_ == 0);
        return true;
      }
    }
    const auto scratch = loop_.scratch();
    const IoResult read = connection_->stream->read(scratch);
    switch (read.kind) {
      case IoResult::Kind::ok:
        heard_ = true;
        if (input_.empty()) reserve_spare(input_, read.bytes);
        input_.append(scratch.data(), read.bytes);
        continue;
      case IoResult::Kind::again: return false;
      case IoResult::Kind::eof:
      case IoResult::Kind::error: break;
    }
    if (heard_) return invalid("the connection ended within the response head");
    return fail(Errc::upstream_unreachable, Side::provider,
                "the provider closed the connection without an answer", Retry::other_account);
  }
}

void ClientExchange::release_head() {
  head_ = wire::ResponseHead{};
  release(head_bytes_);
}

/// Removes the framing in place: `raw` lies in the scratch, payload is moved together at its front.
Result<std::string_view> ClientExchange::take_framing(std::span<char> raw) {
  switch (framing_) {
    case wire::Framing::none: return invalid("bytes behind the answer");
    case wire::Framing::until_close: return std::string_view(raw.data(), raw.size());
    case wire::Framing::length: {
      const std::size_t take = left_ < raw.size() ? static_cast<std::size_t>(left_) : raw.size();
      left_ -= take;
      if (left_ == 0) body_done_ = true;
      // An answer longer than it said: the rest belongs to nobody, and the connection is not used again.
      if (take < raw.size()) keep_alive_ = false;
      return std::string_view(raw.data(), take);
    }
    case wire::Framing::chunked: break;
  }
  std::string_view in(raw.data(), raw.size());
  char* out = raw.data();
  const char* begin = nullptr;  // one run needs no move
  while (!in.empty()) {
    auto step = chunks_.step(in);
    if (!step) {
      // What came before is part of the answer all the same.
      broken_ = std::move(step.error());
      break;
    }
    in.remove_prefix(step->consumed);
    if (!step->data.empty()) {
      if (begin == nullptr) {
        begin = step->data.data();
        out = raw.data() + (begin - raw.data());
      } else if (out != step->data.data()) {
        std::memmove(out, step->data.data(), step->data.size());
      }
      out += step->data.size();
    }
    if (step->done) {
      body_done_ = true;
      if (!in.empty()) keep_alive_ = false;
      break;
    }
  }
  if (begin == nullptr) return std::string_view();
  return std::string_view(begin, static_cast<std::size_t>(out - begin));
}

void ClientExchange::complete() {
  if (!connection_) return;
  net::Stream& stream = *connection_->stream;
  // More bytes than the answer has, or an end: known without asking the kernel.
  const bool quiet = !stream.descriptor().gone && !stream.has_pending() && input_.empty();
  if (keep_alive_ && sent_whole_ && quiet) {
    pool_.give_back(std::move(connection_));
  } else {
    abandon();
  }
}

Result<BodyRead> ClientExchange::read_body() {
  for (;;) {
    if (body_done_) {
      complete();
      return BodyRead{.kind = BodyRead::Kind::end};
    }
    if (broken_) return std::unexpected(*broken_);
    std::span<char> raw = loop_.scratch();
    if (!input_.empty()) {  // came with the head
      const std::size_t size = std::min(input_.size(), raw.size());
      std::memcpy(raw.data(), input_.data(), size);
      raw = raw.first(size);
      if (size == input_.size()) {
        release(input_);
      } else {
        input_.erase(0, size);
      }
    } else {
      const IoResult read = connection_->stream->read(raw);
      if (read.kind == IoResult::Kind::again) {
        return BodyRead{.kind = BodyRead::Kind::again, .wants_write = read.wants_write};
      }
      if (read.kind == IoResult::Kind::eof && framing_ == wire::Framing::until_close) {
        body_done_ = true;
        continue;
      }
      if (read.kind != IoResult::Kind::ok) {
        return invalid("the connection ended before the answer did");
      }
      raw = raw.first(read.bytes);
    }
    TRY(const std::string_view payload, take_framing(raw));
    if (!payload.empty()) return BodyRead{.kind = BodyRead::Kind::bytes, .bytes = payload};
  }
}

}  // namespace sluice::http

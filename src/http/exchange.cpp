#include "http/exchange.hpp"

#include <array>
#include <cassert>
#include <cstring>
#include <utility>

#include "base/release.hpp"
#include "http/server.hpp"
#include "wire/chunked.hpp"

namespace sluice::http {
namespace {

using net::IoResult;
using net::WaitFor;
using net::Wake;

/// What JSON parsers may read behind the end of a body (simdjson's padding).
constexpr std::size_t parser_padding = 64;

/// A body's share of the budget grows in steps of this size.
constexpr std::size_t lease_step_bytes = 256 * 1024;

std::unexpected<Error> too_many_bodies() {
  return fail(Errc::overloaded, Side::gateway, "too many request bodies in memory");
}

std::unexpected<Error> client_gone(const char* when) {
  return fail(Errc::client_gone, Side::client, when);
}

/// "date: Tue, 24 Nov 2026 07:00:00 GMT\r\n"; formatted once a second and thread.
std::string_view date_field(WallTime now) {
  thread_local std::time_t cached = -1;
  thread_local char line[64];
  thread_local std::size_t length = 0;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  if (seconds != cached) {
    cached = seconds;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    length = std::strftime(line, sizeof line, "date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
  }
  return {line, length};
}

}  // namespace

Exchange::Exchange(Server& server, net::Stream& stream, net::Timer& timer, const net::Address& peer,
                   std::string& input)
    : server_(server),
      loop_(server.loop_),
      stream_(stream),
      timer_(timer),
      peer_(peer),
      input_(input),
      started_(loop_.now()) {}

// Also where the handler threw, or the server stops in the middle.
Exchange::~Exchange() {
  if (begun_ && !whole()) break_off();
}

/// Ends an answer that isn't whole: where only the end of the connection ends the body, that end must not look clean.
void Exchange::break_off() {
  if (begun_ && !chunked_ && !length_left_) {
    stream_.abort();
  } else {
    stream_.close();
  }
}

bool Exchange::is_tls() const { return stream_.is_tls(); }

// --- request --------------------------------------------------------------------------------------------------------

net::Task<Result<std::string_view>> Exchange::read_body() {
  if (body_read_) return nothing_to_read();
  return head_.framing == wire::Framing::length ? read_sized_body() : read_chunked_body();
}

net::Task<Result<std::string_view>> Exchange::nothing_to_read() {
  co_return std::string_view(body_);
}

net::Task<Status> Exchange::invite_body() {
  if (!head_.expect_continue || input_.size() > head_bytes_) co_return Status{};
  constexpr std::string_view invitation = "HTTP/1.1 100 Continue\r\n\r\n";
  iovec part{const_cast<char*>(invitation.data()), invitation.size()};
  const net::WriteBounds bounds{.stall = server_.limits_.write_stall_timeout, .gone = &client()};
  const Wake wake = co_await net::write_all(loop_, timer_, stream_, {&part, 1}, bounds);
  if (wake != Wake::writable) co_return client_gone("before the body");
  co_return Status{};
}

net::Task<Status> Exchange::more_body(std::span<char> into, TimePoint began, std::size_t so_far,
                                      std::size_t& got) {
  for (;;) {
    const IoResult read = stream_.read(into);
    if (read.kind == IoResult::Kind::ok) {
      got = read.bytes;
      co_return Status{};
    }
    if (read.kind != IoResult::Kind::again) co_return client_gone("within the body");
    const ServerLimits& limits = server_.limits_;
    const auto earned = std::chrono::seconds(static_cast<std::int64_t>(so_far) /
                                             ServerLimits::body_bytes_per_second_min);
    const TimePoint deadline =
        std::min(loop_.now() + limits.body_idle_timeout, began + limits.body_idle_timeout + earned);
    net::Descriptor& self = stream_.descriptor();
    const WaitFor what{.read = read.wants_write ? nullptr : &self,
                       .write = read.wants_write ? &self : nullptr,
                       .deadline = deadline};
    if (co_await net::Wait(loop_, timer_, what) == Wake::timeout) {
      co_return fail(Errc::request_timeout, Side::client,
                     "the request body came too slowly (body_idle_timeout_ms)");
    }
  }
}

net::Task<Result<std::string_view>> Exchange::read_sized_body() {
  const std::uint64_t length = head_.content_length;
  if (length > server_.limits_.body_bytes_max) {
    co_return fail(Errc::body_too_large, Side::client,
                   "the body has more than " + std::to_string(server_.limits_.body_bytes_max) +
                       " bytes (max_body_bytes)");
  }
  const auto size = static_cast<std::size_t>(length);
  if (input_.size() - head_bytes_ >= size) {
    // The usual case: it came with the head, and stays where it is. The views of the head stay valid, and the padding is
    // in reserve: see Session::read_head.
    if (!body_lease_.grow(server_.budget_, size)) co_return too_many_bodies();
    consumed_ = head_bytes_ + size;
    body_read_ = true;
    co_return std::string_view(input_).substr(head_bytes_, size);
  }
  CO_CHECK(co_await invite_body());
  // What is announced takes address space at once, but memory and budget only as it comes.
  body_.reserve(size + parser_padding);
  body_.assign(input_, head_bytes_);
  input_.resize(head_bytes_);
  consumed_ = head_bytes_;
  const TimePoint began = loop_.now();
  while (body_.size() < size) {
    const std::size_t left = size - body_.size();
    const std::span<char> scratch = loop_.scratch().first(std::min(left, loop_.scratch().size()));
    const std::size_t leased = body_lease_.bytes();
    const std::size_t needed = body_.size() + scratch.size();
    if (leased < needed) {
      const std::size_t step = std::max(needed - leased, lease_step_bytes);
      if (!body_lease_.grow(server_.budget_, std::min(step, size - leased))) {
        co_return too_many_bodies();
      }
    }
    std::size_t got = 0;
    CO_CHECK(co_await more_body(scratch, began, body_.size(), got));
    body_.append(scratch.data(), got);
  }
  body_read_ = true;
  co_return std::string_view(body_);
}

net::Task<Result<std::string_view>> Exchange::read_chunked_body() {
  CO_CHECK(co_await invite_body());
  wire::ChunkedDecoder decoder(Side::client);
  const std::uint64_t bytes_max = server_.limits_.body_bytes_max;
  const TimePoint began = loop_.now();
  std::size_t raw_bytes = 0;
  const std::string behind_head = input_.substr(head_bytes_);
  input_.resize(head_bytes_);  // shrinks: the views of the head stay valid
  consumed_ = head_bytes_;
  std::string_view in = behind_head;
  for (;;) {
    while (!in.empty()) {
      CO_TRY(const auto step, decoder.step(in));
      in.remove_prefix(step.consumed);
      // A chunk too large is refused by what it announces, before its bytes come.
      if (body_.size() + step.data.size() + decoder.chunk_bytes_left() > bytes_max) {
        co_return fail(
            Errc::body_too_large, Side::client,
            "the body has more than " + std::to_string(bytes_max) + " bytes (max_body_bytes)");
      }
      if (body_.size() + step.data.size() > body_lease_.bytes() &&
          !body_lease_.grow(server_.budget_, std::max<std::size_t>(step.data.size(), 65536))) {
        co_return too_many_bodies();
      }
      body_ += step.data;
      if (step.done) {
        pipelined_ = in;
        body_.reserve(body_.size() + parser_padding);
        body_read_ = true;
        co_return std::string_view(body_);
      }
    }
    std::size_t got = 0;
    const auto scratch = loop_.scratch();
    CO_CHECK(co_await more_body(scratch, began, raw_bytes, got));
    raw_bytes += got;
    in = {scratch.data(), got};
  }
}

void Exchange::drop_body() {
  release(body_);
  body_lease_.release();
}

void Exchange::release_request() {
  if (!body_read_ || consumed_ == 0) return;  // can't be, or is done
  drop_body();
  head_ = wire::RequestHead{};
  path_ = query_ = {};
  // What was pipelined behind this request stays, and may end with a body that needs its padding.
  std::string rest;
  if (const std::size_t bytes = input_.size() - consumed_ + pipelined_.size(); bytes > 0) {
    rest.reserve(bytes + parser_padding);
    rest.append(input_, consumed_);
    rest += std::exchange(pipelined_, {});
  }
  rest.swap(input_);  // by moving, a short rest would keep the old memory
  release(rest);
  consumed_ = head_bytes_ = 0;
}

// --- answer ---------------------------------------------------------------------------------------------------------

std::string Exchange::make_head(int status, std::string_view fields,
                                std::optional<std::uint64_t> length) {
  wire::HeadWriter head(fields.size() + extra_fields.size() + 256);
  head.status_line(status);
  head.raw(fields);
  head.raw(extra_fields);
  head.field("x-request-id", id_.str());
  const bool no_body = status == 204 || status == 304;
  if (server_.counts_.draining.load(std::memory_order_relaxed)) keep_alive_ = false;
  if (length) {
    if (!no_body) head.field("content-length", *length);
  } else if (http10_) {
    keep_alive_ = false;
  } else if (!no_body) {
    chunked_ = true;
    head.raw("transfer-encoding: chunked\r\n");
  }
  if (!keep_alive_) {
    head.raw("connection: close\r\n");
  } else if (http10_) {
    head.raw("connection: keep-alive\r\n");
  }
  head.end();
  return head.take();
}

void Exchange::begin(int status, std::string_view fields, std::optional<std::uint64_t> length) {
  assert(!begun_);
  begun_ = true;
  status_ = status;
  if (!body_read_ && head_.framing == wire::Framing::length &&
      head_.content_length <= input_.size() - head_bytes_) {
    // Nobody wanted the body, but it is here: the next request begins behind it.
    consumed_ = head_bytes_ + static_cast<std::size_t>(head_.content_length);
    body_read_ = true;
  }
  if (!body_read_) keep_alive_ = false;  // what follows on this connection is an unread body
  unsent_ = make_head(status, fields, length);
  length_left_ = length;
}

Written Exchange::write(std::string_view bytes) {
  assert(begun_ && !finished_);
  if (lost_) return Written::gone;
  std::array<iovec, 4> parts;
  std::size_t count = 0;
  char chunk_head[wire::chunk_head_bytes_max];
  const auto add = [&](std::string_view text) {
    if (!text.empty()) parts[count++] = {const_cast<char*>(text.data()), text.size()};
  };
  add(unsent_);
  if (!head_request_ && !bytes.empty()) {
    if (length_left_) {
      if (bytes.size() > *length_left_) {
        // More than was announced would be read as the next answer.
        cut_ = true;
        return Written::gone;
      }
      *length_left_ -= bytes.size();
    }
    if (chunked_) add({chunk_head, wire::append_chunk_head(chunk_head, bytes.size())});
    add(bytes);
    if (chunked_) add(wire::chunk_tail);
    body_bytes_ += bytes.size();
  }
  std::span<iovec> left(parts.data(), count);
  while (!left.empty()) {
    const IoResult put = stream_.write(left);
    if (put.kind == IoResult::Kind::error || put.kind == IoResult::Kind::eof) {
      lost_ = true;
      return Written::gone;
    }
    if (put.kind == IoResult::Kind::again) break;
    left = net::after_bytes(left, put.bytes);
  }
  if (left.empty()) {
    if (!unsent_.empty()) release(unsent_);
    return Written::done;
  }
  std::string rest;
  std::size_t rest_bytes = 0;
  for (const iovec& part : left) rest_bytes += part.iov_len;
  rest.reserve(rest_bytes);
  for (const iovec& part : left) rest.append(static_cast<const char*>(part.iov_base), part.iov_len);
  unsent_ = std::move(rest);
  return Written::blocked;
}

net::Task<Status> Exchange::flush() {
  if (lost_) co_return client_gone("within the answer");
  if (unsent_.empty()) co_return Status{};
  iovec part{unsent_.data(), unsent_.size()};
  const net::WriteBounds bounds{.stall = server_.limits_.write_stall_timeout, .gone = &client()};
  const Wake wake = co_await net::write_all(loop_, timer_, stream_, {&part, 1}, bounds);
  lost_ = wake != Wake::writable;
  release(unsent_);
  if (wake == Wake::timeout) {
    co_return client_gone("the client took nothing for write_stall_timeout_ms");
  }
  if (lost_) co_return client_gone("within the answer");
  co_return Status{};
}

net::Task<Status> Exchange::finish() {
  assert(begun_ && !finished_);
  if (lost_) co_return client_gone("within the answer");
  if (chunked_ && !head_request_) unsent_ += wire::chunked_end;
  if (length_left_.value_or(0) != 0 && !head_request_) {
    cut_ = true;  // fewer bytes than announced: never a clean end
    co_return fail(Errc::internal, Side::gateway, "the answer is shorter than its length");
  }
  if (!unsent_.empty()) {
    iovec part{unsent_.data(), unsent_.size()};
    const IoResult put = stream_.write({&part, 1});
    if (put.kind == IoResult::Kind::ok && put.bytes == unsent_.size()) {
      release(unsent_);
    } else {
      if (put.kind == IoResult::Kind::ok) unsent_.erase(0, put.bytes);
      CO_CHECK(co_await flush());
    }
  }
  finished_ = true;
  co_return Status{};
}

net::Task<Status> Exchange::respond(int status, std::string_view content_type,
                                    std::string_view body, std::string_view fields) {
  std::string lines;
  lines.reserve(fields.size() + content_type.size() + 64);
  lines += date_field(loop_.wall_now());
  if (!content_type.empty()) ((lines += "content-type: ") += content_type) += "\r\n";
  lines += fields;
  begin(status, lines, body.size());
  const Written written = write(body);
  if (written == Written::gone) co_return client_gone("before the answer");
  if (written == Written::blocked) CO_CHECK(co_await flush());
  co_return co_await finish();
}

net::Task<Status> Exchange::refuse(const Error& error, std::string_view fields) {
  const int status = http_status(error.code);
  if (status == 0) co_return std::unexpected(error);
  std::string lines = "x-sluice-error: ";
  (lines += to_string(error.code)) += "\r\n";
  lines += fields;
  const std::string body = server_.handler_.error_body(path_, error, id_.str());
  co_return co_await respond(status, "application/json", body, lines);
}

}  // namespace sluice::http

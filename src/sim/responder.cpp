#include "sim/responder.hpp"

#include <fmt/format.h>

#include "wire/chunked.hpp"

namespace sluice::sim {
namespace {

constexpr std::size_t batch_bytes = 16 * 1024;
/// A stream at full speed lets others run after so much.
constexpr std::uint64_t turn_bytes = 256 * 1024;
constexpr std::size_t padding_line_bytes = 4000;
/// Content events that come whole before the broken one.
constexpr std::uint64_t good_events = 2;

std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 413: return "Payload Too Large";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Unknown";
  }
}

/// From `from` on, every LF becomes CRLF: JSON text holds none of its own.
void to_crlf(std::string& text, std::size_t from) {
  std::string lines;
  for (const char c : std::string_view(text).substr(from)) {
    if (c == '\n') lines += '\r';
    lines += c;
  }
  text.replace(from, std::string::npos, lines);
}

void append_chunk(std::string_view bytes, std::string& out) {
  char size[wire::chunk_head_bytes_max];
  out.append(size, wire::append_chunk_head(size, bytes.size()));
  out += bytes;
  out += wire::chunk_tail;
}

}  // namespace

Responder::Responder(ThreadShared& shared, net::Timer& timer, net::Stream& stream,
                     const Parameters& parameters, const Dialect& dialect,
                     std::string_view request_id, Form form)
    : shared_(shared),
      timer_(timer),
      stream_(stream),
      parameters_(parameters),
      dialect_(dialect),
      request_id_(request_id),
      form_(form),
      writer_(shared.loop, shared.pacer, timer, stream, parameters,
              parameters.seed.value_or(shared.random.next())),
      encoder_(ContentEncoder::make(parameters.coding)) {}

std::string Responder::head(const Reply& reply, std::optional<std::size_t> length) {
  std::string out =
      fmt::format("HTTP/1.1 {} {}\r\ncontent-type: {}\r\nrequest-id: {}\r\n{}", reply.status,
                  reason_of(reply.status), reply.content_type, request_id_, reply.fields);
  const auto put = std::back_inserter(out);
  if (parameters_.retry_after) fmt::format_to(put, "retry-after: {}\r\n", *parameters_.retry_after);
  if (encoder_) fmt::format_to(put, "content-encoding: {}\r\n", to_string(parameters_.coding));
  const bool delimited = chunked() || (length && !parameters_.no_length);
  keeps_alive_ = form_.keep_alive && delimited && !parameters_.close_after;
  if (length && !parameters_.no_length && parameters_.garbage != Garbage::chunk) {
    fmt::format_to(put, "content-length: {}\r\n", *length);
  } else if (chunked()) {
    out += "transfer-encoding: chunked\r\n";
  }
  if (!form_.keep_alive || !delimited) out += "connection: close\r\n";
  for (std::size_t left = parameters_.head_bytes; out.size() + 16 < left;) {
    const std::size_t size = std::min(padding_line_bytes, left - out.size() - 15);
    out += "x-padding: ";
    out.append(size, 'p');
    out += "\r\n";
  }
  return out + "\r\n";
}

net::Task<Ending> Responder::send(Reply reply) {
  status_ = reply.status;
  if (parameters_.first.count() > 0) {
    const TimePoint at = Pacer::now() + parameters_.first;
    const bool there = co_await shared_.pacer.sleep_until(at, timer_, &stream_.descriptor());
    if (!there) co_return Ending::cut_by_client;
  }
  if (parameters_.garbage == Garbage::head) {
    std::string garbage = "\x16\x03\x01 this is not HTTP\n\n";
    const Sent sent = co_await writer_.write(std::move(garbage));
    status_ = 0;
    stream_.close();
    co_return sent == Sent::client_left ? Ending::cut_by_client : Ending::cut_by_fault;
  }
  if (reply.events && !form_.head_request) {
    std::string started = head(reply, std::nullopt);
    co_return co_await send_events(*reply.events, std::move(started));
  }
  co_return co_await send_body(reply);
}

net::Task<Ending> Responder::send_body(Reply& reply) {
  bool faulty = false;
  std::string body = std::move(reply.body);
  if (parameters_.garbage == Garbage::json || parameters_.garbage == Garbage::sse) {
    body.resize(body.size() / 2);
    faulty = true;
  }
  if (encoder_) {
    std::string coded;
    encoder_->encode(body, true, coded);
    body = std::move(coded);
  }
  std::string out = head(reply, body.size());
  if (parameters_.garbage == Garbage::chunk) {
    out += "zz\r\n";
    faulty = true;
  }
  if (!form_.head_request) out += body;
  const Sent sent = co_await writer_.write(std::move(out));
  if (sent == Sent::ok && reply.claim) {
    claim_ = std::move(reply.claim);
    output_sent_ = claim_->output;
  }
  if (sent != Sent::ok || parameters_.garbage == Garbage::chunk) keeps_alive_ = false;
  if (sent == Sent::ok && faulty) co_return Ending::cut_by_fault;
  co_return ending_of(sent);
}

Responder::After Responder::produce(EventSource& events, std::string& out) {
  if (!parameters_.error_event.empty() && event_ == parameters_.error_at) {
    const std::size_t from = out.size();
    out += dialect_.error_event(parameters_.error_event, request_id_);
    if (parameters_.crlf) to_crlf(out, from);
    return After::cut;
  }
  const std::size_t from = out.size();
  const auto event = events.next(out);
  if (!event) return After::end;
  ++event_;
  if (*event == EventSource::Event::content) {
    ++content_events_;
    if (content_events_ == good_events + 1) {
      if (parameters_.garbage == Garbage::chunk) {
        out.resize(from);
        return After::bad_chunk;
      }
      if (parameters_.garbage == Garbage::sse) {
        out.resize(from);
        out += "event content_block_delta\ndata\x01{{\n: \xff\xfe\n\n";
      } else if (parameters_.garbage == Garbage::json) {
        const std::size_t data = out.find("data: ", from);
        out.resize(data + (out.size() - data) / 2);
        out += "\n\n";
      }
    }
  }
  if (parameters_.crlf) to_crlf(out, from);
  return parameters_.hold && content_events_ > 0 ? After::hold : After::more;
}

void Responder::frame(std::string_view bytes, bool last, std::string& out) {
  std::string coded;
  if (encoder_) {
    encoder_->encode(bytes, last, coded);
    bytes = coded;
  }
  if (!bytes.empty()) {
    if (chunked()) {
      append_chunk(bytes, out);
    } else {
      out += bytes;
    }
  }
  if (last && chunked()) out += wire::chunked_end;
}

void Responder::note(const EventSource& events) {
  const Claim& told = events.claim();
  if (!claim_ || claim_->output != told.output || claim_->input != told.input) claim_ = told;
  output_sent_ = events.output_so_far();
}

Ending Responder::ending_of(Sent sent) const {
  switch (sent) {
    case Sent::ok: return Ending::completed;
    case Sent::blocked:
    case Sent::client_left: return Ending::cut_by_client;
    case Sent::fault: return Ending::cut_by_fault;
  }
  return Ending::completed;
}

net::Task<Ending> Responder::send_events(EventSource& events, std::string head) {
  const bool paced = parameters_.rate > 0;
  const bool batched = writer_.is_plain() && !paced && !encoder_;
  const TimePoint start = Pacer::now();
  std::uint64_t turn_ends = turn_bytes;
  for (;;) {
    // Everything up to the write happens without a co_await: the thread's batch is ours.
    std::string& batch = shared_.batch;
    batch.clear();
    After after = produce(events, batch);
    while (batched && after == After::more && batch.size() < batch_bytes)
      after = produce(events, batch);
    const bool over = after == After::end || after == After::cut;
    std::string framed = std::exchange(head, {});
    framed.reserve(framed.size() + batch.size() + 2 * wire::chunk_head_bytes_max);
    frame(batch, over, framed);
    if (after == After::bad_chunk) framed += "zz\r\nnot a chunk\r\n";

    std::string_view rest = framed;
    Sent sent = writer_.is_plain() ? writer_.write_now(rest) : Sent::blocked;
    if (sent == Sent::blocked) {
      framed.erase(0, framed.size() - rest.size());
      sent = co_await writer_.write(std::move(framed));
    }
    if (sent != Sent::ok) {
      keeps_alive_ = false;
      co_return ending_of(sent);
    }
    note(events);
    if (over)
      co_return after == After::cut || parameters_.no_stop ? Ending::cut_by_fault
                                                           : Ending::completed;
    if (after == After::bad_chunk) {
      keeps_alive_ = false;
      co_return Ending::cut_by_fault;
    }
    if (after == After::hold) {
      keeps_alive_ = false;
      co_await writer_.wait_for_client_to_leave();
      co_return Ending::cut_by_client;
    }
    if (!paced && writer_.bytes_sent() < turn_ends) continue;
    turn_ends = writer_.bytes_sent() + turn_bytes;
    const auto due = std::chrono::duration_cast<TimePoint::duration>(
        std::chrono::duration<double>(paced ? static_cast<double>(event_) / parameters_.rate : 0));
    std::string().swap(framed);
    const bool there =
        co_await shared_.pacer.sleep_until(start + due, timer_, &stream_.descriptor());
    if (!there) {
      keeps_alive_ = false;
      co_return Ending::cut_by_client;
    }
  }
}

}  // namespace sluice::sim

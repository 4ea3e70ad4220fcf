#include "relay/relay_stream.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/log.hpp"
#include "base/release.hpp"
#include "relay/response_fields.hpp"

namespace sluice::relay {
namespace {

using dialect::StreamPhase;
using http::BodyRead;
using metrics::AttemptResult;
using metrics::Outcome;
using net::WaitFor;
using net::Wake;

/// What a stream that we begin ourselves says of itself.
constexpr std::string_view event_stream_fields =
    "content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache, no-transform\r\n"
    "x-accel-buffering: no\r\n";
/// A proxy in front of us shall not collect what we send at once.
constexpr std::string_view unbuffered_field = "x-accel-buffering: no\r\n";

std::unexpected<Error> invalid(std::string what) {
  return fail(Errc::upstream_invalid, Side::provider, std::move(what), Retry::other_account);
}

std::string_view field(const wire::ResponseHead& head, std::string_view name) {
  const wire::HeaderField* found = head.find(name);
  return found == nullptr ? std::string_view() : found->value;
}

bool looks_like_events(std::string_view bytes) {
  return bytes.starts_with("event:") || bytes.starts_with("data:") || bytes.starts_with(":") ||
         bytes.starts_with("\xEF\xBB\xBF");
}

AttemptResult result_of_status(int status) {
  if (status < 400) return AttemptResult::ok;
  if (status == 429) return AttemptResult::http_429;
  return status < 500 ? AttemptResult::http_4xx : AttemptResult::http_5xx;
}

bool has_come(Wake wake) { return wake == Wake::readable || wake == Wake::writable; }

TimePoint after(TimePoint now, Milliseconds limit) {
  return limit.count() == 0 ? time_never : now + limit;
}

}  // namespace

RelayStream::RelayStream(RelayContext& context, RelayRequest request, routing::AccountLease lease)
    : context_(context), request_(std::move(request)), lease_(std::move(lease)) {
  const RelayLimits& limits = request_.snapshot->limits;
  const TimePoint now = context_.loop.now();
  total_deadline_ = after(request_.record->started, limits.total_timeout);
  if (request_.stream) keepalive_at_ = after(now, limits.early_head);
  if (!request_.edited_body.empty()) request_.body = request_.edited_body;
}

RelayStream::~RelayStream() {
  RequestRecord& record = *request_.record;
  if (!client_is_there_ || (!complete_ && !broken_ && record.outcome == Outcome::internal)) {
    record.outcome = Outcome::client_closed;
  }
  if (tap_) {
    record.usage = usage();
    record.events = tap_->events();
    context_.metrics.stream_events.add(record.events - seen_events_);
  }
  if (output_begun_ && tap_) context_.metrics.streams_active.add(-1);
  if (request_.exchange.begun()) record.status = request_.exchange.status();
  record.bytes_to_client = request_.exchange.body_bytes();
  context_.metrics.attempts.of(record.provider, attempt_).add();
  if (provider_) provider_->abandon();
  lease_.release();
  request_.key_slot.release();
  request_.record.settle();
}

const provider::Upstream& RelayStream::upstream() const {
  return request_.snapshot->upstreams[lease_.index()];
}

void RelayStream::note_failure(const Error& error) {
  RequestRecord& record = *request_.record;
  record.reason = error.context;
  switch (error.code) {
    case Errc::client_gone:
      record.outcome = Outcome::client_closed;
      attempt_ = AttemptResult::cancelled;
      return;
    case Errc::upstream_timeout:
      record.outcome = Outcome::timeout;
      attempt_ = AttemptResult::timeout;
      return;
    case Errc::upstream_unreachable:
      record.outcome = Outcome::upstream_error;
      attempt_ = AttemptResult::connect_failed;
      return;
    case Errc::upstream_invalid:
      record.outcome = output_begun_ ? Outcome::upstream_cut : Outcome::upstream_error;
      attempt_ = output_begun_ ? AttemptResult::cut : AttemptResult::invalid;
      return;
    default:
      record.outcome = Outcome::internal;
      broken_ = true;
      return;
  }
}

// --- before the first output ------------------------------------------------------------------------------------------

net::Task<Status> RelayStream::start() {
  Status done = co_await call();
  if (done) done = co_await prepare();
  if (done) done = conclude();
  if (done) {
    request_.body = {};
    release(request_.edited_body);
    co_return Status{};
  }
  note_failure(done.error());
  // Settled before the refusal goes out, but with what it will say.
  request_.record->status = http_status(done.error().code);
  if (provider_) provider_->abandon();
  if (done.error().code == Errc::client_gone || !committed_) co_return done;
  co_return tell_in_band(done.error());
}

net::Task<Status> RelayStream::call() {
  Status done = co_await call_once(false);
  // A kept-alive connection that the provider closed meanwhile: it saw nothing of this request, so a new connection is
  // the same attempt.
  if (!done && provider_ && provider_->untouched() &&
      done.error().code == Errc::upstream_unreachable) {
    done = co_await call_once(true);
  }
  co_return done;
}

net::Task<Status> RelayStream::call_once(bool fresh) {
  http::Exchange& client = request_.exchange;
  RequestRecord& record = *request_.record;
  const RelayLimits& limits = request_.snapshot->limits;
  const provider::Upstream& to = upstream();
  provider_.reset();
  std::unique_ptr<http::Connection> connection;
  if (!fresh) connection = context_.connections.take_idle(to.origin);
  record.called = std::min(record.called, context_.loop.now());
  record.attempts = 1;
  net::Descriptor* const gone = client_is_there_ ? &client.client() : nullptr;
  if (!connection) {
    const TimePoint deadline =
        std::min(context_.loop.now() + limits.connect_timeout, total_deadline_);
    CO_TRY(connection,
           co_await context_.connections.dial(client.timer(), to.origin, deadline, gone));
  }
  provider_ = std::make_unique<http::ClientExchange>(context_.loop, context_.connections,
                                                     std::move(connection));
  std::optional<std::uint64_t> body_bytes;
  // Whatever is sent has its length told: the bytes of a GET's body must not become a request of their own.
  if (request_.method == "POST" || !request_.body.empty()) body_bytes = request_.body.size();
  const provider::OutgoingRequest outgoing{
      .method = request_.method,
      .path = request_.path,
      .query = request_.query,
      .head = client.head(),
      .body_bytes = body_bytes,
      .uncompressed = request_.stream && limits.early_head.count() > 0};
  std::string head = provider::anthropic_request_head(to, outgoing);
  record.bytes_to_provider = request_.body.size();
  CO_CHECK(
      co_await provider_->send(client.timer(), head, request_.body, limits.idle_timeout, gone));
  release(head);
  const TimePoint deadline = after(context_.loop.now(), limits.first_byte_timeout);
  for (;;) {
    CO_TRY(const bool here, provider_->read_head(request_.method == "HEAD"));
    if (here) co_return Status{};
    const WaitFor what = waits(false, deadline);
    const Wake wake = co_await net::Wait(context_.loop, client.timer(), what);
    if (!has_come(wake)) {
      CO_CHECK(co_await after_silence(wake, deadline, "first_byte_timeout_ms"));
    }
  }
}

void RelayStream::choose_form(std::string_view first_bytes) {
  const wire::ResponseHead& head = provider_->head();
  const std::string_view type = field(head, "content-type");
  const std::string_view encoding = field(head, "content-encoding");
  // Some servers send events under another type, so the first bytes have a say; and a stream request may well be
  // answered with one document.
  const bool events = ascii::istarts_with(type, "text/event-stream") ||
                      (request_.stream && encoding.empty() && looks_like_events(first_bytes));
  form_ = events && head.status == 200 ? Form::events : Form::whole;
  if (auto decoder = wire::ContentDecoder::make(encoding)) {
    decoder_ = std::move(*decoder);
  } else {
    // Nobody here can tell its events, or whether they are all there: bytes like any others.
    readable_ = false;
    form_ = Form::whole;
    log::debug("usage.unreadable request={} reason={}", request_.record->id.str(),
               log::quoted(decoder.error().context));
  }
  if (form_ == Form::events) {
    tap_ = request_.dialect.make_tap();
    if (decoder_) form_ = Form::encoded;
  } else {
    copying_ = decoder_ != nullptr;
  }
}

net::Task<Status> RelayStream::prepare() {
  const RelayLimits& limits = request_.snapshot->limits;
  idle_deadline_ = after(context_.loop.now(), limits.idle_timeout);
  const auto has_output = [this] {
    return held_.size() > held_bytes_max || (tap_ && tap_->phase() != StreamPhase::preamble);
  };
  while (!has_output()) {
    CO_TRY(const BodyRead read, provider_->read_body());
    switch (read.kind) {
      case BodyRead::Kind::end:
        if (form_ == Form::undecided) choose_form({});
        body_ended_ = true;
        co_return Status{};
      case BodyRead::Kind::again: {
        const WaitFor what = waits(read.wants_write, idle_deadline_);
        const Wake wake = co_await net::Wait(context_.loop, request_.exchange.timer(), what);
        if (!has_come(wake)) {
          CO_CHECK(co_await after_silence(wake, idle_deadline_, "idle_timeout_ms"));
        }
        break;
      }
      case BodyRead::Kind::bytes:
        if (form_ == Form::undecided) choose_form(read.bytes);
        if (held_.empty()) reserve_spare(held_, read.bytes.size());
        held_ += read.bytes;
        meter(read.bytes);
        break;
    }
  }
  co_return Status{};
}

Status RelayStream::conclude() {
  const wire::ResponseHead& head = provider_->head();
  RequestRecord& record = *request_.record;
  status_ = head.status;
  attempt_ = result_of_status(status_);
  if (status_ == 401) lease_.want_refresh();
  if (status_ >= 300 && status_ < 400 && status_ != 304) {
    return invalid("the provider answered with a redirect, which is never followed");
  }
  CHECK_OK(tap_ ? conclude_events() : conclude_document());
  provider::mask_credential(upstream(), fields_);
  record.first_event = context_.loop.now();
  if (provider_) provider_->release_head();
  return {};
}

Status RelayStream::conclude_events() {
  // Nothing has reached the client yet, so an error or a cut in what is held is still told by the status.
  if (const dialect::StreamError* error = tap_->error(); error != nullptr) {
    if (committed_) {
      if (form_ == Form::encoded)
        return invalid("the provider failed, and said why in another coding");
      note_told_failure();  // the provider's own event tells it; it is in `held_`
      held_.resize(held_.size() - std::min(tap_->pending(), held_.size()));
      provider::mask_credential(upstream(), held_);
      return {};
    }
    note_told_failure();
    broken_ = false;
    status_ = error->http_equivalent;
    fields_ = client_fields(provider_->head(), Body::rewritten);
    fields_ += "content-type: application/json\r\n";
    held_ = error->body;
    provider::mask_credential(upstream(), held_);
    length_ = held_.size();
    form_ = Form::whole;
    body_ended_ = true;
    complete_ = true;  // this document is: the client's connection lives on
    provider_->abandon();
    return {};
  }
  if (body_ended_ && tap_->phase() != StreamPhase::complete) {
    return invalid("the provider's stream ended before it was complete");
  }
  if (committed_ && form_ == Form::encoded) {
    return invalid("the provider compressed a stream that had begun without (early_head_ms)");
  }
  fields_ = client_fields(provider_->head(), Body::as_is);
  if (provider_->head().find("x-accel-buffering") == nullptr) fields_ += unbuffered_field;
  if (body_ended_) end_of_body();
  return {};
}

Status RelayStream::conclude_document() {
  const wire::ResponseHead& head = provider_->head();
  RequestRecord& record = *request_.record;
  if (status_ >= 400) record.outcome = Outcome::upstream_error;
  if (committed_) {
    if (status_ < 400) return invalid("a stream was asked for, and one document came");
    dialect::ProviderError told =
        request_.dialect.read_error(status_, decoder_ ? document_ : held_);
    if (told.message.empty()) {
      told.message = "the provider answered with status " + std::to_string(status_);
    }
    provider::mask_credential(upstream(), told.message);
    const dialect::Refusal refusal{.code = Errc::upstream_invalid,
                                   .status = status_,
                                   .message = told.message,
                                   .request_id = record.id.str()};
    error_event_ = request_.dialect.error_event(refusal);
    held_.clear();
    broken_ = true;
    return {};
  }
  fields_ = client_fields(head, Body::as_is);
  if (body_ended_) {
    // What hides in a compressed refusal can only be masked in clear, and then stays so.
    if (status_ >= 400 && decoder_ && provider::mask_credential(upstream(), document_)) {
      held_ = document_;
      fields_ = client_fields(head, Body::rewritten);
      ((fields_ += "content-type: ") += field(head, "content-type")) += "\r\n";
    } else if (status_ >= 400) {
      provider::mask_credential(upstream(), held_);
    }
    const bool head_only = request_.method == "HEAD";
    if (!head_only) {
      length_ = held_.size();
    } else if (head.find("content-length") != nullptr) {
      length_ = head.content_length;
    }
    end_of_body();
    return {};
  }
  if (status_ >= 400) return invalid("the provider's error is longer than we relay");
  if (head.framing == wire::Framing::length) length_ = head.content_length;
  if (!decoder_ && readable_ && held_lease_.grow(context_.budget, held_.size())) {
    document_ = held_;
    copying_ = true;
  }
  return {};
}

Status RelayStream::tell_in_band(const Error& error) {
  const RequestRecord& record = *request_.record;
  const dialect::Refusal refusal{.code = error.code,
                                 .status = http_status(error.code),
                                 .message = error.context,
                                 .request_id = record.id.str()};
  held_.clear();
  error_event_ = request_.dialect.error_event(refusal);
  broken_ = true;
  return {};
}

// --- waiting ----------------------------------------------------------------------------------------------------------

bool RelayStream::go_on_without_client() {
  const RelayLimits& limits = request_.snapshot->limits;
  if (limits.on_client_gone == ClientGone::cancel || !request_.record->billable) return false;
  if (client_is_there_) {
    client_is_there_ = false;
    total_deadline_ = std::min(total_deadline_, context_.loop.now() + limits.drain_limit);
  }
  return true;
}

TimePoint RelayStream::keepalive_due() const {
  if (!client_is_there_) return time_never;
  // Before the first output: only to begin early. After it: only between two events that we can see.
  if (!output_begun_) return may_begin_early() ? keepalive_at_ : time_never;
  return form_ == Form::events && !in_long_event_ ? keepalive_at_ : time_never;
}

/// Not any more once it is known that something else than a readable stream comes: that has a status of its own.
bool RelayStream::may_begin_early() const {
  if (committed_ || form_ == Form::events) return true;
  const wire::ResponseHead& head = provider_->head();
  if (head.status == 0) return true;
  return form_ == Form::undecided && head.status == 200 &&
         ascii::istarts_with(field(head, "content-type"), "text/event-stream") &&
         field(head, "content-encoding").empty();
}

net::Task<Status> RelayStream::keep_alive() {
  http::Exchange& client = request_.exchange;
  if (!client.begun()) {
    client.begin(200, event_stream_fields, std::nullopt);
    committed_ = true;
  }
  keepalive_at_ = after(context_.loop.now(), request_.snapshot->limits.keepalive);
  const http::Written written = client.write(request_.dialect.keepalive());
  if (written == http::Written::blocked) {
    if (co_await client.flush()) co_return Status{};
  } else if (written == http::Written::done) {
    co_return Status{};
  }
  if (go_on_without_client()) co_return Status{};
  co_return fail(Errc::client_gone, Side::client, "the client left");
}

WaitFor RelayStream::waits(bool wants_write, TimePoint deadline) const {
  net::Descriptor& provider = provider_->descriptor();
  return {.read = wants_write ? nullptr : &provider,
          .write = wants_write ? &provider : nullptr,
          .gone = client_is_there_ ? &request_.exchange.client() : nullptr,
          .deadline = std::min({deadline, total_deadline_, keepalive_due()})};
}

net::Task<Status> RelayStream::after_silence(Wake wake, TimePoint deadline, const char* limit) {
  if (wake == Wake::gone) {
    if (go_on_without_client()) co_return Status{};
    co_return fail(Errc::client_gone, Side::client, "the client left");
  }
  const TimePoint now = context_.loop.now();
  if (now < total_deadline_ && now < deadline) co_return co_await keep_alive();
  co_return out_of_time(limit);
}

std::unexpected<Error> RelayStream::out_of_time(const char* limit) const {
  std::string message = "the provider was silent for longer than ";
  if (context_.loop.now() >= total_deadline_) {
    message = client_is_there_ ? "the answer took longer than total_timeout_ms"
                               : "the answer took longer than drain_limit_seconds";
  } else {
    message += limit;
  }
  return fail(Errc::upstream_timeout, Side::provider, std::move(message), Retry::other_account);
}

// --- while it flows ---------------------------------------------------------------------------------------------------

void RelayStream::meter(std::string_view bytes) {
  const auto read = [this](std::string_view plain) {
    if (tap_) {
      tap_->feed(plain);
    } else if (copying_ && document_.size() + plain.size() <= metered_bytes_max &&
               held_lease_.grow(context_.budget, plain.size())) {
      document_ += plain;
    } else if (copying_) {
      copying_ = false;
      release(document_);
      held_lease_.release();
    }
  };
  if (!decoder_) {
    read(bytes);
  } else if (auto decoded = decoder_->decode(bytes, read); !decoded) {
    log::debug("usage.unreadable request={} reason={}", request_.record->id.str(),
               log::quoted(decoded.error().context));
  }
  if (!tap_) {
    idle_deadline_ = after(context_.loop.now(), request_.snapshot->limits.idle_timeout);
    return;
  }
  // Comments alone are no progress: a stream that only says it is alive ends at the idle limit.
  const std::uint64_t events = tap_->events();
  if (events != seen_events_ || tap_->pending() > 0) {
    idle_deadline_ = after(context_.loop.now(), request_.snapshot->limits.idle_timeout);
    context_.metrics.stream_events.add(events - seen_events_);
    seen_events_ = events;
  }
}

/// What may go out now: all but an event that isn't whole yet, which waits in `held_`. So whatever ends the stream, it
/// ends between two events, and an error of ours can be read. An event beyond the bound passes on in pieces.
std::string_view RelayStream::whole_events(std::string_view bytes) {
  const std::size_t pending = tap_->pending();
  const std::size_t total = held_.size() + bytes.size();
  in_long_event_ = pending > tail_bytes_max;
  const std::size_t keep = in_long_event_ ? 0 : std::min(pending, total);
  if (held_.empty()) {
    if (keep > 0) held_.assign(bytes.substr(total - keep));
    return bytes.substr(0, total - keep);
  }
  held_ += bytes;
  if (keep == total) return {};
  out_ = std::move(held_);
  held_ = out_.substr(total - keep);
  out_.resize(total - keep);
  return out_;
}

std::string_view RelayStream::first_chunk() {
  output_begun_ = true;
  keepalive_at_ = after(context_.loop.now(), request_.snapshot->limits.keepalive);
  if (tap_) context_.metrics.streams_active.add(1);
  if (form_ == Form::events && !body_ended_ && !broken_) return whole_events({});
  out_ = std::move(held_);
  return out_;
}

void RelayStream::end_of_body() {
  body_ended_ = true;
  RequestRecord& record = *request_.record;
  if (tap_) {
    if (tap_->phase() != StreamPhase::complete) {
      break_off(invalid("the provider's stream ended before it was complete").error());
      return;
    }
    complete_ = true;
    record.outcome = Outcome::ok;
    return;
  }
  complete_ = true;
  if (record.outcome == Outcome::internal) record.outcome = Outcome::ok;
  read_document_usage();
}

meter::Usage RelayStream::usage() const {
  if (!tap_) return request_.record->usage;
  meter::Usage usage = tap_->usage();
  // An answer began, so the prompt was read; where the provider never told its size, ours is a guess.
  if (!usage.input_told && output_begun_ && request_.record->billable) {
    const auto bytes = static_cast<std::int64_t>(request_.record->bytes_to_provider);
    usage.tokens.input = meter::estimate_tokens(bytes, 0);
    if (usage.confidence == meter::Confidence::unknown) {
      usage.confidence = meter::Confidence::estimated;
    }
  }
  return usage;
}

void RelayStream::read_document_usage() {
  RequestRecord& record = *request_.record;
  if (!record.billable || status_ != 200) return;
  // Uncopied means that the document is still whole in `held_`.
  const std::string& text = output_begun_ || decoder_ ? document_ : held_;
  if (auto usage = request_.dialect.usage_of_body(text)) record.usage = std::move(*usage);
  release(document_);
  held_lease_.release();
}

/// An error event came: the provider told it itself, and nothing good follows.
void RelayStream::note_told_failure() {
  const dialect::StreamError& error = *tap_->error();
  broken_ = true;
  request_.record->outcome = Outcome::upstream_error;
  request_.record->reason = error.type;
  attempt_ = result_of_status(error.http_equivalent);
}

void RelayStream::break_off(const Error& error) {
  broken_ = true;
  note_failure(error);
  provider_->abandon();
  held_.clear();
  if (form_ != Form::events || !client_is_there_) return;
  const bool within_event = in_long_event_;
  const std::string request_id(request_.record->id.str());
  const dialect::Refusal refusal{.code = error.code,
                                 .status = http_status(error.code),
                                 .message = error.context,
                                 .request_id = request_id};
  error_event_ = request_.dialect.error_event(refusal);
  if (within_event) error_event_.insert(0, "\n\n");
}

net::Task<Result<StreamChunk>> RelayStream::next() {
  if (!out_.empty()) release(out_);
  if (!output_begun_) {
    const std::string_view first = first_chunk();
    if (!first.empty()) co_return Data{first};
  }
  for (;;) {
    if (!error_event_.empty()) {
      out_.swap(error_event_);
      co_return Data{out_};
    }
    if (body_ended_ || broken_) {
      co_return usage();
    }
    // A fast provider before a fast client would never have to wait.
    if (++reads_in_a_row_ == reads_a_turn) {
      reads_in_a_row_ = 0;
      co_await net::Breathe(context_.loop);
      if (context_.loop.now() >= total_deadline_) {
        break_off(out_of_time("").error());
        continue;
      }
    }
    const auto read = provider_->read_body();
    if (!read) {
      break_off(read.error());
      continue;
    }
    if (read->kind == BodyRead::Kind::end) {
      end_of_body();
      continue;
    }
    if (read->kind == BodyRead::Kind::again) {
      reads_in_a_row_ = 0;
      const WaitFor what = waits(read->wants_write, idle_deadline_);
      const Wake wake = co_await net::Wait(context_.loop, request_.exchange.timer(), what);
      if (has_come(wake)) continue;
      const Status waited = co_await after_silence(wake, idle_deadline_, "idle_timeout_ms");
      if (waited) continue;
      if (waited.error().code == Errc::client_gone) {
        note_failure(waited.error());
        co_return std::unexpected(waited.error());
      }
      break_off(waited.error());
      continue;
    }
    meter(read->bytes);
    keepalive_at_ = after(context_.loop.now(), request_.snapshot->limits.keepalive);
    const bool failed = tap_ && tap_->phase() == StreamPhase::failed;
    if (failed) {
      note_told_failure();
      provider_->abandon();
    }
    if (form_ != Form::events) co_return Data{read->bytes};
    std::string_view bytes = whole_events(read->bytes);
    if (failed) {
      std::string masked(bytes);
      if (provider::mask_credential(upstream(), masked)) {
        out_ = std::move(masked);
        bytes = out_;
      }
    }
    if (!bytes.empty()) co_return Data{bytes};
  }
}

}  // namespace sluice::relay

#include "relay/provider_answer.hpp"

#include "base/ascii.hpp"
#include "base/log.hpp"
#include "base/release.hpp"
#include "relay/response_fields.hpp"

namespace sluice::relay {
namespace {

using dialect::StreamPhase;
using http::BodyRead;
using net::WaitFor;
using net::Wake;

std::unexpected<Error> invalid(std::string what) {
  return fail(Errc::upstream_invalid, Side::provider, std::move(what), Retry::other_account);
}

bool looks_like_events(std::string_view bytes) {
  return bytes.starts_with("event:") || bytes.starts_with("data:") || bytes.starts_with(":") ||
         bytes.starts_with("\xEF\xBB\xBF");
}

/// Whether it is worth a parse to know that a good status has no error under it.
bool may_be_error(std::string_view document) {
  return document.substr(0, 64).find("error") != std::string_view::npos;
}

bool has_come(Wake wake) { return wake == Wake::readable || wake == Wake::writable; }

}  // namespace

ProviderAnswer::ProviderAnswer(RelayContext& context, RelayRequest& request, ClientSide& client,
                               const provider::Upstream& upstream, routing::AccountLease lease)
    : context_(context),
      request_(request),
      client_(client),
      upstream_(upstream),
      lease_(std::move(lease)) {}

net::Task<Status> ProviderAnswer::call(std::string_view body) {
  Status done = co_await call_once(body, false);
  // A kept-alive connection that the provider closed meanwhile: it saw nothing of this request, so a new connection is
  // the same attempt.
  if (!done && exchange_ && exchange_->untouched() &&
      done.error().code == Errc::upstream_unreachable) {
    done = co_await call_once(body, true);
  }
  if (done) done = co_await read_until_decided();
  if (done) done = decide();
  co_return done;
}

net::Task<Status> ProviderAnswer::call_once(std::string_view body, bool fresh) {
  const provider::Timeouts& timeouts = upstream_.timeouts;
  AttemptRecord& record = request_.record->attempt;
  exchange_.reset();
  std::unique_ptr<http::Connection> connection;
  if (!fresh) connection = context_.connections.take_idle(upstream_.origin);
  if (!connection) {
    const TimePoint deadline = std::min(context_.loop.now() + timeouts.connect, client_.deadline());
    CO_TRY(connection, co_await context_.connections.dial(client_.timer(), upstream_.origin,
                                                          deadline, client_.gone()));
  }
  exchange_ = std::make_unique<http::ClientExchange>(context_.loop, context_.connections,
                                                     std::move(connection));
  std::optional<std::uint64_t> body_bytes;
  // Whatever is sent has its length told: the bytes of a GET's body must not become a request of their own.
  if (request_.method == "POST" || !body.empty()) body_bytes = body.size();
  const provider::OutgoingRequest outgoing{
      .method = request_.method,
      .path = request_.path,
      .query = request_.query,
      .head = client_.exchange().head(),
      .body_bytes = body_bytes,
      .uncompressed = request_.stream && request_.snapshot->limits.early_head.count() > 0};
  std::string head = provider::anthropic_request_head(upstream_, outgoing);
  record.bytes_to_provider = body.size();
  CO_CHECK(co_await exchange_->send(client_.timer(), head, body, timeouts.idle, client_.gone()));
  release(head);
  const TimePoint deadline = due(context_.loop.now(), timeouts.first_byte);
  for (;;) {
    CO_TRY(const bool here, exchange_->read_head(request_.method == "HEAD"));
    if (here) co_return Status{};
    const WaitFor what =
        client_.watch({.read = &exchange_->descriptor(), .deadline = deadline}, true);
    const Wake wake = co_await net::Wait(context_.loop, client_.timer(), what);
    if (!has_come(wake)) {
      CO_CHECK(co_await client_.after_silence(wake, deadline, "first_byte_timeout_ms"));
    }
  }
}

void ProviderAnswer::choose_form(std::string_view first_bytes) {
  const wire::ResponseHead& head = exchange_->head();
  const std::string_view type = head.value("content-type");
  const std::string_view encoding = head.value("content-encoding");
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

/// A comment may begin the client's stream early, but not any more once it is known that something else than a readable
/// stream comes: that has a status of its own.
bool ProviderAnswer::may_comment() const {
  if (client_.has_early_head() || form_ == Form::events) return true;
  const wire::ResponseHead& head = exchange_->head();
  return form_ == Form::undecided && head.status == 200 &&
         ascii::istarts_with(head.value("content-type"), "text/event-stream") &&
         head.value("content-encoding").empty();
}

net::Task<Status> ProviderAnswer::read_until_decided() {
  idle_deadline_ = due(context_.loop.now(), upstream_.timeouts.idle);
  const TimePoint first_output_due =
      due(request_.record->attempt.called, upstream_.timeouts.first_byte);
  const auto has_output = [this] {
    return held_.size() > held_bytes_max || (tap_ && tap_->phase() != StreamPhase::preamble);
  };
  while (!has_output()) {
    CO_TRY(const BodyRead read, exchange_->read_body());
    switch (read.kind) {
      case BodyRead::Kind::end:
        if (form_ == Form::undecided) choose_form({});
        ended_ = true;
        co_return Status{};
      case BodyRead::Kind::again: {
        net::Descriptor& self = exchange_->descriptor();
        // A stream that only says that it lives has no output either.
        const TimePoint first = tap_ ? first_output_due : time_never;
        const TimePoint deadline = std::min(idle_deadline_, first);
        WaitFor what{.read = &self, .deadline = deadline};
        if (read.wants_write) std::swap(what.read, what.write);
        what = client_.watch(what, may_comment());
        const Wake wake = co_await net::Wait(context_.loop, client_.timer(), what);
        if (!has_come(wake)) {
          const char* limit = first < idle_deadline_ ? "first_byte_timeout_ms" : "idle_timeout_ms";
          CO_CHECK(co_await client_.after_silence(wake, deadline, limit));
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

std::string_view ProviderAnswer::told_body() const {
  if (tap_) return tap_->error() == nullptr ? std::string_view() : tap_->error()->body;
  return decoder_ ? document_ : held_;
}

Status ProviderAnswer::decide() {
  status_ = exchange_->head().status;
  if (status_ >= 300 && status_ < 400 && status_ != 304) {
    return invalid("the provider answered with a redirect, which is never followed");
  }
  if (tap_) {
    if (const dialect::StreamError* error = tap_->error(); error != nullptr) {
      refused_ = true;
      status_ = error->http_equivalent;
    } else if (ended_ && tap_->phase() != StreamPhase::complete) {
      return invalid("the provider's stream ended before it was complete");
    } else if (client_.has_early_head() && form_ == Form::encoded) {
      return invalid("the provider compressed a stream that had begun without (early_head_ms)");
    }
  } else if (status_ >= 400) {
    if (!ended_) return invalid("the provider's error is longer than we relay");
    refused_ = true;
  } else if (ended_ && request_.record->billable && may_be_error(told_body()) &&
             request_.dialect.is_error_body(told_body())) {
    // Some compatible servers put their errors under a 200.
    refused_ = true;
    status_ = request_.dialect.read_error(status_, told_body()).status;
  } else if (client_.has_early_head()) {
    return invalid("a stream was asked for, and one document came");
  }
  if (refused_) told_ = request_.dialect.read_error(status_, told_body());
  return {};
}

WholeAnswer ProviderAnswer::take_refusal() {
  const wire::ResponseHead& head = exchange_->head();
  WholeAnswer answer;
  answer.status = status_;
  answer.message = told_.message;
  if (answer.message.empty()) {
    answer.message = "the provider answered with status " + std::to_string(status_);
  }
  if (tap_) {
    answer.fields = client_fields(head, Body::rewritten);
    answer.fields += "content-type: application/json\r\n";
    answer.body = tap_->error()->body;
    provider::mask_credential(upstream_, answer.body);
  } else if (decoder_ && provider::mask_credential(upstream_, document_)) {
    // What hides in a compressed refusal can only be masked in clear, and then stays so.
    answer.body = document_;
    answer.fields = client_fields(head, Body::rewritten);
    ((answer.fields += "content-type: ") += head.value("content-type")) += "\r\n";
  } else {
    if (!decoder_) provider::mask_credential(upstream_, held_);
    answer.body = std::move(held_);
    answer.fields = client_fields(head, Body::as_is);
  }
  provider::mask_credential(upstream_, answer.message);
  provider::mask_credential(upstream_, answer.fields);
  answer.length = answer.body.size();
  if (request_.method == "HEAD") {
    answer.length = std::nullopt;
    if (head.find("content-length") != nullptr) answer.length = head.content_length;
  }
  return answer;
}

// --- while it flows ---------------------------------------------------------------------------------------------------

Result<BodyRead> ProviderAnswer::read() {
  auto read = exchange_->read_body();
  if (!read) return read;
  if (read->kind == BodyRead::Kind::bytes) meter(read->bytes);
  if (read->kind == BodyRead::Kind::end) ended_ = true;
  return read;
}

void ProviderAnswer::meter(std::string_view bytes) {
  const auto read = [this](std::string_view plain) {
    if (tap_) {
      tap_->feed(plain);
    } else if (copying_ && document_.size() + plain.size() <= metered_bytes_max &&
               copy_lease_.grow(context_.budget, plain.size())) {
      document_ += plain;
    } else if (copying_) {
      copying_ = false;
      release(document_);
      copy_lease_.release();
    }
  };
  if (!decoder_) {
    read(bytes);
  } else if (auto decoded = decoder_->decode(bytes, read); !decoded) {
    log::debug("usage.unreadable request={} reason={}", request_.record->id.str(),
               log::quoted(decoded.error().context));
  }
  if (tap_) {
    const std::uint64_t fresh = new_events();
    // Comments alone are no progress: a stream that only says it is alive ends at the idle limit.
    if (fresh == 0 && tap_->pending() == 0) return;
    context_.metrics.stream_events.add(fresh);
  }
  idle_deadline_ = due(context_.loop.now(), upstream_.timeouts.idle);
}

std::uint64_t ProviderAnswer::new_events() {
  const std::uint64_t events = tap_->events();
  const std::uint64_t fresh = events - seen_events_;
  seen_events_ = events;
  return fresh;
}

void ProviderAnswer::copy_document() {
  if (tap_ || decoder_ || !readable_ || !copy_lease_.grow(context_.budget, held_.size())) return;
  document_ = held_;
  copying_ = true;
}

meter::Usage ProviderAnswer::usage(bool output_begun) const {
  if (!tap_) return request_.record->attempt.usage;
  meter::Usage usage = tap_->usage();
  // An answer began, so the prompt was read; where the provider never told its size, ours is a guess.
  if (!usage.input_told && output_begun && request_.record->billable) {
    const auto bytes = static_cast<std::int64_t>(request_.record->attempt.bytes_to_provider);
    usage.tokens.input = meter::estimate_tokens(bytes, 0);
    if (usage.confidence == meter::Confidence::unknown) {
      usage.confidence = meter::Confidence::estimated;
    }
  }
  return usage;
}

std::optional<meter::TokenCounts> ProviderAnswer::told_tokens() const {
  if (!tap_) {
    const meter::Usage& known = request_.record->attempt.usage;
    return known.input_told ? std::optional(known.tokens) : std::nullopt;
  }
  const meter::Usage known = tap_->usage();
  return known.input_told ? std::optional(known.tokens) : std::nullopt;
}

void ProviderAnswer::read_document(bool from_held) {
  if (request_.record->billable && status_ == 200) {
    const std::string& text = from_held && !decoder_ ? held_ : document_;
    if (auto usage = request_.dialect.usage_of_body(text)) {
      request_.record->attempt.usage = std::move(*usage);
    }
    resource_ = request_.dialect.resource_of_body(text);
  }
  release(document_);
  copy_lease_.release();
}

std::string_view ProviderAnswer::resource() const { return tap_ ? tap_->resource() : resource_; }

}  // namespace sluice::relay

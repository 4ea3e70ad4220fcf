#include "relay/relay_stream.hpp"

#include "base/release.hpp"
#include "relay/in_line.hpp"
#include "relay/response_fields.hpp"

namespace sluice::relay {
namespace {

using dialect::StreamPhase;
using http::BodyRead;
using metrics::AttemptResult;
using metrics::Outcome;
using net::WaitFor;
using net::Wake;

/// A proxy in front of us shall not collect what we send at once.
constexpr std::string_view unbuffered_field = "x-accel-buffering: no\r\n";

}  // namespace

RelayStream::RelayStream(RelayContext& context, RelayRequest request)
    : context_(context),
      request_(std::move(request)),
      client_(request_.exchange, request_.dialect, request_.snapshot->limits,
              {.stream = request_.stream,
               .billable = request_.record->billable,
               .started = request_.record->started}) {}

RelayStream::~RelayStream() {
  RequestRecord& record = *request_.record;
  if (!client_.is_there() || (!complete_ && !broken_ && record.outcome == Outcome::internal)) {
    record.outcome = Outcome::client_closed;
  }
  if (answer_ && answer_->has_tap()) {
    record.attempt.usage = usage();
    record.events = answer_->tap().events();
    context_.metrics.stream_events.add(answer_->new_events());
    if (output_begun_) context_.metrics.streams_active.add(-1);
  }
  if (request_.exchange.begun()) record.status = request_.exchange.status();
  record.bytes_to_client = request_.exchange.body_bytes();
  answer_.reset();
  request_.key_slot.release();
  request_.record.settle();
}

// --- before the first output ------------------------------------------------------------------------------------------

net::Task<Status> RelayStream::start(CurrentSnapshot& current) {
  Status done;
  // Nobody overtakes those who wait already.
  const bool at_once = request_.key_concurrency == 0 || !context_.line.has_waiters();
  if (!at_once || !take_key_slot()) done = co_await wait_for_key_slot();
  if (done) {
    request_.key_state->note_use(context_.loop.wall_now());
    Failover failover(context_, request_, client_, current);
    auto decided = co_await failover.run();
    if (!decided) {
      done = std::unexpected(std::move(decided.error()));
    } else if (auto* answer = std::get_if<std::unique_ptr<ProviderAnswer>>(&*decided)) {
      use(std::move(*answer));
    } else {
      use(std::move(std::get<WholeAnswer>(*decided)));
    }
  }
  request_.body = {};
  if (done) co_return done;
  const Error& error = done.error();
  note_failure(error);
  // Settled before the refusal goes out, but with what it will say.
  request_.record->status = http_status(error.code);
  if (error.code == Errc::client_gone || !client_.has_early_head()) co_return done;
  error_event_ = in_band(error.code, http_status(error.code), error.context);
  broken_ = true;
  co_return Status{};
}

bool RelayStream::take_key_slot() {
  auto slot = admit::SlotLease::take({request_.key_state, &request_.key_state->slots},
                                     request_.key_concurrency);
  if (slot) request_.key_slot = std::move(*slot);
  return slot.has_value();
}

net::Task<Status> RelayStream::wait_for_key_slot() {
  const Wanted wanted{.take = [this] { return take_key_slot(); },
                      .need = request_.key_state->hash,
                      .until = request_.queue_deadline};
  CO_TRY(const bool taken, co_await wait_in_line(context_, request_, client_, wanted));
  if (taken || request_.key_slot) co_return Status{};
  Error error{.code = Errc::concurrency_limited, .side = Side::client};
  error.context = "this key already has " + std::to_string(request_.key_concurrency) +
                  " requests running (limits.concurrency)";
  error.retry_after =
      std::max<Milliseconds>(expected_wait(context_, request_), std::chrono::seconds(1));
  co_return std::unexpected(std::move(error));
}

void RelayStream::use(std::unique_ptr<ProviderAnswer> answer) {
  answer_ = std::move(answer);
  const wire::ResponseHead& head = answer_->head();
  status_ = answer_->status();
  fields_ = client_fields(head, Body::as_is);
  provider::mask_credential(answer_->upstream(), fields_);
  if (answer_->has_tap()) {
    if (head.find("x-accel-buffering") == nullptr) fields_ += unbuffered_field;
  } else if (request_.method == "HEAD") {
    if (head.find("content-length") != nullptr) length_ = head.content_length;
  } else if (answer_->has_ended()) {
    length_ = answer_->held().size();
  } else if (head.framing == wire::Framing::length) {
    length_ = head.content_length;
  }
  answer_->release_head();
  if (answer_->has_ended()) {
    end_of_body();
  } else {
    answer_->copy_document();
    learn();
  }
  held_ = std::move(answer_->held());
}

void RelayStream::use(WholeAnswer refusal) {
  RequestRecord& record = *request_.record;
  record.outcome = Outcome::upstream_error;
  record.reason = refusal.message;
  if (client_.has_early_head()) {
    error_event_ = in_band(Errc::upstream_invalid, refusal.status, refusal.message);
    broken_ = true;
    return;
  }
  status_ = refusal.status;
  fields_ = std::move(refusal.fields);
  held_ = std::move(refusal.body);
  length_ = refusal.length;
  complete_ = true;  // this document is: the client's connection lives on
}

std::string RelayStream::in_band(Errc code, int status, std::string_view message) const {
  const std::string request_id(request_.record->id.str());
  return request_.dialect.error_event(
      {.code = code, .status = status, .message = message, .request_id = request_id});
}

// --- while it flows ---------------------------------------------------------------------------------------------------

/// What may go out now: all but an event that isn't whole yet, which waits in `held_`. So whatever ends the stream, it
/// ends between two events, and an error of ours can be read. An event beyond the bound passes on in pieces.
std::string_view RelayStream::whole_events(std::string_view bytes) {
  const std::size_t pending = answer_->tap().pending();
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
  client_.note_sign_of_life(context_.loop.now());
  if (answer_ && answer_->has_tap()) context_.metrics.streams_active.add(1);
  if (speaks_events() && !answer_->has_ended() && !broken_) return whole_events({});
  out_ = std::move(held_);
  return out_;
}

void RelayStream::end_of_body() {
  RequestRecord& record = *request_.record;
  if (answer_->has_tap()) {
    if (answer_->tap().phase() != StreamPhase::complete) {
      break_off(fail(Errc::upstream_invalid, Side::provider,
                     "the provider's stream ended before it was complete")
                    .error());
      return;
    }
  } else {
    answer_->read_document(!output_begun_);
  }
  complete_ = true;
  record.outcome = Outcome::ok;
  learn();
}

/// What the answer has told so far of caches and resources.
void RelayStream::learn() {
  if (!request_.record->billable) return;
  if (!has_learnt_) {
    const auto tokens = answer_->told_tokens();
    has_learnt_ = tokens.has_value();
    // Without a conversation, as there is no choice of accounts, it is counted all the same.
    if (has_learnt_) {
      answer_->lease().learn(request_.prefixes(), *tokens, context_.loop.now());
      request_.conversation.reset();
    }
  }
  const std::string_view resource = answer_->resource();
  if (resource.empty()) return;
  const routing::AccountPool& pool = request_.snapshot->accounts;
  pool.memory().pins.learn(resource, pool.accounts()[answer_->lease().index()].id,
                           context_.loop.wall_now());
}

meter::Usage RelayStream::usage() const {
  return answer_ ? answer_->usage(output_begun_) : request_.record->attempt.usage;
}

void RelayStream::note_failure(const Error& error) {
  RequestRecord& record = *request_.record;
  record.reason = error.context;
  switch (error.code) {
    case Errc::client_gone: record.outcome = Outcome::client_closed; return;
    case Errc::upstream_timeout: record.outcome = Outcome::timeout; return;
    case Errc::upstream_unreachable: record.outcome = Outcome::upstream_error; return;
    case Errc::upstream_invalid:
      record.outcome = output_begun_ ? Outcome::upstream_cut : Outcome::upstream_error;
      return;
    case Errc::no_account:
    case Errc::concurrency_limited: record.outcome = Outcome::refused; return;
    default:
      record.outcome = Outcome::internal;
      broken_ = true;
      return;
  }
}

/// An error event came: the provider told it itself, and nothing good follows.
void RelayStream::note_told_failure() {
  const dialect::StreamError& error = *answer_->tap().error();
  RequestRecord& record = *request_.record;
  broken_ = true;
  record.outcome = Outcome::upstream_error;
  record.reason = error.type;
  record.attempt.result = result_of_status(error.http_equivalent);
  const dialect::ProviderError told =
      request_.dialect.read_error(error.http_equivalent, error.body);
  blame({.provider = record.attempt.provider,
         .status = error.http_equivalent,
         .type = told.type,
         .error_code = told.code,
         .message = told.message,
         .body = error.body});
}

void RelayStream::blame(const routing::Failure& failure) {
  if (!request_.record->billable) return;
  routing::AccountLease& lease = answer_->lease();
  const routing::Account& account = request_.snapshot->accounts.accounts()[lease.index()];
  routing::Verdict verdict = routing::judge(failure, account.rests, context_.loop.wall_now());
  provider::mask_credential(answer_->upstream(), verdict.reason);
  lease.failed(context_.moment(), verdict, context_.random.next());
}

void RelayStream::break_off(const Error& error) {
  broken_ = true;
  note_failure(error);
  AttemptRecord& attempt = request_.record->attempt;
  attempt.result =
      error.code == Errc::upstream_timeout ? AttemptResult::timeout : AttemptResult::cut;
  // What our own deadline cut short is no fault of the account.
  if (context_.loop.now() < client_.deadline()) {
    blame({.provider = attempt.provider, .code = error.code, .message = error.context});
  }
  answer_->abandon();
  held_.clear();
  if (!speaks_events() || !client_.is_there()) return;
  error_event_ = in_band(error.code, http_status(error.code), error.context);
  if (in_long_event_) error_event_.insert(0, "\n\n");
}

/// Until the provider has more, or it is over: then nothing more is read. Errors: client_gone.
net::Task<Status> RelayStream::after_silence(Wake wake) {
  const Status waited =
      co_await client_.after_silence(wake, answer_->idle_deadline(), "idle_timeout_ms");
  if (waited) co_return waited;
  if (waited.error().code != Errc::client_gone) {
    break_off(waited.error());
    co_return Status{};
  }
  note_failure(waited.error());
  request_.record->attempt.result = AttemptResult::cancelled;
  co_return waited;
}

/// Of the bytes that came, those that go out now.
std::string_view RelayStream::pass(std::string_view bytes) {
  client_.note_sign_of_life(context_.loop.now());
  const bool failed = answer_->has_tap() && answer_->tap().phase() == StreamPhase::failed;
  if (failed) {
    note_told_failure();
    answer_->abandon();
  }
  if (!speaks_events()) return bytes;
  bytes = whole_events(bytes);
  if (!failed) return bytes;
  std::string masked(bytes);
  if (!provider::mask_credential(answer_->upstream(), masked)) return bytes;
  out_ = std::move(masked);
  return out_;
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
    if (!answer_ || answer_->has_ended() || broken_) co_return usage();
    // A fast provider before a fast client would never have to wait.
    if (++reads_in_a_row_ == reads_a_turn) {
      reads_in_a_row_ = 0;
      co_await net::Breathe(context_.loop);
      if (context_.loop.now() >= client_.deadline()) {
        break_off(client_.out_of_time("").error());
        continue;
      }
    }
    const auto read = answer_->read();
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
      WaitFor what{.read = &answer_->descriptor(), .deadline = answer_->idle_deadline()};
      if (read->wants_write) std::swap(what.read, what.write);
      // A comment of ours may stand only between two events that we can see.
      what = client_.watch(what, speaks_events() && !in_long_event_);
      const Wake wake = co_await net::Wait(context_.loop, client_.timer(), what);
      if (wake != Wake::readable && wake != Wake::writable) {
        CO_CHECK(co_await after_silence(wake));
      }
      continue;
    }
    const std::string_view bytes = pass(read->bytes);
    if (!bytes.empty() || !speaks_events()) co_return Data{bytes};
  }
}

}  // namespace sluice::relay

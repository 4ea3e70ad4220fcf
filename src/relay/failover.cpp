#include "relay/failover.hpp"

#include <algorithm>
#include <cstring>

#include "base/log.hpp"
#include "base/release.hpp"
#include "relay/in_line.hpp"
#include "wire/json_peek.hpp"

namespace sluice::relay {
namespace {

using metrics::AttemptResult;
using routing::Unavailable;
using routing::Verdict;

AttemptResult result_of_error(Errc code) {
  switch (code) {
    case Errc::client_gone: return AttemptResult::cancelled;
    case Errc::upstream_timeout: return AttemptResult::timeout;
    case Errc::upstream_unreachable: return AttemptResult::connect_failed;
    default: return AttemptResult::invalid;
  }
}

/// How much a failure tells a client that can't be served: when to come again, before that it can't be now, before what is
/// the operator's to mend, before that we heard nothing.
int rank_of(const ProviderAnswer& answer, const Status& done, const Verdict& verdict) {
  if (!done) return done.error().code == Errc::upstream_unreachable ? 0 : 1;
  if (verdict.told) return 5;
  if (answer.status() == 429 || answer.status() == 529 || answer.status() == 503) return 4;
  return answer.status() >= 500 ? 3 : 2;
}

}  // namespace

Failover::Failover(RelayContext& context, RelayRequest& request, ClientSide& client,
                   CurrentSnapshot& current)
    : context_(context),
      request_(request),
      client_(client),
      current_(current),
      probed_by_(std::max(request.queue_deadline, context.loop.now() + probe_patience)),
      pinned_(request.resource.empty() ? std::nullopt
                                       : request.snapshot->accounts.memory().pins.find(
                                             request.resource, context.loop.wall_now())) {}

net::Task<Result<Failover::Decided>> Failover::run() {
  request_.snapshot->accounts.memory().retries.note_request(context_.loop.now());
  Chosen chosen = std::unexpected(Unavailable{});
  if (!take_at_once(chosen)) {
    CO_TRY(chosen, co_await choose());
  }
  if (!chosen) co_return std::unexpected(refusal(chosen.error()));
  lease_ = std::move(*chosen);
  do {
    begin_record();
    CO_TRY(const std::string_view body, body_for(account()));
    auto answer = begin_attempt();
    const Status done = co_await answer->call(body);
    request_.record->attempt.status = answer->status();
    if (done && !answer->is_refused()) {
      note_success(*answer);
      co_return Decided(std::move(answer));
    }
    CO_CHECK(end_attempt(*answer, done));
    answer.reset();
    CO_TRY(lease_, co_await next());
  } while (lease_);
  if (auto* error = std::get_if<Error>(&most_telling_))
    co_return std::unexpected(std::move(*error));
  co_return Decided(std::move(std::get<WholeAnswer>(most_telling_)));
}

// --- whom to ask ------------------------------------------------------------------------------------------------------

Failover::Chosen Failover::lease(const routing::Moment& at) const {
  // The random end of the request's id is as good a draw as any.
  std::uint64_t draw = 0;
  std::memcpy(&draw, request_.record->id.str().data() + Ulid::size - sizeof draw, sizeof draw);
  return request_.snapshot->accounts.lease({.dialect = request_.dialect.name(),
                                            .model = request_.record->model,
                                            .route = request_.route,
                                            .at = at,
                                            .session = request_.session,
                                            .prefixes = request_.prefixes(),
                                            .pinned = pinned_ ? &*pinned_ : nullptr,
                                            .asked = {asked_.data(), asked_count_},
                                            .draw = draw});
}

/// Requests with the same one are served by the same accounts.
net::FairLine::Need Failover::need() const {
  std::uint64_t need = fast_hash(request_.route, fast_hash(request_.record->model));
  if (pinned_) need = fast_hash(need, fast_hash(pinned_->str()));
  for (std::size_t i = 0; i < asked_count_; ++i) need = fast_hash(need, asked_[i]);
  return need;
}

TimePoint Failover::worth_waiting_until(const Unavailable& unavailable) const {
  const TimePoint now = context_.loop.now();
  switch (unavailable.why) {
    case Unavailable::Why::full:
      if (now + expected_wait(context_, request_) > request_.queue_deadline) return now;
      // One that rests may be had before.
      return std::min(request_.queue_deadline, unavailable.soonest);
    case Unavailable::Why::probing: return std::min(probed_by_, unavailable.soonest);
    case Unavailable::Why::resting:
      return unavailable.soonest <= request_.queue_deadline ? unavailable.soonest : now;
    case Unavailable::Why::nobody:
    case Unavailable::Why::asked: break;
  }
  return now;
}

/// The usual case: false where it is worth to wait, or others wait already, whom nobody overtakes.
bool Failover::take_at_once(Chosen& chosen) {
  if (context_.line.has_waiters()) return false;
  chosen = lease(context_.moment());
  return chosen || worth_waiting_until(chosen.error()) <= context_.loop.now();
}

net::Task<Result<Failover::Chosen>> Failover::choose() {
  using Why = Unavailable::Why;
  TimePoint until =
      context_.loop.now();  // at first those in line are asked once, with us behind them
  Why waits_for = Why::resting;
  for (;;) {
    Lease granted;
    const auto take = [this, &granted, waits_for] {
      Chosen chosen = lease({.now = context_.clock.now(), .wall = context_.clock.wall_now()});
      if (!chosen) {
        // A probe has failed, say: who waited for its end has nothing to wait for any more.
        const Why why = chosen.error().why;
        return why != waits_for && waits_for != Why::resting && why != Why::full &&
               why != Why::probing;
      }
      granted = std::move(*chosen);
      return true;
    };
    CO_CHECK(co_await wait_in_line(context_, request_, client_,
                                   {.take = take, .need = need(), .until = until}));
    if (granted) co_return Chosen(std::move(granted));
    Chosen chosen = lease(context_.moment());
    if (chosen) co_return chosen;
    until = worth_waiting_until(chosen.error());
    waits_for = chosen.error().why;
    if (until <= context_.loop.now()) co_return chosen;
  }
}

Error Failover::refusal(const Unavailable& unavailable) const {
  Error error{.code = Errc::no_account, .side = Side::gateway};
  const std::string model =
      request_.record->model.empty() ? "" : " the model " + request_.record->model;
  const TimePoint now = context_.loop.now();
  using std::chrono::seconds;
  switch (unavailable.why) {
    case Unavailable::Why::nobody:
    case Unavailable::Why::asked:
      error.context = model.empty() ? "no account of this key's pools speaks this dialect"
                                    : "no account of this key's pools serves" + model;
      break;
    case Unavailable::Why::full:
      error.context = "every account that could serve this is at its cap";
      error.retry_after = std::max<Milliseconds>(expected_wait(context_, request_), seconds(1));
      break;
    case Unavailable::Why::probing:
      error.context = "the only account that could serve this is being tried out after a failure";
      error.retry_after = seconds(1);
      break;
    case Unavailable::Why::resting:
      error.context = "every account that could serve" + model + " rests after failures";
      if (unavailable.soonest == time_never) break;
      error.retry_after = std::chrono::ceil<Milliseconds>(
          std::max<TimePoint::duration>(unavailable.soonest - now, seconds(1)));
      break;
  }
  return error;
}

// --- asking -----------------------------------------------------------------------------------------------------------

void Failover::begin_record() {
  RequestRecord& record = *request_.record;
  if (++attempts_ > 1) record.earlier.push_back(std::exchange(record.attempt, {}));
  record.attempt.account = account().name;
  record.attempt.provider = request_.snapshot->provider_kinds[lease_.index()];
  record.attempt.called = context_.loop.now();
  note_asked(lease_.index());
}

void Failover::note_asked(std::size_t account) {
  const auto end = asked_.begin() + static_cast<std::ptrdiff_t>(asked_count_);
  if (std::find(asked_.begin(), end, account) == end) asked_[asked_count_++] = account;
}

Result<std::string_view> Failover::body_for(const routing::Account& account) {
  std::string_view body = repaired_.empty() ? request_.body : std::string_view(repaired_);
  RequestRecord& record = *request_.record;
  const std::string_view name = account.upstream_model(record.model);
  if (name == record.model || request_.model_length == 0) return body;
  record.attempt.upstream_model = name;
  wire::JsonEdit edit{
      .offset = request_.model_offset, .length = request_.model_length, .replacement = {}};
  if (!repaired_.empty()) {
    TRY(const dialect::RequestFacts facts, request_.dialect.read_request(body));
    edit.offset = facts.model_offset;
    edit.length = facts.model_length;
  }
  wire::append_json_string(edit.replacement, name);
  edited_ = wire::apply_edits(body, {&edit, 1});
  return std::string_view(edited_);
}

std::unique_ptr<ProviderAnswer> Failover::begin_attempt() {
  const provider::Upstream& upstream =
      refreshed_ != nullptr ? *refreshed_ : request_.snapshot->upstreams[lease_.index()];
  return std::make_unique<ProviderAnswer>(context_, request_, client_, upstream, std::move(lease_));
}

/// It came to nothing. Errors: client_gone.
Status Failover::end_attempt(ProviderAnswer& answer, const Status& done) {
  AttemptRecord& record = request_.record->attempt;
  record.result = done ? result_of_status(answer.status()) : result_of_error(done.error().code);
  record.usage = answer.usage(false);
  lease_ = std::move(answer.lease());
  if (!done && done.error().code == Errc::client_gone) return done;
  note_failure(answer, done);
  return {};
}

void Failover::note_success(ProviderAnswer& answer) {
  AttemptRecord& record = request_.record->attempt;
  record.result = result_of_status(answer.status());
  record.first_output = context_.loop.now();
  if (!request_.record->billable) return;
  // What a whole document took says nothing about how soon an account begins.
  Milliseconds first_event{0};
  if (answer.has_tap()) {
    first_event = std::chrono::ceil<Milliseconds>(record.first_output - record.called);
    first_event = std::max(first_event, Milliseconds{1});
  }
  answer.lease().succeeded(context_.moment(), first_event);
}

void Failover::note_failure(ProviderAnswer& answer, const Status& done) {
  const dialect::ProviderError& told = answer.told();
  routing::Failure failure{.provider = request_.record->attempt.provider,
                           .status = done ? answer.status() : 0,
                           .code = done ? Errc::upstream_invalid : done.error().code,
                           .type = told.type,
                           .error_code = told.code,
                           .message = told.message,
                           .refreshable = answer.upstream().refreshable && !has_refreshed_};
  if (done) {
    failure.body = answer.told_body();
    failure.head = &answer.head();
    failure.has_signatures =
        answer.status() == 400 && request_.dialect.read_conversation(request_.body).has_signatures;
  }
  verdict_ = routing::judge(failure, account().rests, context_.loop.wall_now());
  if (!done) verdict_.reason = done.error().context;
  provider::mask_credential(answer.upstream(), verdict_.reason);
  if (answer.status() == 401) lease_.want_refresh();
  // One whose credential has been replaced meanwhile is not what was refused.
  const std::uint64_t credential = account().state->credential.load(std::memory_order_relaxed);
  const bool is_replaced = verdict_.for_good && credential != 0 &&
                           credential != fast_hash(answer.upstream().credential.reveal());
  // What our own deadline cut short is no fault of the account, and calls that bill nothing are no measure of it.
  const bool is_cut_short = !done && done.error().code == Errc::upstream_timeout &&
                            context_.loop.now() >= client_.deadline();
  if (request_.record->billable && !verdict_.clients_fault && !is_replaced && !is_cut_short) {
    lease_.failed(context_.moment(), verdict_, context_.random.next());
  }
  log::line(log::Level::info, "attempt.failed request={} account={} status={} reason={}",
            request_.record->id.str(), log::quoted(account().name), failure.status,
            log::quoted(verdict_.reason));
  keep_most_telling(answer, done);
}

void Failover::keep_most_telling(ProviderAnswer& answer, const Status& done) {
  const int rank = verdict_.clients_fault ? 6 : rank_of(answer, done, verdict_);
  if (rank < rank_) return;
  rank_ = rank;
  if (done) {
    most_telling_ = answer.take_refusal();
  } else {
    most_telling_ = done.error();
  }
}

// --- asking again -----------------------------------------------------------------------------------------------------

net::Task<Result<Failover::Lease>> Failover::next() {
  const RelayLimits& limits = request_.snapshot->limits;
  const bool may_go_on = attempts_ < limits.max_attempts && client_.is_there() &&
                         context_.loop.now() < client_.deadline();
  if (!may_go_on) co_return Lease();
  if (verdict_.again == Verdict::Again::after_repair && repair()) co_return std::move(lease_);
  // A conversation is best served where it is, and a new token is a matter of a moment.
  const bool same_first =
      pinned_ || (verdict_.again == Verdict::Again::after_refresh && request_.session != 0);
  if (same_first) {
    CO_TRY(Lease same, co_await same_account());
    if (same) co_return std::move(same);
  }
  if (verdict_.other) {
    CO_TRY(Lease other, co_await other_account());
    if (other) co_return std::move(other);
  }
  if (same_first) co_return Lease();
  co_return co_await same_account();
}

net::Task<Result<Failover::Lease>> Failover::other_account() {
  while (asked_count_ < attempts_max) {
    Chosen chosen = std::unexpected(Unavailable{});
    if (!take_at_once(chosen)) {
      lease_.park();  // while we wait, others may use what we can't
      CO_TRY(chosen, co_await choose());
    }
    if (!chosen) break;
    // An account that has just served somebody is no guess; all others are, and guesses are rationed.
    if (!chosen->is_guess() ||
        request_.snapshot->accounts.memory().retries.take(context_.loop.now())) {
      refreshed_ = nullptr;
      has_refreshed_ = false;
      co_return std::move(*chosen);
    }
    // Not this one, then. Behind it there may still be one that is well, if slow.
    note_asked(chosen->index());
  }
  co_return Lease();
}

net::Task<Result<Failover::Lease>> Failover::same_account() {
  if (verdict_.again == Verdict::Again::after_refresh && !has_refreshed_) {
    has_refreshed_ = true;
    CO_TRY(const bool refreshed, co_await wait_for_refresh());
    if (refreshed && lease_.try_again(context_.moment())) co_return std::move(lease_);
  }
  if (verdict_.again != Verdict::Again::if_alone) co_return Lease();
  if (verdict_.told && *verdict_.told > told_wait_max) co_return Lease();
  if (!request_.snapshot->accounts.memory().retries.take(context_.loop.now())) co_return Lease();
  const Milliseconds bound = std::min(backoff_max, backoff_first * (1 << std::min(pauses_++, 10)));
  const Milliseconds jittered(static_cast<Milliseconds::rep>(
      context_.random.next() % (static_cast<std::uint64_t>(bound.count()) + 1)));
  CO_CHECK(co_await pause(std::max(jittered, verdict_.told.value_or(Milliseconds{0}))));
  if (context_.loop.now() >= client_.deadline() || !lease_.try_again(context_.moment())) {
    co_return Lease();
  }
  co_return std::move(lease_);
}

net::Task<Status> Failover::pause(Milliseconds duration) {
  const TimePoint until = std::min(context_.loop.now() + duration, client_.deadline());
  while (context_.loop.now() < until) {
    const net::WaitFor what = client_.watch({.deadline = until}, request_.stream);
    const net::Wake wake = co_await net::Wait(context_.loop, client_.timer(), what);
    if (wake == net::Wake::gone) {
      co_return fail(Errc::client_gone, Side::client, "the client left before a retry");
    }
    if (context_.loop.now() >= until) break;
    CO_CHECK(co_await client_.after_silence(wake, until, "max_attempts"));
    CO_CHECK(client_.still_there());
  }
  co_return Status{};
}

net::Task<Result<bool>> Failover::wait_for_refresh() {
  const AccountId& id = account().id;
  const Secret& refused = request_.snapshot->upstreams[lease_.index()].credential;
  const TimePoint until = std::min(context_.loop.now() + refresh_patience, client_.deadline());
  CurrentSnapshot::Watch watch(current_);
  for (;;) {
    const Snapshot& newest = *current_.get();
    const auto& accounts = newest.accounts.accounts();
    for (std::size_t i = 0; i < accounts.size(); ++i) {
      const Secret& known = newest.upstreams[i].credential;
      if (accounts[i].id != id || equal_constant_time(known.reveal(), refused.reveal())) continue;
      request_.refreshed = current_.get();
      refreshed_ = &newest.upstreams[i];
      co_return true;
    }
    watch.signal().reset();
    const net::WaitFor what =
        client_.watch({.signal = &watch.signal(), .deadline = until}, request_.stream);
    const net::Wake wake = co_await net::Wait(context_.loop, client_.timer(), what);
    if (wake == net::Wake::gone) {
      co_return fail(Errc::client_gone, Side::client, "the client left before a retry");
    }
    if (wake == net::Wake::signalled) continue;
    if (context_.loop.now() >= until) co_return false;
    CO_CHECK(co_await client_.after_silence(wake, until, "max_attempts"));
    CO_CHECK(client_.still_there());
  }
}

bool Failover::repair() {
  if (has_repaired_) return false;
  has_repaired_ = true;
  auto repaired = request_.dialect.without_signatures(request_.body);
  if (!repaired) return false;
  repaired_ = std::move(*repaired);
  request_.conversation.reset();  // it is another prompt now
  rank_ = -1;                     // and what was wrong with the first tells nothing of it
  return true;
}

}  // namespace sluice::relay

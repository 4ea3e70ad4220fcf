#include "relay/record.hpp"

#include "base/log.hpp"

namespace sluice::relay {
namespace {

std::int64_t milliseconds(TimePoint from, TimePoint to) {
  if (to == time_never) return -1;
  return std::chrono::duration_cast<Milliseconds>(to - from).count();
}

void count_tokens(const RequestRecord& record, const AttemptRecord& attempt,
                  metrics::ThreadMetrics& metrics) {
  using metrics::TokenKind;
  if (attempt.usage.confidence == meter::Confidence::unknown) return;
  const std::string& asked = attempt.upstream_model.empty() ? record.model : attempt.upstream_model;
  const std::string& model = attempt.usage.model.empty() ? asked : attempt.usage.model;
  const metrics::ModelLabel label = metrics.models.label(attempt.provider, model);
  const auto add = [&](TokenKind kind, Tokens tokens) {
    if (tokens.count() > 0) {
      metrics.tokens.of(label, kind).add(static_cast<std::uint64_t>(tokens.count()));
    }
  };
  const meter::TokenCounts& tokens = attempt.usage.tokens;
  add(TokenKind::input, tokens.input);
  add(TokenKind::cache_read, tokens.cache_read);
  add(TokenKind::cache_write_5m, tokens.cache_write_5m);
  add(TokenKind::cache_write_1h, tokens.cache_write_1h);
  add(TokenKind::output, tokens.output);
  add(TokenKind::reasoning, attempt.usage.reasoning.value_or(Tokens{}));
}

void settle(const RequestRecord& record, const AttemptRecord& attempt,
            metrics::ThreadMetrics& metrics) {
  if (attempt.called == time_never) return;
  metrics.attempts.of(attempt.provider, attempt.result).add();
  metrics.relayed_bytes.of(metrics::Direction::to_provider).add(attempt.bytes_to_provider);
  if (record.billable) count_tokens(record, attempt, metrics);
}

}  // namespace

metrics::AttemptResult result_of_status(int status) {
  using metrics::AttemptResult;
  if (status < 400) return AttemptResult::ok;
  if (status == 429) return AttemptResult::http_429;
  return status < 500 ? AttemptResult::http_4xx : AttemptResult::http_5xx;
}

void settle(const RequestRecord& record, TimePoint now, metrics::ThreadMetrics& metrics) {
  const AttemptRecord& last = record.attempt;
  metrics.requests.of(record.dialect, last.provider, record.outcome).add();
  metrics.request_duration.observe(now - record.started);
  metrics.relayed_bytes.of(metrics::Direction::to_client).add(record.bytes_to_client);
  if (const TimePoint called = record.called(); called != time_never) {
    metrics.overhead.observe(called - record.started);
  }
  if (record.stream && last.first_output != time_never) {
    metrics.first_event.observe(last.first_output - record.started);
  }
  for (const AttemptRecord& attempt : record.earlier) settle(record, attempt, metrics);
  settle(record, last, metrics);
  if (!log::enabled(log::Level::info)) return;
  const meter::TokenCounts& tokens = last.usage.tokens;
  log::LineWriter line("request.settled");
  line.field("request", record.id.str())
      .field("key", record.key)
      .field("account", last.account)
      .field("model", record.model)
      .field("outcome", metrics::to_string(record.outcome))
      .field("status", record.status)
      .field("stream", record.stream ? "true" : "false")
      .field("attempts", static_cast<std::int64_t>(record.attempts()))
      .field("input", tokens.input.count())
      .field("cache_read", tokens.cache_read.count())
      .field("cache_write", tokens.cache_write().count())
      .field("output", tokens.output.count())
      .field("confidence", to_string(last.usage.confidence))
      .field("events", static_cast<std::int64_t>(record.events))
      .field("bytes", static_cast<std::int64_t>(record.bytes_to_client))
      .field("first_ms", milliseconds(record.started, last.first_output))
      .field("ms", milliseconds(record.started, now));
  if (!record.client_request_id.empty()) line.field("client_request", record.client_request_id);
  if (!record.reason.empty()) line.field("reason", record.reason);
  log::write(log::Level::info, line.text());
}

}  // namespace sluice::relay

#include "relay/record.hpp"

#include "base/log.hpp"

namespace sluice::relay {
namespace {

std::int64_t milliseconds(TimePoint from, TimePoint to) {
  if (to == time_never) return -1;
  return std::chrono::duration_cast<Milliseconds>(to - from).count();
}

void count_tokens(const RequestRecord& record, metrics::ThreadMetrics& metrics) {
  using metrics::TokenKind;
  const std::string& asked = record.upstream_model.empty() ? record.model : record.upstream_model;
  const std::string& model = record.usage.model.empty() ? asked : record.usage.model;
  const metrics::ModelLabel label = metrics.models.label(record.provider, model);
  const auto add = [&](TokenKind kind, Tokens tokens) {
    if (tokens.count() > 0) {
      metrics.tokens.of(label, kind).add(static_cast<std::uint64_t>(tokens.count()));
    }
  };
  const meter::TokenCounts& tokens = record.usage.tokens;
  add(TokenKind::input, tokens.input);
  add(TokenKind::cache_read, tokens.cache_read);
  add(TokenKind::cache_write_5m, tokens.cache_write_5m);
  add(TokenKind::cache_write_1h, tokens.cache_write_1h);
  add(TokenKind::output, tokens.output);
  add(TokenKind::reasoning, record.usage.reasoning.value_or(Tokens{}));
}

}  // namespace

void settle(const RequestRecord& record, TimePoint now, metrics::ThreadMetrics& metrics) {
  metrics.requests.of(record.dialect, record.provider, record.outcome).add();
  metrics.request_duration.observe(now - record.started);
  metrics.relayed_bytes.of(metrics::Direction::to_client).add(record.bytes_to_client);
  metrics.relayed_bytes.of(metrics::Direction::to_provider).add(record.bytes_to_provider);
  if (record.called != time_never) metrics.overhead.observe(record.called - record.started);
  if (record.stream && record.first_event != time_never) {
    metrics.first_event.observe(record.first_event - record.started);
  }
  if (record.billable && record.usage.confidence != meter::Confidence::unknown) {
    count_tokens(record, metrics);
  }
  if (!log::enabled(log::Level::info)) return;
  const meter::TokenCounts& tokens = record.usage.tokens;
  log::LineWriter line("request.settled");
  line.field("request", record.id.str())
      .field("key", record.key)
      .field("account", record.account)
      .field("model", record.model)
      .field("outcome", metrics::to_string(record.outcome))
      .field("status", record.status)
      .field("stream", record.stream ? "true" : "false")
      .field("attempts", record.attempts)
      .field("input", tokens.input.count())
      .field("cache_read", tokens.cache_read.count())
      .field("cache_write", tokens.cache_write().count())
      .field("output", tokens.output.count())
      .field("confidence", to_string(record.usage.confidence))
      .field("events", static_cast<std::int64_t>(record.events))
      .field("bytes", static_cast<std::int64_t>(record.bytes_to_client))
      .field("first_ms", milliseconds(record.started, record.first_event))
      .field("ms", milliseconds(record.started, now));
  if (!record.client_request_id.empty()) line.field("client_request", record.client_request_id);
  if (!record.reason.empty()) line.field("reason", record.reason);
  log::write(log::Level::info, line.text());
}

}  // namespace sluice::relay

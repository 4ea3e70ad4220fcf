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
  const std::string& model =
      record.usage.model.empty() ? record.upstream_model : record.usage.model;
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
  log::info(
      "request.settled request={} key={} account={} model={} outcome={} status={} stream={} "
      "attempts={} input={} cache_read={} cache_write={} output={} confidence={} events={} "
      "bytes={} first_ms={} ms={}{}{}{}{}",
      record.id.str(), log::quoted(record.key), log::quoted(record.account),
      log::quoted(record.model), metrics::to_string(record.outcome), record.status, record.stream,
      record.attempts, tokens.input.count(), tokens.cache_read.count(),
      tokens.cache_write().count(), tokens.output.count(), to_string(record.usage.confidence),
      record.events, record.bytes_to_client, milliseconds(record.started, record.first_event),
      milliseconds(record.started, now), record.client_request_id.empty() ? "" : " client_request=",
      record.client_request_id.empty() ? "" : log::quoted(record.client_request_id),
      record.reason.empty() ? "" : " reason=",
      record.reason.empty() ? "" : log::quoted(record.reason));
}

}  // namespace sluice::relay

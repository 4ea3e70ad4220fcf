#include "app/metrics_text.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>
#include <utility>

#include "app/process_stats.hpp"

namespace sluice::app {
namespace {

using metrics::Metrics;
using metrics::ThreadMetrics;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

/// The families of one exposition, in order.
class Families {
 public:
  void begin(MetricType type, const char* name, const char* help) {
    families_.push_back({name, help, type, {}});
  }
  void value(double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.counter.value = value;  // the serializer reads the one that fits the type
    metric.gauge.value = value;
    add(std::move(metric));
  }
  void value(std::uint64_t count, Labels labels = {}) {
    value(static_cast<double>(count), std::move(labels));
  }
  void add(ClientMetric metric) { families_.back().metric.push_back(std::move(metric)); }

  [[nodiscard]] std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families_);
    return std::move(out).str();
  }

 private:
  std::vector<MetricFamily> families_;
};

template <class E>
ClientMetric::Label label(const char* name, E value) {
  return {name, std::string(to_string(value))};
}

template <class E, class Visit>
void for_each(Visit visit) {
  for (std::size_t i = 0; i < metrics::count_of<E>; ++i) visit(static_cast<E>(i));
}

double seconds(std::chrono::nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e9;
}

/// `sum(get)` adds up the histogram that `get` finds in each thread. The counts come from the
/// buckets alone, so that they agree with each other while the threads go on counting.
template <class Get>
ClientMetric histogram(const Metrics& all, Get get) {
  ClientMetric metric;
  const auto bounds = get(all.thread(0)).bounds();
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i <= bounds.size(); ++i) {
    cumulative += all.sum([&](const ThreadMetrics& t) { return get(t).count(i); });
    if (i < bounds.size()) metric.histogram.bucket.push_back({cumulative, seconds(bounds[i])});
  }
  metric.histogram.sample_count = cumulative;  // the serializer gives it to le="+Inf", too
  metric.histogram.sample_sum =
      seconds(all.sum([&](const ThreadMetrics& t) { return get(t).sum(); }));
  return metric;
}

void add_requests(Families& out, const Metrics& all) {
  using metrics::Dialect, metrics::Outcome, metrics::ProviderKind;
  out.begin(MetricType::Counter, "sluice_requests_total", "Requests of clients that ended.");
  for_each<Dialect>([&](Dialect dialect) {
    for_each<ProviderKind>([&](ProviderKind provider) {
      for_each<Outcome>([&](Outcome outcome) {
        out.value(
            all.sum([&](const ThreadMetrics& t) {
              return t.requests.of(dialect, provider, outcome).value();
            }),
            {label("dialect", dialect), label("provider", provider), label("outcome", outcome)});
      });
    });
  });
  out.begin(MetricType::Histogram, "sluice_request_duration_seconds",
            "From the whole request head to the end of the answer.");
  out.add(histogram(all, [](const ThreadMetrics& t) -> auto& { return t.request_duration; }));
  out.begin(MetricType::Histogram, "sluice_first_event_seconds",
            "From the request to the first streamed event.");
  out.add(histogram(all, [](const ThreadMetrics& t) -> auto& { return t.first_event; }));
  out.begin(MetricType::Histogram, "sluice_overhead_seconds",
            "Own share of the time before the provider was called.");
  out.add(histogram(all, [](const ThreadMetrics& t) -> auto& { return t.overhead; }));
  out.begin(MetricType::Counter, "sluice_limit_refusals_total", "Requests refused by a limit.");
  for_each<metrics::Limit>([&](metrics::Limit limit) {
    out.value(all.sum([&](const ThreadMetrics& t) { return t.limit_refusals.of(limit).value(); }),
              {label("limit", limit)});
  });
}

void add_traffic(Families& out, const Metrics& all) {
  using metrics::Direction, metrics::TokenKind;
  out.begin(MetricType::Gauge, "sluice_streams_active", "Streams that run now.");
  out.value(static_cast<double>(
      all.sum([](const ThreadMetrics& t) { return t.streams_active.value(); })));
  out.begin(MetricType::Counter, "sluice_stream_events_total", "Events relayed to clients.");
  out.value(all.sum([](const ThreadMetrics& t) { return t.stream_events.value(); }));
  out.begin(MetricType::Counter, "sluice_relayed_bytes_total", "Bytes of bodies relayed.");
  for_each<Direction>([&](Direction direction) {
    out.value(
        all.sum([&](const ThreadMetrics& t) { return t.relayed_bytes.of(direction).value(); }),
        {label("direction", direction)});
  });
  out.begin(MetricType::Counter, "sluice_tokens_total",
            "Tokens used, as the provider told; reasoning is a part of output.");
  const auto models = all.models().entries();
  for (std::size_t i = 0; i < models.size(); ++i) {
    const auto model = static_cast<metrics::ModelLabel>(i);
    const auto tokens = [&](TokenKind kind) {
      return all.sum([&](const ThreadMetrics& t) { return t.tokens.of(model, kind).value(); });
    };
    // "Other" of a provider that nobody uses would only be noise.
    bool used = !metrics::ModelTable::is_other(model);
    for_each<TokenKind>([&](TokenKind kind) { used = used || tokens(kind) > 0; });
    if (!used) continue;
    for_each<TokenKind>([&](TokenKind kind) {
      out.value(tokens(kind), {label("kind", kind), label("provider", models[i].provider),
                               ClientMetric::Label{"model", models[i].model}});
    });
  }
}

void add_upstream(Families& out, const Metrics& all, const ScrapedGauges& gauges) {
  using metrics::AttemptResult, metrics::ProviderKind;
  out.begin(MetricType::Counter, "sluice_attempts_total", "Calls of providers, by how they ended.");
  for_each<ProviderKind>([&](ProviderKind provider) {
    for_each<AttemptResult>([&](AttemptResult result) {
      out.value(
          all.sum([&](const ThreadMetrics& t) { return t.attempts.of(provider, result).value(); }),
          {label("provider", provider), label("result", result)});
    });
  });
  out.begin(MetricType::Gauge, "sluice_upstream_connections", "Connections to providers.");
  out.value(gauges.upstream_connections_active, {{"state", "active"}});
  out.value(gauges.upstream_connections_idle, {{"state", "idle"}});
}

void add_accounts(Families& out, const ScrapedGauges& gauges) {
  using metrics::AccountState;
  const auto each = [&](MetricType type, const char* name, const char* help, auto add) {
    out.begin(type, name, help);
    for (const auto& account : gauges.accounts) {
      add(account, ClientMetric::Label{"account", account.name});
    }
  };
  using Account = ScrapedGauges::Account;
  using Label = ClientMetric::Label;
  each(MetricType::Gauge, "sluice_account_in_flight", "Requests that hold the account.",
       [&](const Account& account, const Label& name) { out.value(account.in_flight, {name}); });
  each(MetricType::Gauge, "sluice_account_state", "1 for the state that the account is in.",
       [&](const Account& account, const Label& name) {
         for_each<AccountState>([&](AccountState state) {
           out.value(account.state == state ? 1.0 : 0.0, {name, label("state", state)});
         });
       });
  each(MetricType::Gauge, "sluice_account_first_event_seconds",
       "Time to the first event, smoothed; absent before the first.",
       [&](const Account& account, const Label& name) {
         if (account.first_event.count() > 0) out.value(seconds(account.first_event), {name});
       });
  each(MetricType::Gauge, "sluice_account_error_ratio",
       "Share of the attempts of the last 30 s that failed.",
       [&](const Account& account, const Label& name) { out.value(account.error_ratio, {name}); });
  each(MetricType::Counter, "sluice_prompt_cache_requests_total",
       "Requests with a cacheable prompt; a hit is one that the provider read from its cache.",
       [&](const Account& account, const Label& name) {
         out.value(account.cache_hits, {name, {"result", "hit"}});
         out.value(account.cache_misses, {name, {"result", "miss"}});
       });
  each(MetricType::Counter, "sluice_prompt_cache_saved_tokens_total",
       "Input tokens of the full price that reading from the cache saved: 0.9 of those read.",
       [&](const Account& account, const Label& name) {
         out.value(account.cache_saved_tokens, {name});
       });
  out.begin(MetricType::Counter, "sluice_account_events_total",
            "Changes of accounts' states, by the state that they led to.");
  for (std::size_t i = 0; i < gauges.state_changes.size(); ++i) {
    out.value(gauges.state_changes.at(i), {label("state", static_cast<AccountState>(i))});
  }
  out.begin(MetricType::Counter, "sluice_alerts_total", "Alerts, each counted once a webhook.");
  out.value(gauges.alerts_delivered, {{"result", "delivered"}});
  out.value(gauges.alerts_failed, {{"result", "failed"}});
  out.value(gauges.alerts_dropped, {{"result", "dropped"}});
}

void add_process(Families& out) {
  const auto stats = read_process_stats();
  if (!stats) return;
  out.begin(MetricType::Counter, "process_cpu_seconds_total", "User and system CPU time.");
  out.value(stats->cpu_seconds);
  out.begin(MetricType::Gauge, "process_resident_memory_bytes", "Memory held in RAM.");
  out.value(stats->resident_bytes);
  out.begin(MetricType::Gauge, "process_virtual_memory_bytes", "Address space in use.");
  out.value(stats->virtual_bytes);
  out.begin(MetricType::Gauge, "process_open_fds", "Open file descriptors.");
  out.value(stats->open_fds);
  out.begin(MetricType::Gauge, "process_max_fds", "How many may be open.");
  out.value(stats->max_fds);
  out.begin(MetricType::Gauge, "process_start_time_seconds", "Start, in seconds since the epoch.");
  out.value(stats->start_time_seconds);
}

}  // namespace

std::string metrics_text(const Metrics& metrics, const ScrapedGauges& gauges) {
  Families out;
  add_requests(out, metrics);
  add_traffic(out, metrics);
  add_upstream(out, metrics, gauges);
  add_accounts(out, gauges);
  add_process(out);
  return out.text();
}

}  // namespace sluice::app

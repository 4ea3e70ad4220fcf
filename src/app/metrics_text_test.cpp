#include "app/metrics_text.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;
using namespace sluice::metrics;

/// A strict reader of the text format 0.0.4: throws where a scraper could stumble.
class Exposition {
 public:
  explicit Exposition(std::string_view text) {
    require(text.ends_with('\n'), "the last line has no end", "");
    while (!text.empty()) {
      const auto end = text.find('\n');
      read_line(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
  }

  /// By the series as a person writes it: `name{a="b",c="d"}`, labels in their order, unescaped.
  [[nodiscard]] double at(const std::string& series) const {
    const auto found = series_.find(series);
    if (found == series_.end()) throw std::runtime_error("no series " + series);
    return found->second;
  }
  [[nodiscard]] bool has(const std::string& series) const { return series_.contains(series); }
  [[nodiscard]] std::size_t count(std::string_view prefix) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        series_, [&](const auto& one) { return one.first.starts_with(prefix); }));
  }
  [[nodiscard]] std::string type(const std::string& family) const {
    const auto found = types_.find(family);
    return found == types_.end() ? "" : found->second;
  }

 private:
  static void require(bool good, const char* rule, std::string_view line) {
    if (!good) throw std::runtime_error(std::string(rule) + ": " + std::string(line));
  }
  static std::string take_name(std::string_view& rest, std::string_view line) {
    std::size_t n = 0;
    while (n < rest.size() &&
           (std::isalpha(static_cast<unsigned char>(rest[n])) || rest[n] == '_' ||
            (n > 0 && std::isdigit(static_cast<unsigned char>(rest[n]))))) {
      ++n;
    }
    require(n > 0, "no name", line);
    const std::string name(rest.substr(0, n));
    rest.remove_prefix(n);
    return name;
  }
  static std::string take_quoted(std::string_view& rest, std::string_view line) {
    require(rest.starts_with('"'), "no quote", line);
    std::string value;
    for (std::size_t i = 1; i < rest.size(); ++i) {
      if (rest[i] == '"') {
        rest.remove_prefix(i + 1);
        return value;
      }
      if (rest[i] != '\\') {
        value += rest[i];
        continue;
      }
      require(++i < rest.size(), "an escape of nothing", line);
      require(rest[i] == 'n' || rest[i] == '\\' || rest[i] == '"', "unknown escape", line);
      value += rest[i] == 'n' ? '\n' : rest[i];
    }
    require(false, "a value has no end", line);
    return value;
  }

  void read_line(std::string_view line) {
    require(!line.empty(), "an empty line", line);
    if (line.starts_with("# ")) return read_comment(line);
    std::string_view rest = line;
    std::string series = take_name(rest, line);
    const std::string stem = series;
    require(!family_.empty() && belongs(stem), "a sample outside of its family", line);
    std::set<std::string> names;
    if (rest.starts_with('{')) {
      char before = '{';
      do {
        rest.remove_prefix(1);
        const std::string name = take_name(rest, line);
        require(names.insert(name).second, "a label twice", line);
        require(rest.starts_with('='), "no =", line);
        rest.remove_prefix(1);
        series += before + name + "=\"" + take_quoted(rest, line) + '"';
        before = ',';
      } while (rest.starts_with(','));
      require(rest.starts_with('}'), "no }", line);
      rest.remove_prefix(1);
      series += '}';
    }
    require(rest.starts_with(' '), "no blank before the value", line);
    rest.remove_prefix(1);
    double value = 0;
    const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    require(parsed.ec == std::errc() && parsed.ptr == rest.data() + rest.size(), "no number", line);
    require(types_[family_] == "gauge" || value >= 0, "a count below zero", line);
    require(series_.emplace(series, value).second, "a series twice", line);
  }
  void read_comment(std::string_view line) {
    const bool help = line.starts_with("# HELP ");
    require(help || line.starts_with("# TYPE "), "a comment", line);
    std::string_view rest = line.substr(7);
    const std::string name = take_name(rest, line);
    require(rest.starts_with(' ') && rest.size() > 1, "nothing said", line);
    if (help) {
      require(helped_.insert(name).second, "help twice", line);
      return;
    }
    require(helped_.contains(name), "no help", line);
    const std::string type(rest.substr(1));
    require(type == "counter" || type == "gauge" || type == "histogram", "unknown type", line);
    require(types_.emplace(name, type).second, "a family twice", line);
    require(type != "counter" || name.ends_with("_total"), "a counter's name", line);
    family_ = name;
  }
  [[nodiscard]] bool belongs(std::string_view name) const {
    if (types_.at(family_) != "histogram") return name == family_;
    if (!name.starts_with(family_)) return false;
    const auto suffix = name.substr(family_.size());
    return suffix == "_bucket" || suffix == "_sum" || suffix == "_count";
  }

  std::string family_;
  std::map<std::string, std::string> types_;
  std::set<std::string> helped_;
  std::map<std::string, double> series_;
};

TEST(MetricsText, ShowsEverySeriesOfAClosedSetFromTheStart) {
  const Metrics metrics(2);

  const Exposition text(metrics_text(metrics, {}));

  EXPECT_EQ(text.count("sluice_requests_total{"), 6U * 9U * 7U);
  EXPECT_EQ(
      text.at(
          R"(sluice_requests_total{dialect="openai_chat",provider="azure_openai",outcome="upstream_cut"})"),
      0);
  EXPECT_EQ(text.count("sluice_attempts_total{"), 9U * 9U);
  EXPECT_EQ(text.count("sluice_limit_refusals_total{"), 6U);
  EXPECT_EQ(text.at("sluice_streams_active"), 0);
  EXPECT_EQ(text.at("sluice_stream_events_total"), 0);
  EXPECT_EQ(text.at(R"(sluice_relayed_bytes_total{direction="to_client"})"), 0);
  EXPECT_EQ(text.at(R"(sluice_relayed_bytes_total{direction="to_provider"})"), 0);
  EXPECT_EQ(text.at(R"(sluice_upstream_connections{state="active"})"), 0);
  EXPECT_EQ(text.at(R"(sluice_upstream_connections{state="idle"})"), 0);
  for (const char* name : {"sluice_request_duration_seconds", "sluice_first_event_seconds",
                           "sluice_overhead_seconds"}) {
    EXPECT_EQ(text.type(name), "histogram");
    EXPECT_EQ(text.at(std::string(name) + "_count"), 0);
    EXPECT_EQ(text.at(std::string(name) + "_sum"), 0);
  }
  // Families with open labels are announced, and empty.
  for (const char* name :
       {"sluice_tokens_total", "sluice_account_in_flight", "sluice_account_state"}) {
    EXPECT_NE(text.type(name), "") << name;
    EXPECT_EQ(text.count(name), 0U) << name;
  }
}

TEST(MetricsText, AddsUpWhatTheThreadsCounted) {
  Metrics metrics(3);
  for (std::size_t i = 0; i < 3; ++i) {
    auto& mine = metrics.thread(i);
    mine.requests.of(Dialect::anthropic, ProviderKind::anthropic, Outcome::ok).add();
    mine.attempts.of(ProviderKind::anthropic, AttemptResult::http_429).add(2);
    mine.limit_refusals.of(Limit::budget).add();
    mine.relayed_bytes.of(Direction::to_client).add(1'000'000'007);
    mine.stream_events.add(10);
    mine.streams_active.add(i == 0 ? 5 : -1);
  }

  const Exposition text(metrics_text(metrics, {}));

  EXPECT_EQ(
      text.at(R"(sluice_requests_total{dialect="anthropic",provider="anthropic",outcome="ok"})"),
      3);
  EXPECT_EQ(text.at(R"(sluice_attempts_total{provider="anthropic",result="http_429"})"), 6);
  EXPECT_EQ(text.at(R"(sluice_limit_refusals_total{limit="budget"})"), 3);
  EXPECT_EQ(text.at(R"(sluice_relayed_bytes_total{direction="to_client"})"), 3'000'000'021.0);
  EXPECT_EQ(text.at("sluice_stream_events_total"), 30);
  EXPECT_EQ(text.at("sluice_streams_active"), 3);
}

TEST(MetricsText, GivesHistogramsWhoseBucketsAccumulateUpToTheCount) {
  Metrics metrics(2);
  metrics.thread(0).request_duration.observe(1ms);
  metrics.thread(1).request_duration.observe(10ms);
  metrics.thread(0).request_duration.observe(11ms);
  metrics.thread(1).request_duration.observe(2h);
  metrics.thread(1).overhead.observe(10us);

  const Exposition text(metrics_text(metrics, {}));

  const auto bucket = [&](const std::string& le) {
    return text.at("sluice_request_duration_seconds_bucket{le=\"" + le + "\"}");
  };
  EXPECT_EQ(bucket("0.01"), 2);
  EXPECT_EQ(bucket("0.025"), 3);
  EXPECT_EQ(bucket("2.5"), 3);
  EXPECT_EQ(bucket("600"), 3);
  EXPECT_EQ(bucket("+Inf"), 4);
  EXPECT_EQ(text.at("sluice_request_duration_seconds_count"), 4);
  EXPECT_DOUBLE_EQ(text.at("sluice_request_duration_seconds_sum"), 7200.022);
  EXPECT_EQ(text.count("sluice_request_duration_seconds_bucket"), answer_bounds().size() + 1);
  EXPECT_EQ(text.at(R"(sluice_overhead_seconds_bucket{le="1e-05"})"), 1);
  EXPECT_EQ(text.at(R"(sluice_overhead_seconds_bucket{le="+Inf"})"), 1);
}

TEST(MetricsText, ShowsTokensByModelAndNoMoreModelsThanTheTableHolds) {
  Metrics metrics(2);
  for (std::size_t i = 0; i < 2; ++i) {
    auto& mine = metrics.thread(i);
    const auto model = mine.models.label(ProviderKind::anthropic, "claude-opus-4-1");
    mine.tokens.of(model, TokenKind::input).add(100);
    mine.tokens.of(model, TokenKind::cache_write_1h).add(7);
    for (int n = 0; n < 1000; ++n) {
      const auto invented = mine.models.label(ProviderKind::openai, "m" + std::to_string(n));
      mine.tokens.of(invented, TokenKind::output).add(1);
    }
  }

  const Exposition text(metrics_text(metrics, {}));

  EXPECT_EQ(
      text.at(R"(sluice_tokens_total{kind="input",provider="anthropic",model="claude-opus-4-1"})"),
      200);
  EXPECT_EQ(
      text.at(
          R"(sluice_tokens_total{kind="cache_write_1h",provider="anthropic",model="claude-opus-4-1"})"),
      14);
  EXPECT_EQ(
      text.at(
          R"(sluice_tokens_total{kind="reasoning",provider="anthropic",model="claude-opus-4-1"})"),
      0);
  EXPECT_EQ(text.at(R"(sluice_tokens_total{kind="output",provider="openai",model="m0"})"), 2);
  EXPECT_EQ(text.at(R"(sluice_tokens_total{kind="output",provider="openai",model="other"})"),
            2 * (1000 - 255));
  EXPECT_EQ(text.count("sluice_tokens_total{"), (ModelTable::models_max + 1) * 6);
}

TEST(MetricsText, ShowsAccountsWhateverTheirNames) {
  const Metrics metrics(1);
  const std::string odd = "a \"b\" \\ c\nd={}, \xc3\xa9";
  const ScrapedGauges gauges{
      .accounts = {{.name = "main",
                    .in_flight = 3,
                    .state = AccountState::cooling,
                    .first_event = Milliseconds(1250),
                    .error_ratio = 0.25,
                    .cache_hits = 3,
                    .cache_misses = 1,
                    .cache_saved_tokens = 900},
                   {.name = odd, .in_flight = 1}},
      .state_changes = {2, 3, 0, 0},
      .alerts_delivered = 5,
      .upstream_connections_active = 4,
      .upstream_connections_idle = 9,
  };

  const Exposition text(metrics_text(metrics, gauges));

  EXPECT_EQ(text.at(R"(sluice_account_in_flight{account="main"})"), 3);
  EXPECT_EQ(text.at("sluice_account_in_flight{account=\"" + odd + "\"}"), 1);
  EXPECT_EQ(text.at(R"(sluice_account_state{account="main",state="cooling"})"), 1);
  EXPECT_EQ(text.at(R"(sluice_account_state{account="main",state="ready"})"), 0);
  EXPECT_EQ(text.at("sluice_account_state{account=\"" + odd + "\",state=\"ready\"}"), 1);
  EXPECT_EQ(text.count("sluice_account_state{"), 10U);
  EXPECT_EQ(text.at(R"(sluice_account_first_event_seconds{account="main"})"), 1.25);
  EXPECT_EQ(text.count("sluice_account_first_event_seconds{"), 1U);
  EXPECT_EQ(text.at(R"(sluice_account_error_ratio{account="main"})"), 0.25);
  EXPECT_EQ(text.at(R"(sluice_prompt_cache_requests_total{account="main",result="hit"})"), 3);
  EXPECT_EQ(text.at(R"(sluice_prompt_cache_requests_total{account="main",result="miss"})"), 1);
  EXPECT_EQ(text.at(R"(sluice_prompt_cache_saved_tokens_total{account="main"})"), 900);
  EXPECT_EQ(text.at(R"(sluice_account_events_total{state="cooling"})"), 3);
  EXPECT_EQ(text.count("sluice_account_events_total{"), 4U);
  EXPECT_EQ(text.at(R"(sluice_alerts_total{result="delivered"})"), 5);
  EXPECT_EQ(text.at(R"(sluice_upstream_connections{state="active"})"), 4);
  EXPECT_EQ(text.at(R"(sluice_upstream_connections{state="idle"})"), 9);
}

TEST(MetricsText, KnowsTheProcess) {
  const Metrics metrics(1);
  const Exposition text(metrics_text(metrics, {}));
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);

  EXPECT_GT(text.at("process_resident_memory_bytes"), 1 << 20);
  EXPECT_GT(text.at("process_virtual_memory_bytes"), text.at("process_resident_memory_bytes"));
  EXPECT_GE(text.at("process_open_fds"), 3);
  EXPECT_LT(text.at("process_open_fds"), 1000);
  EXPECT_EQ(text.at("process_max_fds"), static_cast<double>(limit.rlim_cur));
  EXPECT_GE(text.at("process_cpu_seconds_total"), 0);
  const auto now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_LT(text.at("process_start_time_seconds"), now + 2);  // the boot time has whole seconds
  EXPECT_GT(text.at("process_start_time_seconds"), now - 600);
}

TEST(MetricsText, AgreesWithItselfWhileThreadsGoOnCounting) {
  Metrics metrics(1);
  std::atomic<bool> stop = false;
  std::thread thread([&] {
    while (!stop) metrics.thread(0).first_event.observe(30ms);
  });
  for (int i = 0; i < 50; ++i) {
    const Exposition text(metrics_text(metrics, {}));
    EXPECT_EQ(text.at(R"(sluice_first_event_seconds_bucket{le="+Inf"})"),
              text.at("sluice_first_event_seconds_count"));
  }
  stop = true;
  thread.join();
}

}  // namespace
}  // namespace sluice::app

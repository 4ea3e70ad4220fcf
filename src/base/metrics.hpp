#pragma once
/// What the program counts. Each I/O thread has counters of its own and is the only one to write
/// them; whoever exposes them adds them up. Nothing here locks or allocates, but `ModelLabels`.

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/metric_labels.hpp"

namespace sluice::metrics {

/// Written by one thread (a load and a store, no locked instruction), read by any.
class Counter {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// The same, up and down.
class Gauge {
 public:
  void add(std::int64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// A counter for each combination of labels: `Counters<ProviderKind, AttemptResult> attempts;`
/// `attempts.of(ProviderKind::openai, AttemptResult::ok).add();`
template <class... Labels>
class Counters {
 public:
  [[nodiscard]] Counter& of(Labels... labels) { return counters_[index(labels...)]; }
  [[nodiscard]] const Counter& of(Labels... labels) const { return counters_[index(labels...)]; }

 private:
  static constexpr std::size_t index(Labels... labels) {
    std::size_t at = 0;
    ((at = at * count_of<Labels> + static_cast<std::size_t>(labels)), ...);
    return at;
  }
  std::array<Counter, (count_of<Labels> * ...)> counters_;
};

/// Counts durations by size. `bounds` are the upper ends (inclusive) of all buckets but the last,
/// ascending and static; what is longer is in the last one.
class Histogram {
 public:
  static constexpr std::size_t bounds_max = 20;
  using Bounds = std::span<const std::chrono::nanoseconds>;

  explicit Histogram(Bounds bounds);
  void observe(std::chrono::nanoseconds duration);

  [[nodiscard]] Bounds bounds() const { return bounds_; }
  /// How many were in bucket `i` alone; `i` == bounds().size() is the last.
  [[nodiscard]] std::uint64_t count(std::size_t i) const { return counts_[i].value(); }
  [[nodiscard]] std::chrono::nanoseconds sum() const {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(sum_.value()));
  }

 private:
  Bounds bounds_;
  std::array<Counter, bounds_max + 1> counts_;
  Counter sum_;  // ns
};
/// 10 ms to 10 min: a model that answers.
[[nodiscard]] Histogram::Bounds answer_bounds();
/// 10 us to 1 s: our own part.
[[nodiscard]] Histogram::Bounds overhead_bounds();

/// Stands for a provider and a model name: an index, good for the whole life of the process.
enum class ModelLabel : std::uint16_t {};

/// The model names that have a label: the first `models_max` that came, as (provider, model). All
/// later ones, and names that aren't 1 to `name_bytes_max` visible ASCII characters, are "other" of
/// their provider. Any thread. Give it names that a provider accepted: a client's own would let it
/// fill the table.
class ModelTable {
 public:
  static constexpr std::size_t models_max = 256;
  static constexpr std::size_t name_bytes_max = 128;
  static constexpr std::size_t labels_max = count_of<ProviderKind> + models_max;
  static constexpr std::string_view other_name = "other";
  struct Entry {
    ProviderKind provider;
    std::string model;
  };

  ModelTable();
  [[nodiscard]] ModelLabel intern(ProviderKind provider, std::string_view model);
  /// What each label stands for, by its index; "other" of each provider first.
  [[nodiscard]] std::vector<Entry> entries() const;
  [[nodiscard]] static constexpr bool is_other(ModelLabel label) {
    return static_cast<std::size_t>(label) < count_of<ProviderKind>;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
};

/// One thread's memory of the table: asked once a request, and seldom has to lock.
class ModelLabels {
 public:
  explicit ModelLabels(ModelTable& table) : table_(table) {}
  [[nodiscard]] ModelLabel label(ProviderKind provider, std::string_view model);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  ModelTable& table_;
  std::array<std::unordered_map<std::string, ModelLabel, Hash, std::equal_to<>>,
             count_of<ProviderKind>>
      known_;
};

/// Tokens by model and kind.
class TokenCounters {
 public:
  [[nodiscard]] Counter& of(ModelLabel model, TokenKind kind) { return rows_[row(model)].of(kind); }
  [[nodiscard]] const Counter& of(ModelLabel model, TokenKind kind) const {
    return rows_[row(model)].of(kind);
  }

 private:
  static constexpr std::size_t row(ModelLabel model) { return static_cast<std::size_t>(model); }
  std::array<Counters<TokenKind>, ModelTable::labels_max> rows_;
};

/// All that one I/O thread counts. About 17 KiB; no two threads share a cache line.
struct alignas(64) ThreadMetrics {
  explicit ThreadMetrics(ModelTable& table) : models(table) {}

  Gauge streams_active;
  Counter stream_events;
  Counters<Direction> relayed_bytes;
  Counters<Dialect, ProviderKind, Outcome> requests;
  Counters<ProviderKind, AttemptResult> attempts;
  Counters<Limit> limit_refusals;
  Histogram request_duration{answer_bounds()};
  Histogram first_event{answer_bounds()};  // to the first streamed event
  Histogram overhead{overhead_bounds()};  // our own share of the time before the provider is called
  TokenCounters tokens;
  ModelLabels models;
};

/// Owns the counters of all I/O threads. Outlives the threads.
class Metrics {
 public:
  explicit Metrics(std::size_t threads);
  [[nodiscard]] std::size_t thread_count() const { return threads_.size(); }
  [[nodiscard]] ThreadMetrics& thread(std::size_t i) { return *threads_[i]; }
  [[nodiscard]] const ThreadMetrics& thread(std::size_t i) const { return *threads_[i]; }
  [[nodiscard]] const ModelTable& models() const { return models_; }

  /// The sum over all threads of what `pick(thread)` gives.
  template <class Pick>
  [[nodiscard]] auto sum(Pick pick) const {
    decltype(pick(*threads_.front())) total{};
    for (const auto& thread : threads_) total += pick(*thread);
    return total;
  }

 private:
  ModelTable models_;
  std::vector<std::unique_ptr<ThreadMetrics>> threads_;
};

}  // namespace sluice::metrics

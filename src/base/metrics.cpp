#include "base/metrics.hpp"

#include <algorithm>
#include <cassert>

namespace sluice::metrics {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr nanoseconds answer_bounds_list[] = {10ms, 25ms, 50ms, 100ms, 250ms, 500ms, 1s,   2500ms,
                                              5s,   10s,  20s,  30s,   60s,   120s,  300s, 600s};
constexpr nanoseconds overhead_bounds_list[] = {10us, 25us, 50us, 100us, 250us, 500us, 1ms, 2500us,
                                                5ms,  10ms, 25ms, 50ms,  100ms, 250ms, 1s};
static_assert(std::size(answer_bounds_list) <= Histogram::bounds_max);
static_assert(std::size(overhead_bounds_list) <= Histogram::bounds_max);

// The words stand beside their enumerators by position: the last of each must be the last.
static_assert(to_string(Dialect::bedrock) == "bedrock" && count_of<Dialect> == 6);
static_assert(to_string(ProviderKind::anthropic_compatible) == "anthropic_compatible");
static_assert(to_string(Outcome::internal) == "internal");
static_assert(to_string(AttemptResult::cancelled) == "cancelled");
static_assert(to_string(Direction::to_provider) == "to_provider");
static_assert(to_string(TokenKind::reasoning) == "reasoning");
static_assert(to_string(Limit::budget) == "budget");
static_assert(to_string(AccountState::disabled) == "disabled");

bool nameable(std::string_view model) {
  return !model.empty() && model.size() <= ModelTable::name_bytes_max &&
         std::ranges::all_of(model, [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

Histogram::Bounds answer_bounds() { return answer_bounds_list; }
Histogram::Bounds overhead_bounds() { return overhead_bounds_list; }

Histogram::Histogram(Bounds bounds) : bounds_(bounds) { assert(bounds.size() <= bounds_max); }

void Histogram::observe(nanoseconds duration) {
  duration = std::max(duration, nanoseconds::zero());
  const auto bucket = std::ranges::lower_bound(bounds_, duration) - bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].add();
  sum_.add(static_cast<std::uint64_t>(duration.count()));
}

ModelTable::ModelTable() {
  for (std::size_t i = 0; i < count_of<ProviderKind>; ++i) {
    entries_.push_back({static_cast<ProviderKind>(i), std::string(other_name)});
  }
}

ModelLabel ModelTable::intern(ProviderKind provider, std::string_view model) {
  const auto other = static_cast<ModelLabel>(provider);
  if (!nameable(model) || model == other_name) return other;
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) {
    return entry.provider == provider && entry.model == model;
  });
  if (found != entries_.end()) return static_cast<ModelLabel>(found - entries_.begin());
  if (entries_.size() == labels_max) return other;
  entries_.push_back({provider, std::string(model)});
  return static_cast<ModelLabel>(entries_.size() - 1);
}

std::vector<ModelTable::Entry> ModelTable::entries() const {
  const std::scoped_lock lock(mutex_);
  return entries_;
}

ModelLabel ModelLabels::label(ProviderKind provider, std::string_view model) {
  auto& known = known_[static_cast<std::size_t>(provider)];
  if (const auto found = known.find(model); found != known.end()) return found->second;
  const ModelLabel label = table_.intern(provider, model);
  // "Other" isn't remembered: the names behind it have no bound.
  if (!ModelTable::is_other(label)) known.emplace(model, label);
  return label;
}

Metrics::Metrics(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.push_back(std::make_unique<ThreadMetrics>(models_));
  }
}

}  // namespace sluice::metrics

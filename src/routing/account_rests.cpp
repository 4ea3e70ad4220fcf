// How rests begin, grow and end: the part of `AccountHealth` that holds its mutex.

#include <algorithm>
#include <utility>

#include "routing/account_health.hpp"

namespace sluice::routing {
namespace {

using std::memory_order_relaxed;

constexpr std::int64_t never = time_never.time_since_epoch().count();
/// No end lies further away: what a store gives back is not trusted to be a sane time.
constexpr auto rest_bound = std::chrono::days(366);
/// So that shifting stays far from its end; each rest is bounded by `rest_max` anyway.
constexpr std::uint8_t in_row_max = 20;

std::int64_t ticks(TimePoint time) { return time.time_since_epoch().count(); }

bool is_passing(RestRule rule) {
  switch (rule) {
    case RestRule::unreachable:
    case RestRule::server_error:
    case RestRule::overloaded: return true;
    case RestRule::rate_limited:
    case RestRule::quota:
    case RestRule::forbidden:
    case RestRule::unauthorized:
    case RestRule::model_missing: return false;
  }
  return false;
}

Milliseconds doubled(const Verdict& verdict, int level) {
  if (verdict.rest_max <= verdict.rest) return verdict.rest;
  Milliseconds rest = verdict.rest;
  for (int i = 0; i < level && rest < verdict.rest_max; ++i) rest *= 2;
  return std::min(rest, verdict.rest_max);
}

/// Never earlier: the provider's own time is kept.
Milliseconds jittered(Milliseconds rest, std::uint64_t random) {
  const Milliseconds range = std::min(rest / 10, AccountHealth::jitter_max);
  const auto steps = static_cast<std::uint64_t>(std::max<std::int64_t>(range.count(), 0)) + 1;
  return rest + Milliseconds(static_cast<std::int64_t>(random % steps));
}

}  // namespace

/// The place of a resting model; of the account where none is left, or no model is named.
AccountHealth::Scope& AccountHealth::claim(TimePoint now, std::string_view model) {
  const ModelHash hash = model_hash(model);
  if (hash == 0) return account_;
  if (Scope* scope = find(hash)) return *scope;
  // A free place, else of those that have rested the one that nobody has asked for longest.
  Scope* place = nullptr;
  for (Scope& scope : models_) {
    if (scope.until.load(memory_order_relaxed) > ticks(now)) continue;
    if (place == nullptr ||
        scope.until.load(memory_order_relaxed) < place->until.load(memory_order_relaxed)) {
      place = &scope;
    }
  }
  if (place == nullptr) return account_;
  place->until.store(0, memory_order_relaxed);
  place->prober.store(0, memory_order_relaxed);
  place->rest = {};
  place->rests_in_row = {};
  place->model.store(hash, memory_order_relaxed);
  return *place;
}

void AccountHealth::rest(Scope& scope, const Moment& at, std::string_view model,
                         const Verdict& verdict, std::uint64_t random) {
  const bool whole = &scope == &account_;
  if (whole && verdict.rule == RestRule::model_missing) return;
  const std::int64_t before_until = scope.until.load(memory_order_relaxed);
  const bool runs = before_until > ticks(at.now);
  const bool probed = scope.prober.load(memory_order_relaxed) != 0;
  const Condition before = before_until == 0 ? Condition::ready : scope.rest.condition;

  // Failures of requests that were on their way together are one, and so is what a probe finds before the rest is over: only
  // what comes after a rest doubles the next.
  auto& in_row = scope.rests_in_row[static_cast<std::size_t>(verdict.rule)];
  if (!runs && in_row < in_row_max) ++in_row;
  const int level = verdict.told || in_row == 0 ? 0 : in_row - 1;

  Rest next{.model = whole ? std::string() : std::string(model),
            .condition = Condition::cooling,
            .rule = verdict.rule,
            .reason = verdict.reason,
            .since = at.wall,
            .level = level};
  std::int64_t until = never;
  if (verdict.for_good) {
    next.condition =
        verdict.rule == RestRule::unauthorized ? Condition::unauthorized : Condition::blocked;
  } else {
    const Milliseconds length = std::min<Milliseconds>(
        jittered(verdict.told.value_or(doubled(verdict, level)), random), rest_bound);
    until = ticks(at.now + length);
    next.until = at.wall + length;
  }
  scope.prober.store(0, memory_order_relaxed);
  if (until <= before_until) return;  // the later end counts
  const bool same = runs && !probed && scope.rest.rule == next.rule && before == next.condition;
  if (same) next.since = scope.rest.since;
  scope.guessed = !verdict.told && !verdict.for_good && is_passing(verdict.rule);
  scope.rest = std::move(next);
  scope.until.store(until, memory_order_relaxed);
  troubled_.store(true, memory_order_relaxed);
  early_probe_at_.store(ticks(at.now), memory_order_relaxed);
  if (!same) tell(before, scope.rest, verdict.alert, at.wall);
}

void AccountHealth::end(Scope& scope, const Moment& at, std::string_view why) {
  const bool rested = scope.until.exchange(0, memory_order_relaxed) != 0;
  scope.prober.store(0, memory_order_relaxed);
  scope.model.store(0, memory_order_relaxed);
  scope.rests_in_row = {};
  Rest ended = std::exchange(scope.rest, {});
  if (!rested) return;
  const Condition before = std::exchange(ended.condition, Condition::ready);
  if (!why.empty()) ended.reason = why;
  tell(before, ended, false, at.wall);
}

void AccountHealth::tell(Condition before, const Rest& now, bool alert, WallTime at) {
  if (events_ == nullptr) return;
  events_->push({.account = id_,
                 .account_name = name_,
                 .before = before,
                 .now = now,
                 .alert = alert,
                 .at = at});
}

// --- told by operators, and by the store at start

void AccountHealth::lift(Moment at, std::string_view why) {
  const std::lock_guard lock(mutex_);
  end(account_, at, why);
  for (Scope& scope : models_) end(scope, at, why);
  streak_.store(0, memory_order_relaxed);
  server_streak_ = 0;
  recent_.clear();
  pace_.forgive();
  troubled_.store(false, memory_order_relaxed);
}

void AccountHealth::recall(Moment at, const Rest& rest) {
  if (rest.condition == Condition::ready || rest.until <= at.wall) return;
  const std::lock_guard lock(mutex_);
  Scope& scope = rest.model.empty() ? account_ : claim(at.now, rest.model);
  if (&scope == &account_ && !rest.model.empty()) return;
  std::int64_t until = never;
  if (rest.until != WallTime::max()) {
    until = ticks(at.now + std::min<WallTime::duration>(rest.until - at.wall, rest_bound));
  }
  if (until <= scope.until.load(memory_order_relaxed)) return;
  scope.rest = rest;
  // Whether its end was told isn't kept: a request that has no other account may find out.
  scope.guessed = until != never && is_passing(rest.rule);
  scope.rests_in_row[static_cast<std::size_t>(rest.rule)] =
      static_cast<std::uint8_t>(std::clamp(rest.level + 1, 1, int{in_row_max}));
  scope.until.store(until, memory_order_relaxed);
  streak_.store(std::max(1, streak_.load(memory_order_relaxed)), memory_order_relaxed);
  troubled_.store(true, memory_order_relaxed);
}

}  // namespace sluice::routing

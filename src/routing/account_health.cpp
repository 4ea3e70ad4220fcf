#include "routing/account_health.hpp"

#include <algorithm>
#include <utility>

namespace sluice::routing {
namespace {

using std::memory_order_relaxed;

constexpr std::int64_t never = time_never.time_since_epoch().count();
/// Stands for "no model" where 0 means that there is none at all.
constexpr ModelHash any_model = 1;
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

ModelHash model_hash(std::string_view model) {
  if (model.empty()) return 0;
  ModelHash hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : model) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash <= any_model ? any_model + 1 : hash;
}

AccountHealth::AccountHealth(AccountId id, std::string name, std::shared_ptr<StateEvents> events)
    : id_(std::move(id)), name_(std::move(name)), events_(std::move(events)) {}

// --- read by choices

AccountHealth::Availability AccountHealth::Scope::availability(std::int64_t now) const {
  const std::int64_t end = until.load(memory_order_relaxed);
  if (end == 0) return Availability::open;
  if (end > now) return Availability::resting;
  return prober.load(memory_order_relaxed) == 0 ? Availability::probe : Availability::probing;
}

const AccountHealth::Scope* AccountHealth::find(ModelHash model) const {
  if (model == 0) return nullptr;
  for (const Scope& scope : models_) {
    if (scope.model.load(memory_order_relaxed) == model) return &scope;
  }
  return nullptr;
}

AccountHealth::Scope* AccountHealth::find(ModelHash model) {
  return const_cast<Scope*>(std::as_const(*this).find(model));
}

AccountHealth::Availability AccountHealth::availability(TimePoint now, ModelHash model) const {
  // The usual case looks at one word.
  if (!troubled_.load(memory_order_relaxed)) return Availability::open;
  const Availability account = account_.availability(ticks(now));
  const Scope* scope = find(model);
  return scope == nullptr ? account : std::max(account, scope->availability(ticks(now)));
}

TimePoint AccountHealth::rests_until(ModelHash model) const {
  std::int64_t until = account_.until.load(memory_order_relaxed);
  if (const Scope* scope = find(model))
    until = std::max(until, scope->until.load(memory_order_relaxed));
  return TimePoint(TimePoint::duration(until));
}

bool AccountHealth::slow(TimePoint now) const { return pace_.slow(now); }

Milliseconds AccountHealth::first_event() const { return pace_.first_event(); }

// --- told by attempts

/// False: it can't be had. `taken` is set where there was something to take.
bool AccountHealth::Scope::take(std::int64_t now, ModelHash by, bool& taken) {
  const std::int64_t end = until.load(memory_order_relaxed);
  if (end == 0) return true;
  if (end > now && !guessed) return false;
  ModelHash none = 0;
  taken = prober.compare_exchange_strong(none, by, memory_order_relaxed);
  return taken;
}

bool AccountHealth::take_probe(TimePoint now, ModelHash model) {
  const ModelHash by = model == 0 ? any_model : model;
  const std::lock_guard lock(mutex_);
  bool of_account = false;
  bool of_model = false;
  Scope* scope = find(model);
  const bool got = account_.take(ticks(now), by, of_account) &&
                   (scope == nullptr || scope->take(ticks(now), by, of_model));
  if (!got && of_account) account_.prober.store(0, memory_order_relaxed);
  return got && (of_account || of_model);
}

void AccountHealth::give_probe_back(ModelHash model) {
  ModelHash by = model == 0 ? any_model : model;
  account_.prober.compare_exchange_strong(by, 0, memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  if (Scope* scope = find(model)) scope->prober.store(0, memory_order_relaxed);
}

/// Whether a success of `by` says that it is well again.
bool AccountHealth::Scope::ended_by(std::int64_t now, ModelHash by) const {
  const std::int64_t end = until.load(memory_order_relaxed);
  return end == 0 || end <= now || prober.load(memory_order_relaxed) == by;
}

void AccountHealth::succeeded(Moment at, std::string_view model, Milliseconds first_event,
                              Milliseconds usual) {
  attempts_.fetch_add(1, memory_order_relaxed);
  recent_.add(at.now, false);
  if (first_event > Milliseconds(0)) pace_.add(at.now, first_event, usual);
  if (streak_.load(memory_order_relaxed) == 0 && !troubled_.load(memory_order_relaxed)) return;

  const ModelHash hash = model_hash(model);
  const bool concerned = account_.until.load(memory_order_relaxed) != 0 || find(hash) != nullptr;
  if (streak_.load(memory_order_relaxed) == 0 && !concerned) return;
  const ModelHash by = hash == 0 ? any_model : hash;
  const std::lock_guard lock(mutex_);
  streak_.store(0, memory_order_relaxed);
  server_streak_ = 0;
  if (account_.ended_by(ticks(at.now), by)) {
    if (account_.until.load(memory_order_relaxed) != 0) recent_.clear();
    end(account_, at, {});
  }
  if (Scope* scope = find(hash); scope != nullptr && scope->ended_by(ticks(at.now), by)) {
    end(*scope, at, {});
  }
  const bool rests = account_.until.load(memory_order_relaxed) != 0 ||
                     std::any_of(models_.begin(), models_.end(), [](const Scope& scope) {
                       return scope.model.load(memory_order_relaxed) != 0;
                     });
  troubled_.store(rests, memory_order_relaxed);
}

void AccountHealth::failed(Moment at, std::string_view model, const Verdict& verdict,
                           std::uint64_t random) {
  attempts_.fetch_add(1, memory_order_relaxed);
  const ModelHash hash = model_hash(model);
  if (verdict.clients_fault) {
    give_probe_back(hash);
    return;
  }
  failures_.fetch_add(1, memory_order_relaxed);
  if (verdict.counts) recent_.add(at.now, true);
  streak_.fetch_add(1, memory_order_relaxed);

  const ModelHash by = hash == 0 ? any_model : hash;
  const std::lock_guard lock(mutex_);
  const bool rests_at_all = verdict.for_good || verdict.told || verdict.rest > Milliseconds(0);
  const bool of_account = verdict.scope == Verdict::Scope::account;
  if (of_account && verdict.streak > 1) ++server_streak_;
  const bool probed = account_.prober.load(memory_order_relaxed) == by;
  if (verdict.scope != Verdict::Scope::none && rests_at_all) {
    if (!of_account) {
      if (Scope* scope = claim(at.now, model)) rest(*scope, at, model, verdict, random);
    } else if (probed || verdict.streak <= 1 || server_streak_ >= verdict.streak) {
      rest(account_, at, {}, verdict, random);
    }
  }
  const auto recent = recent_.sum(at.now);
  if (verdict.counts && verdict.rest > Milliseconds(0) && recent.all >= circuit_attempts_min &&
      recent.marked * 2 >= recent.all && account_.until.load(memory_order_relaxed) == 0) {
    Verdict circuit = verdict;
    circuit.rule = RestRule::server_error;
    circuit.told.reset();
    circuit.reason = std::to_string(recent.marked) + " of " + std::to_string(recent.all) +
                     " attempts of the last 30 s failed: " + verdict.reason;
    rest(account_, at, {}, circuit, random);
  }
  // Where it didn't begin to rest anew, what was probed may be probed again.
  if (account_.prober.load(memory_order_relaxed) == by)
    account_.prober.store(0, memory_order_relaxed);
  if (Scope* scope = find(hash)) scope->prober.store(0, memory_order_relaxed);
}

/// The place of a resting model; nullptr: nothing shall rest for it.
AccountHealth::Scope* AccountHealth::claim(TimePoint now, std::string_view model) {
  const ModelHash hash = model_hash(model);
  if (hash == 0) return &account_;
  if (Scope* scope = find(hash)) return scope;
  // A free place, else of those that have rested the one that nobody has asked for longest.
  Scope* place = nullptr;
  for (Scope& scope : models_) {
    if (scope.until.load(memory_order_relaxed) > ticks(now)) continue;
    if (place == nullptr ||
        scope.until.load(memory_order_relaxed) < place->until.load(memory_order_relaxed)) {
      place = &scope;
    }
  }
  if (place == nullptr) return &account_;
  place->until.store(0, memory_order_relaxed);
  place->prober.store(0, memory_order_relaxed);
  place->rest = {};
  place->rests_in_row = {};
  place->model.store(hash, memory_order_relaxed);
  return place;
}

void AccountHealth::rest(Scope& scope, const Moment& at, std::string_view model,
                         const Verdict& verdict, std::uint64_t random) {
  const bool whole = &scope == &account_;
  if (whole && verdict.rule == RestRule::model_missing) return;
  const std::int64_t before_until = scope.until.load(memory_order_relaxed);
  const bool runs = before_until > ticks(at.now);
  const bool probed = scope.prober.load(memory_order_relaxed) != 0;
  const Condition before = before_until == 0 ? Condition::ready : scope.rest.condition;

  // Failures of requests that were on their way together are one: only what comes after a rest doubles the next.
  auto& in_row = scope.rests_in_row[static_cast<std::size_t>(verdict.rule)];
  if ((!runs || probed) && in_row < in_row_max) ++in_row;
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
  Scope* scope = rest.model.empty() ? &account_ : claim(at.now, rest.model);
  if (scope == nullptr || (scope == &account_ && !rest.model.empty())) return;
  std::int64_t until = never;
  if (rest.until != WallTime::max()) {
    until = ticks(at.now + std::min<WallTime::duration>(rest.until - at.wall, rest_bound));
  }
  if (until <= scope->until.load(memory_order_relaxed)) return;
  scope->rest = rest;
  // Whether its end was told isn't kept: a request that has no other account may find out.
  scope->guessed = until != never && is_passing(rest.rule);
  scope->rests_in_row[static_cast<std::size_t>(rest.rule)] =
      static_cast<std::uint8_t>(std::clamp(rest.level + 1, 1, int{in_row_max}));
  scope->until.store(until, memory_order_relaxed);
  streak_.store(std::max(1, streak_.load(memory_order_relaxed)), memory_order_relaxed);
  troubled_.store(true, memory_order_relaxed);
}

// --- for people

AccountHealth::Report AccountHealth::report(Moment at) const {
  Report report;
  report.first_event = pace_.first_event();
  report.slow = pace_.slow(at.now);
  const auto recent = recent_.sum(at.now);
  report.attempts_30s = recent.all;
  if (recent.all > 0) report.error_rate = static_cast<double>(recent.marked) / recent.all;
  report.attempts = attempts_.load(memory_order_relaxed);
  report.failures = failures_.load(memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  if (account_.until.load(memory_order_relaxed) > ticks(at.now)) {
    report.condition = account_.rest.condition;
    report.rests.push_back(account_.rest);
  }
  for (const Scope& scope : models_) {
    if (scope.until.load(memory_order_relaxed) > ticks(at.now)) report.rests.push_back(scope.rest);
  }
  return report;
}

}  // namespace sluice::routing

#include "routing/account_health.hpp"

#include <algorithm>
#include <utility>

#include "routing/hashing.hpp"

namespace sluice::routing {
namespace {

using std::memory_order_relaxed;

/// Stands for "no model" where 0 means that there is none at all.
constexpr ModelHash any_model = 1;

std::int64_t ticks(TimePoint time) { return time.time_since_epoch().count(); }

}  // namespace

ModelHash model_hash(std::string_view model) {
  if (model.empty()) return 0;
  const ModelHash hash = hash_text(model);
  return hash <= any_model ? any_model + 1 : hash;
}

AccountHealth::AccountHealth(AccountId id, std::string name, std::shared_ptr<StateEvents> events)
    : id_(std::move(id)), name_(std::move(name)), events_(std::move(events)) {}

// --- read by choices

AccountHealth::Availability AccountHealth::Scope::availability(std::int64_t now) const {
  const std::int64_t end = until.load(memory_order_relaxed);
  if (end == 0) return Availability::open;
  if (prober.load(memory_order_relaxed) != 0) return Availability::probing;
  return end > now ? Availability::resting : Availability::probe;
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

bool AccountHealth::take_early_probe(TimePoint now, ModelHash model) {
  std::int64_t last = early_probe_at_.load(memory_order_relaxed);
  const std::int64_t next = last + TimePoint::duration(early_probe_every).count();
  if (ticks(now) < next) return false;
  // Of several threads one has it.
  return early_probe_at_.compare_exchange_strong(last, ticks(now), memory_order_relaxed) &&
         take_probe(now, model);
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
      rest(claim(at.now, model), at, model, verdict, random);
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

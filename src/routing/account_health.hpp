#pragma once
/// How an account is, as its attempts tell: what rests and until when, whom it would answer slowly, how often it fails. Read
/// by every choice without a lock; changed by verdicts. All times are given: nothing here looks at a clock.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/quantity.hpp"
#include "routing/answer_pace.hpp"
#include "routing/failure.hpp"
#include "routing/recent_counts.hpp"
#include "routing/state_events.hpp"

namespace sluice::routing {

/// Stands for a model's name. 0: none.
using ModelHash = std::uint64_t;
[[nodiscard]] ModelHash model_hash(std::string_view model);

/// Both clocks, read together: deadlines are of the one, what people see is of the other.
struct Moment {
  TimePoint now;
  WallTime wall;
};

/// A rest begins with a verdict and ends with a success behind its end: between the two the account is on probation, and
/// takes one request at a time.
///
/// Ends     as told by the provider, unclamped; else the verdict's rest, doubled for each rest before it that no success
///          followed. All come up to a tenth later, a minute at most, so that many servers don't come back at one time.
/// Overlap  of two rests of one scope the later end counts.
/// Circuit  where half of at least `circuit_attempts_min` attempts of the last 30 s failed (`Verdict::counts`), the
///          account rests as by `server_error`.
/// Probes   are bounded by the lease that took them: it succeeds, fails, or gives them back.
/// Events   a rest that begins, begins anew after its probe, or changes its reason; one that is over for good. A rest that only
///          grows longer is no event.
class AccountHealth {
 public:
  static constexpr std::uint32_t circuit_attempts_min = 10;
  static constexpr std::chrono::seconds early_probe_every{1};
  static constexpr Milliseconds jitter_max = std::chrono::minutes(1);

  enum class Availability : std::uint8_t {
    open,
    probe,    // it has rested: one request may find out whether it is well
    probing,  // that one is on its way
    resting,
  };
  /// Resting models that are told apart; past that the whole account rests. (Not of models that it doesn't have: a client
  /// that asks for many of these hurts nobody else.)
  static constexpr std::size_t models_max = 16;

  AccountHealth(AccountId id, std::string name, std::shared_ptr<StateEvents> events);
  AccountHealth(const AccountHealth&) = delete;
  AccountHealth& operator=(const AccountHealth&) = delete;

  // --- read by choices; lock-free
  [[nodiscard]] Availability availability(TimePoint now, ModelHash model) const;
  /// When a request for `model` may be worth sending; `time_never`: not before someone acts. In the past: now.
  [[nodiscard]] TimePoint rests_until(ModelHash model) const;
  /// Its last attempt came to something: a try here is no guess.
  [[nodiscard]] bool proven() const { return streak_.load(std::memory_order_relaxed) == 0; }
  /// Much slower than its peers, for now: sessions leave it.
  [[nodiscard]] bool slow(TimePoint now) const;
  /// Time to the first event, smoothed; 0: none was seen.
  [[nodiscard]] Milliseconds first_event() const;

  // --- told by attempts
  /// False: another one is the probe, or it is open again.
  /// Of one that rests still: only where how long is our own guess of a passing fault (unreachable, server_error,
  /// overloaded). So a request that has no other account may try the same one again, with backoff.
  [[nodiscard]] bool take_probe(TimePoint now, ModelHash model);
  /// The same for a request that no account is left for at all, so that a recovery is noticed soon however long the rest was
  /// guessed to be: no sooner and no more often than every `early_probe_every`.
  [[nodiscard]] bool take_early_probe(TimePoint now, ModelHash model);
  /// The probe ended without a verdict.
  void give_probe_back(ModelHash model);
  /// The first output is here, `first_event` after the call; 0: that is no measure. `usual`: what that model takes on all accounts.
  /// Of an attempt that was on its way when a rest began it ends none.
  void succeeded(Moment at, std::string_view model, Milliseconds first_event, Milliseconds usual);
  void failed(Moment at, std::string_view model, const Verdict& verdict, std::uint64_t random);

  // --- told by operators, and by the store at start
  /// Everything is forgiven, streaks and doublings included.
  void lift(Moment at, std::string_view why);
  /// What a run before this one knew. Tells no event.
  void recall(Moment at, const Rest& rest);

  // --- for people
  struct Report {
    Condition condition = Condition::ready;
    std::vector<Rest> rests;  // of the account and of models, those that run
    Milliseconds first_event{0};
    bool slow = false;
    double error_rate = 0;  // of the last 30 s
    std::uint32_t attempts_30s = 0;
    std::uint64_t attempts = 0;  // since start
    std::uint64_t failures = 0;
  };
  [[nodiscard]] Report report(Moment at) const;
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const AccountId& id() const { return id_; }

 private:
  /// What rests together. The atomics are written under the mutex, but for `prober`.
  struct Scope {
    std::atomic<ModelHash> model{0};     // 0: free; of the whole account: not used
    std::atomic<std::int64_t> until{0};  // of the steady clock; 0: doesn't rest
    /// The model whose request is the probe; 0: none is on its way.
    std::atomic<ModelHash> prober{0};
    // Under the mutex.
    bool guessed = false;  // a passing fault, its length our guess: may be tried early
    Rest rest;
    std::array<std::uint8_t, rest_rules> rests_in_row{};

    [[nodiscard]] Availability availability(std::int64_t now) const;
    [[nodiscard]] bool take(std::int64_t now, ModelHash by, bool& taken);
    [[nodiscard]] bool ended_by(std::int64_t now, ModelHash by) const;
  };

  [[nodiscard]] const Scope* find(ModelHash model) const;
  [[nodiscard]] Scope* find(ModelHash model);
  // The mutex is held in these.
  [[nodiscard]] Scope& claim(TimePoint now, std::string_view model);
  void rest(Scope& scope, const Moment& at, std::string_view model, const Verdict& verdict,
            std::uint64_t random);
  void end(Scope& scope, const Moment& at, std::string_view why);
  void tell(Condition before, const Rest& now, bool alert, WallTime at);

  AccountId id_;
  std::string name_;
  std::shared_ptr<StateEvents> events_;

  std::atomic<int> streak_{0};  // failures since the last success
  /// Something rests or has rested since a success: a success looks closer.
  std::atomic<bool> troubled_{false};
  std::atomic<std::int64_t> early_probe_at_{0};  // of the steady clock
  std::atomic<std::uint64_t> attempts_{0};
  std::atomic<std::uint64_t> failures_{0};
  RecentCounts<5, 6> recent_;  // marked: failures
  AnswerPace pace_;

  mutable std::mutex mutex_;
  Scope account_;
  std::array<Scope, models_max> models_;
  int server_streak_ = 0;  // failures in a row of those that rest from the nth on
};

}  // namespace sluice::routing

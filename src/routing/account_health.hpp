#pragma once
/// How an account is, as its attempts tell: what rests and until when, whom it would answer slowly, how often it fails. Read
/// by every choice without a lock; changed by verdicts. All times are given: nothing here looks at a clock.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/quantity.hpp"
#include "routing/failure.hpp"
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

class AccountHealth {
 public:
  enum class Availability : std::uint8_t {
    open,
    probe,    // it has rested: one request may find out whether it is well
    probing,  // that one is on its way
    resting,
  };
  /// Resting models that are told apart; past that the whole account rests.
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
  [[nodiscard]] bool take_probe(TimePoint now, ModelHash model);
  /// The probe ended without a verdict.
  void give_probe_back(ModelHash model);
  /// The first output is here, `first_event` after the call. `usual`: what that model takes on all accounts.
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
  AccountId id_;
  std::string name_;
  std::shared_ptr<StateEvents> events_;
  std::atomic<int> streak_{0};  // failures since the last success
};

}  // namespace sluice::routing

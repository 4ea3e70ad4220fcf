#pragma once
/// One choice among the accounts of a pool. Looks at the states of few: the order of accounts is worked out from hashes and
/// weights that lie side by side, and only then are those in front asked how they are.

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "routing/account_menus.hpp"
#include "routing/account_pool.hpp"

namespace sluice::routing {

class AccountChoice {
 public:
  /// An account may have more conversations than its share by a twentieth and a few: enough for 19 of 20 to be where hashing
  /// puts them, and few enough that none is crowded. By `simulation_test`.
  static constexpr double sessions_over_share = 1.05;
  static constexpr double sessions_over = 3.0;
  /// Of the prompt, that have to be warm elsewhere for a new conversation to go there.
  static constexpr std::int64_t warm_bytes_min = 4096;

  AccountChoice(const AccountPool& pool, const Need& need);

  struct Pick {
    std::uint32_t index = 0;
    bool probe = false;  // to be taken first
  };
  [[nodiscard]] std::optional<Pick> choose();
  /// Of the picked one.
  [[nodiscard]] AccountLease::Terms terms(const Pick& pick);
  /// Why there is none. Looks at all.
  [[nodiscard]] Unavailable why_none();
  /// Where all rest: one of them, drawn, whose early probe is taken.
  [[nodiscard]] std::optional<AccountLease::Terms> early_probe();

 private:
  /// How many are asked how they are before all are; a class of no more is looked at as a whole.
  static constexpr std::size_t few = 8;
  /// Pairs that are drawn before all are looked at.
  static constexpr int draws_max = 4;
  /// Draws for one that serves the model at all.
  static constexpr int draws_for_model = 64;

  enum class Fit : std::uint8_t {
    good,
    guess,  // for a request that has failed once already: an account whose last attempt came to nothing
    slow,
    none,
  };
  struct Look {
    Fit fit = Fit::none;
    bool probe = false;
  };
  /// Someone to go to, with what makes him better than others.
  struct Candidate {
    std::size_t place = 0;
    Look look{};
    bool crowded = false;
    double load = 0;  // in relation to its weight
  };
  struct Near {
    std::uint64_t distance = 0;
    std::size_t place = 0;
  };
  struct Nearest {
    std::array<Near, few> in_order{};
    std::size_t count = 0;
    // Of all in the class that serve the model.
    std::int64_t sessions = 0;
    std::uint64_t weight = 0;
  };

  /// It serves the model and wasn't asked yet. Touches no state.
  [[nodiscard]] bool may_be_asked(std::uint32_t index);
  [[nodiscard]] Look look(std::uint32_t index);
  [[nodiscard]] std::optional<Pick> stay(const AccountClass& of, Fit at_worst);
  [[nodiscard]] std::optional<Pick> by_session(const AccountClass& of);
  [[nodiscard]] std::optional<Pick> by_draw(const AccountClass& of);
  [[nodiscard]] std::optional<Pick> pinned();
  template <class Filter>
  [[nodiscard]] Nearest nearest(const AccountClass& of, std::size_t count_max, Filter filter);
  [[nodiscard]] std::size_t drawn(const AccountClass& of);
  [[nodiscard]] std::optional<Candidate> first_of(const AccountClass& of, const Nearest& nearest);
  [[nodiscard]] std::optional<Candidate> least_loaded(const AccountClass& of,
                                                      std::span<const std::size_t> places);
  static void crowd(const AccountClass& of, const Nearest& among, Candidate& candidate);
  /// A warm account in place of `first`, if that saves something and `allowed` says so.
  template <class Allowed>
  [[nodiscard]] Candidate warmest(const AccountClass& of, const Candidate& first, Allowed allowed);
  [[nodiscard]] static Pick pick(const AccountClass& of, const Candidate& candidate) {
    return {.index = of.members[candidate.place], .probe = candidate.look.probe};
  }
  void count_reason(std::uint32_t index, Unavailable& so_far);

  const AccountPool& pool_;
  const Need& need_;
  MenuAnswers menus_;
  const std::vector<AccountClass>& classes_;
  std::uint64_t random_;
  // Where the conversation is, if the pool has that account.
  std::optional<std::uint32_t> home_;
  bool cold_ = false;  // nothing is lost by moving it
};

}  // namespace sluice::routing

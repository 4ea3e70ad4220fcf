#pragma once
/// Makes guessing slow. Failures in a row are counted against a user name and against an address; from the
/// `failures_free`-th on each one doubles the time until the next attempt, up to `block_max`. Counted in the store: a restart
/// forgives nothing.
///
///     Throttle throttle(transaction, clock.wall_now());
///     if (auto admitted = throttle.begin(subjects, Patience::full); !admitted) return refusal;   // with when to come again
///     ... the check, outside of the transaction ...
///     throttle.forgive(subjects);   // it was right
///
/// An attempt counts as failed from its beginning, so that a thousand at once are not a thousand free ones.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "admin/refusal.hpp"
#include "base/clock.hpp"
#include "store/sessions.hpp"

namespace sluice::admin {

/// For a name as somebody typed it: hashed, as people type passwords into the wrong field.
[[nodiscard]] std::string throttle_subject_of_name(std::string_view user_name);
/// For an address; of IPv6 the /64, which is what one subscriber has.
[[nodiscard]] std::string throttle_subject_of_peer(std::string_view peer);

class Throttle {
 public:
  static constexpr std::int64_t failures_free = 5;
  static constexpr std::chrono::seconds block_min{1};
  static constexpr std::chrono::seconds block_max{15 * 60};
  static constexpr std::chrono::hours memory{24};

  /// `brief`: for a visitor on this machine no block is longer than `block_min`, whoever caused it.
  enum class Patience : std::uint8_t { full, brief };

  Throttle(store::Transaction& transaction, WallTime now) : table_(transaction), now_(now) {}
  /// Errors  rate_limited.
  [[nodiscard]] Outcome<void> begin(const std::vector<std::string>& subjects, Patience patience);
  /// The attempt was neither right nor wrong: as if it hadn't been.
  void take_back(const std::vector<std::string>& subjects);
  void forgive(const std::vector<std::string>& subjects);

 private:
  [[nodiscard]] store::Attempts attempts_of(const std::string& subject);

  store::AttemptTable table_;
  WallTime now_;
};

}  // namespace sluice::admin

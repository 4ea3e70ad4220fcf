#pragma once
/// What running servers see of an account: what each of them leaves in the store as JSON, and all of it together for people.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/subject.hpp"
#include "store/account_figures.hpp"
#include "store/account_rests.hpp"

namespace sluice::admin {

/// Of one server, or of several together.
struct AccountLive {
  std::int64_t in_flight = 0;
  std::int64_t first_event_ms = 0;  // smoothed; 0: none was seen. Of several: the slowest
  bool slow = false;                // much slower than its peers
  double error_rate = 0;            // of the last 30 s, by attempts
  std::int64_t attempts_30s = 0;
  std::int64_t attempts = 0;  // since the start of each server
  std::int64_t failures = 0;
  std::int64_t cache_hits = 0;  // requests that read from the provider's prompt cache
  std::int64_t cache_misses = 0;
  std::int64_t cache_saved_tokens = 0;
  std::vector<store::AccountRest> rests;
  friend bool operator==(const AccountLive&, const AccountLive&) = default;
};

[[nodiscard]] std::string live_text(const AccountLive& live);
/// nullopt: it isn't one. A member that is missing is 0.
[[nodiscard]] std::optional<AccountLive> parse_live(std::string_view text);
/// Adds what another server sees.
void merge(AccountLive& into, const AccountLive& other);

/// How an account is: what the store remembers, and what servers see now.
struct AccountNow {
  /// One for each model, the account as a whole first (without a model); only those that run. Of two the longer one.
  std::vector<store::AccountRest> rests;
  std::optional<AccountLive> live;  // nullopt: no server runs, or none uses the account

  /// That of the whole account; null: there is none.
  [[nodiscard]] const store::AccountRest* whole() const {
    return !rests.empty() && rests.front().model.empty() ? &rests.front() : nullptr;
  }
};
/// `figures` are of this account.
[[nodiscard]] AccountNow account_now(std::vector<store::AccountRest> remembered,
                                     const std::vector<store::AccountFigures>& figures,
                                     WallTime now);

/// "state_until", "in_flight", "first_event_ms", "slow", "error_rate", "attempts", "failures", "cache_hit_rate",
/// "cache_saved_tokens" (null where nobody knows), "rests"; and "state" and "state_reason" where a whole account that would be
/// active rests.
void show_now(View& view, const AccountNow& now);
/// The same for the account with the id in `view`, as it is in the store.
void show_now(const Desk& desk, View& view);

}  // namespace sluice::admin

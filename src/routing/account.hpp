#pragma once
/// An account as choosing sees it: what it may be asked, how much of it there is, and what changes while it is used.

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/quantity.hpp"
#include "net/fair_line.hpp"
#include "routing/account_health.hpp"
#include "routing/cache_counts.hpp"
#include "routing/session_table.hpp"

namespace sluice::routing {

/// What changes while an account is used. Outlives every snapshot that names the account.
struct AccountState {
  AccountState(const AccountId& id, std::string name, net::FairLine& waiting,
               std::shared_ptr<StateEvents> events)
      : hash(account_hash(id)), health(id, std::move(name), std::move(events)), line(waiting) {}

  /// Counts us in, if `cap` allows it; 0: no cap. At no moment more than the cap are counted.
  [[nodiscard]] bool take_slot(int cap);
  void give_slot_back();
  /// What it rests for is forgiven, and whoever waits may have it at once.
  void lift(Moment at, std::string_view why) {
    health.lift(at, why);
    line.notify();
  }

  const AccountHash hash;
  std::atomic<int> in_flight{0};
  /// The provider refused the access token: whoever keeps it fresh looks, and takes this back.
  std::atomic<bool> wants_refresh{false};
  /// `fast_hash` of the credential in force; 0: not told. A refusal of another one says nothing of the account.
  std::atomic<std::uint64_t> credential{0};
  AccountHealth health;
  CacheCounts cache;
  net::FairLine& line;
};

struct Account {
  AccountId id;
  std::string name;
  std::string dialect;  // that it speaks natively
  int priority = 10;    // lower first
  int weight = 1;
  int max_concurrency = 0;                                     // 0 = no cap
  std::vector<std::string> models;                             // patterns; empty = all
  std::vector<std::pair<std::string, std::string>> model_map;  // client's name, provider's name
  std::vector<std::string> pools;
  RestOverrides rests{};
  std::shared_ptr<AccountState> state;

  /// Whether a client may ask it for `model`: the map names it, or a pattern lets it in.
  [[nodiscard]] bool serves(std::string_view model) const;
  /// The provider's name for it.
  [[nodiscard]] std::string_view upstream_model(std::string_view model) const;
};

}  // namespace sluice::routing

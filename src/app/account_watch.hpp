#pragma once
/// Sees how accounts are, and tells: the log of each change, the store of what must outlive a restart and of what
/// `sluice account list` shows, and operators of what they should know.
///
/// All of it belongs to one loop, which serves no request (control_loop.hpp): SQL may block it. The counts are for any thread.

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "admin/account_live.hpp"
#include "app/alert.hpp"
#include "base/random.hpp"
#include "routing/account.hpp"
#include "store/account_figures.hpp"
#include "store/account_rests.hpp"
#include "store/database.hpp"

namespace sluice::app {

struct WatchedAccount {
  AccountId id;
  std::string name;
  std::shared_ptr<routing::AccountState> state;
};

/// This process, as others see it in the store.
struct NodeName {
  std::string id;    // a ULID
  std::string name;  // for people
};

/// Input tokens of the full price that reading from the cache saved: a provider takes a tenth for one that is read.
[[nodiscard]] inline std::uint64_t saved_tokens(const routing::CacheFigures& cache) {
  return cache.tokens_read * 9 / 10;
}

class AccountWatch {
 public:
  using Tell = std::function<void(Alert)>;
  static constexpr std::chrono::seconds figures_every{2};
  static constexpr std::chrono::seconds seen_every{5};
  static constexpr std::chrono::seconds store_wait{5};  // after it couldn't be written
  static constexpr std::size_t conditions = 4;
  /// Changes of state so far, by the state that they led to.
  using Counts = std::array<std::atomic<std::uint64_t>, conditions>;

  AccountWatch(store::Database& database, routing::StateEvents& events, Random& random,
               NodeName node, Tell tell)
      : database_(database),
        events_(events),
        random_(random),
        node_(std::move(node)),
        tell_(std::move(tell)) {}
  AccountWatch(const AccountWatch&) = delete;
  AccountWatch& operator=(const AccountWatch&) = delete;

  /// All accounts that requests may go to, whenever any has changed. `remembered`: what of them rested, as the store has it.
  void use(std::vector<WatchedAccount> accounts, const std::vector<store::AccountRest>& remembered);
  /// A few times a second: tells what has happened since.
  void look(routing::Moment at);
  /// A change that somebody else has seen, and written down.
  void alert(const routing::StateEvent& event);
  /// The server stops: what it alone knows goes from the store.
  void leave();
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  using Rests = std::map<std::string, store::AccountRest>;  // by model
  struct Entry {
    WatchedAccount account;
    // As they are in the store, for all we know.
    Rests rests;
    std::optional<admin::AccountLive> live;
  };
  struct Writing {
    std::vector<store::AccountRest> put;
    std::vector<store::AccountRest> drop;
    std::vector<std::pair<std::string, admin::AccountLive>> live;  // by account id
  };
  void tell(const routing::StateEvent& event);
  void write_down(routing::Moment at);
  void compare(const Entry& entry, routing::Moment at, Writing& out) const;
  [[nodiscard]] Status write(const Writing& writing, bool seen, WallTime now);
  void note(Writing& writing);

  store::Database& database_;
  routing::StateEvents& events_;
  Random& random_;
  const NodeName node_;
  Tell tell_;
  std::map<std::string, Entry> entries_;  // by id
  std::vector<std::string> gone_;         // whose figures are still in the store
  std::set<std::string> alerted_;         // by name and model: a recovery is told of what was told
  TimePoint next_look_;
  TimePoint next_seen_;
  TimePoint not_before_;
  bool unwritten_ = false;
  std::uint64_t dropped_ = 0;
  Counts counts_{};
};

}  // namespace sluice::app

#pragma once
/// From the configuration file and the store to what requests read.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/entities.hpp"
#include "app/config.hpp"
#include "http/connection_pool.hpp"
#include "relay/snapshot.hpp"

namespace sluice::app {

/// What outlives a snapshot: the counts and the health of each account, the counts of each key, by id. Used by the control
/// thread alone.
class RuntimeStates {
 public:
  explicit RuntimeStates(net::FairLine& line) : line_(line) {}
  [[nodiscard]] std::shared_ptr<routing::AccountState> account(const AccountId& id,
                                                               const std::string& name);
  [[nodiscard]] std::shared_ptr<relay::KeyState> key(const KeyId& id);
  /// What the store says of accounts, before each snapshot: an account that comes rests as it did; one that an operator
  /// has forgiven meanwhile rests no more.
  void know(const admin::Entities& entities, routing::Moment at);
  /// How often an operator has forgiven it.
  [[nodiscard]] std::int64_t lifts(const AccountId& id) const {
    const auto found = lifts_.find(id.str());
    return found == lifts_.end() ? 0 : found->second;
  }
  /// The account signs in with this from now on: where another credential was refused, it is tried.
  void sign_in_with(const provider::AccountSettings& account);
  /// Forgets those that no snapshot names any more.
  void prune();
  /// Of all snapshots: conversations and caches are where they are, whatever was reconfigured.
  [[nodiscard]] const std::shared_ptr<routing::RoutingMemory>& memory() const { return memory_; }
  /// What all accounts tell of themselves.
  [[nodiscard]] routing::StateEvents& events() const { return *events_; }

 private:
  net::FairLine& line_;
  std::shared_ptr<routing::RoutingMemory> memory_ = std::make_shared<routing::RoutingMemory>();
  std::shared_ptr<routing::StateEvents> events_ = std::make_shared<routing::StateEvents>();
  struct Entry {
    std::shared_ptr<routing::AccountState> state;
    std::optional<Sha256> credential;  // its hash; nullopt: not known yet
  };
  std::map<AccountId, Entry> accounts_;
  std::vector<store::AccountRest> rests_;      // in the store
  std::map<std::string, std::int64_t> lifts_;  // likewise, by id
  bool knows_lifts_ = false;
  routing::Moment at_{};
  std::map<KeyId, std::shared_ptr<relay::KeyState>> keys_;
};

struct BuiltSnapshot {
  std::shared_ptr<const relay::Snapshot> snapshot;
  /// What of the store can't be served, in words for the log: an account whose proxy or authorities can't be used, a name or
  /// secret that the file has as well.
  std::vector<std::string> left_out;
  /// When it has to be built anew although nothing was changed: an account ends.
  WallTime valid_until = WallTime::max();
};

/// Accounts of providers that this version doesn't serve, and disabled and ended ones, are left out; so are OAuth2 accounts until their
/// first access token.
/// Errors  invalid_config: something that the file declares can't be served. What is in the store never stops a start.
[[nodiscard]] Result<BuiltSnapshot> build_snapshot(const Config& config,
                                                   const admin::Entities& entities,
                                                   http::TlsContexts& tls_contexts,
                                                   RuntimeStates& states, WallTime now);

}  // namespace sluice::app

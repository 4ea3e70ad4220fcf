#pragma once
/// From the configuration to what requests read.

#include <map>
#include <memory>
#include <string>

#include "app/config.hpp"
#include "relay/snapshot.hpp"

namespace sluice::app {

/// What outlives a snapshot: the counts of each account and key, by name. Used by the control thread alone.
class RuntimeStates {
 public:
  explicit RuntimeStates(net::WaitingLine& line) : line_(line) {}
  [[nodiscard]] std::shared_ptr<routing::AccountState> account(const std::string& name);
  [[nodiscard]] std::shared_ptr<relay::KeyState> key(const std::string& name);

 private:
  net::WaitingLine& line_;
  std::map<std::string, std::shared_ptr<routing::AccountState>> accounts_;
  std::map<std::string, std::shared_ptr<relay::KeyState>> keys_;
};

/// Accounts of providers that this version doesn't serve, and disabled ones, are left out.
/// Errors  invalid_config.
[[nodiscard]] Result<std::shared_ptr<const relay::Snapshot>> build_snapshot(const Config& config,
                                                                            RuntimeStates& states);

}  // namespace sluice::app

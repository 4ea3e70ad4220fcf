#pragma once
/// Resources that live on one account of a provider (containers, stored responses, files): which account that is. In memory, for
/// every thread; whoever keeps the store loads them at start and writes down what is new.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/quantity.hpp"

namespace sluice::routing {

struct ResourcePin {
  std::string resource;  // the provider's id of it
  AccountId account;
  WallTime until;
};

class ResourcePins {
 public:
  static constexpr std::size_t pins_max = 100000;  // then those that end first are forgotten
  static constexpr std::size_t resource_bytes_max = 256;
  static constexpr std::chrono::days kept_for{30};

  [[nodiscard]] std::optional<AccountId> find(std::string_view resource, WallTime now) const;
  /// An answer named `resource`. Known ones are kept longer.
  void learn(std::string_view resource, const AccountId& account, WallTime now);
  /// From the store.
  void recall(std::vector<ResourcePin> pins);
  /// What was learnt since the last call, to be written down.
  [[nodiscard]] std::vector<ResourcePin> take_new();
};

}  // namespace sluice::routing

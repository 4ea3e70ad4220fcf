#pragma once
/// Resources that live on one account of a provider (containers, stored responses, files): which account that is. In memory, for
/// every thread; whoever keeps the store loads them at start and writes down what is new.

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
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
  /// Use is written down this much later at most, so that it isn't with every request.
  static constexpr std::chrono::days told_after{1};

  [[nodiscard]] std::optional<AccountId> find(std::string_view resource, WallTime now) const;
  /// An answer named `resource`. Known ones are kept longer. What can't be an id (too long, not of printable ASCII) is passed by.
  void learn(std::string_view resource, const AccountId& account, WallTime now);
  /// From the store. Of two the later one holds.
  void recall(std::vector<ResourcePin> pins);
  /// What was learnt since the last call, to be written down.
  [[nodiscard]] std::vector<ResourcePin> take_new();
  [[nodiscard]] std::size_t size() const;

 private:
  struct Pin {
    AccountId account;
    WallTime until;
    WallTime told;  // the end that the store knows, or will with the next `take_new`
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Pins = std::unordered_map<std::string, Pin, Hash, std::equal_to<>>;
  void put(Pins::iterator pin, const AccountId& account, WallTime until);
  void make_room();

  // One lock: it is taken by requests that name a resource, and by answers that do.
  mutable std::mutex mutex_;
  Pins pins_;
  std::set<std::pair<WallTime, std::string_view>> by_end_;  // names of pins_
  std::set<std::string_view> new_;                          // likewise
};

}  // namespace sluice::routing

#pragma once
/// Changes of an account's state, on their way from the threads that see them to the one that tells of them.

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/quantity.hpp"
#include "routing/failure.hpp"

namespace sluice::routing {

/// "ready", "cooling", "unauthorized", "blocked": of `metrics::AccountState`, without `disabled`.
enum class Condition : std::uint8_t { ready, cooling, unauthorized, blocked };
[[nodiscard]] std::string_view to_string(Condition condition);

/// A pause of an account, or of one model on it.
struct Rest {
  std::string model = {};  // empty: of the whole account
  Condition condition = Condition::cooling;
  RestRule rule = RestRule::server_error;
  std::string reason = {};  // as in the verdict
  WallTime since = {};
  WallTime until = WallTime::max();  // max: until someone acts
  int level = 0;                     // doublings so far
};

struct StateEvent {
  AccountId account = {};
  std::string account_name = {};
  Condition before = Condition::ready;
  Rest now = {};       // of `ready`: the rest that ended, with `condition` ready
  bool alert = false;  // someone should look
  WallTime at = {};
};

/// Any thread may push; one takes. Nothing is told twice, and when nobody takes for long the oldest are dropped and counted.
class StateEvents {
 public:
  static constexpr std::size_t events_max = 4096;
  void push(StateEvent event);
  [[nodiscard]] std::vector<StateEvent> take();
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  mutable std::mutex mutex_;
  std::vector<StateEvent> events_;
  std::uint64_t dropped_ = 0;
};

}  // namespace sluice::routing

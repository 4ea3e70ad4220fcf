#pragma once
/// Keeps the resource pins in memory and in the store alike: what this server learns is written down, what others wrote is read.

#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "routing/resource_pins.hpp"
#include "store/database.hpp"
#include "store/resource_pins.hpp"

namespace sluice::app {

/// Of one thread at a time; each call blocks for a query, and for a transaction where something is to be written.
class PinKeeper {
 public:
  /// A start only reads: it shall not wait for another's writing.
  static constexpr std::chrono::minutes first_expiry{1};
  static constexpr std::chrono::hours between_expiries{1};

  PinKeeper(store::Database& database, std::shared_ptr<routing::ResourcePins> pins,
            const Clock& clock)
      : database_(database),
        pins_(std::move(pins)),
        clock_(clock),
        expire_at_(clock.wall_now() + first_expiry) {}

  /// The first reads all there is. What can't be written now is with a later one.
  void tick();

 private:
  [[nodiscard]] Status exchange();
  [[nodiscard]] Status write();
  [[nodiscard]] Status read();

  store::Database& database_;
  const std::shared_ptr<routing::ResourcePins> pins_;
  const Clock& clock_;
  std::vector<store::ResourcePin> unwritten_;
  std::int64_t read_up_to_ = 0;
  WallTime expire_at_;
  bool failing_ = false;
};

}  // namespace sluice::app

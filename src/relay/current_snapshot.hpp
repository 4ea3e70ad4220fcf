#pragma once
/// The snapshot that requests of this thread begin with, and whoever waits for a newer one.

#include <algorithm>
#include <memory>
#include <vector>

#include "net/loop.hpp"
#include "relay/snapshot.hpp"

namespace sluice::relay {

class CurrentSnapshot {
 public:
  CurrentSnapshot() = default;
  CurrentSnapshot(const CurrentSnapshot&) = delete;
  CurrentSnapshot& operator=(const CurrentSnapshot&) = delete;

  [[nodiscard]] const std::shared_ptr<const Snapshot>& get() const { return snapshot_; }
  void use(std::shared_ptr<const Snapshot> snapshot) {
    snapshot_ = std::move(snapshot);
    // Whoever is told goes on at once, and leaves; of those that were told of, some may have gone by then.
    const std::vector<net::Signal*> told = waiting_;
    for (net::Signal* waiting : told) {
      if (std::ranges::find(waiting_, waiting) != waiting_.end()) waiting->fire();
    }
  }

  /// Fires its signal with the next snapshot, until it goes.
  class Watch {
   public:
    explicit Watch(CurrentSnapshot& of) : of_(of) { of_.waiting_.push_back(&signal_); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() { std::erase(of_.waiting_, &signal_); }
    [[nodiscard]] net::Signal& signal() { return signal_; }

   private:
    CurrentSnapshot& of_;
    net::Signal signal_;
  };

 private:
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<net::Signal*> waiting_;
};

}  // namespace sluice::relay

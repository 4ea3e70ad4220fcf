#pragma once
/// How many of something may run at once: a counter that all threads share, and the lease that gives a slot back on
/// every path. The counter outlives the leases, and the snapshot of the configuration that set its cap.

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "net/fair_line.hpp"

namespace sluice::admit {

class Slots {
 public:
  explicit Slots(net::FairLine& line) : line_(line) {}
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  [[nodiscard]] int in_use() const { return in_use_.load(std::memory_order_relaxed); }

 private:
  friend class SlotLease;
  std::atomic<int> in_use_{0};
  net::FairLine& line_;
};

class SlotLease {
 public:
  SlotLease() = default;
  /// `cap` 0: counted, never refused. nullopt: all `cap` slots are in use.
  [[nodiscard]] static std::optional<SlotLease> take(std::shared_ptr<Slots> slots, int cap) {
    if (slots->in_use_.fetch_add(1) >= cap && cap > 0) {
      slots->in_use_.fetch_sub(1);
      return std::nullopt;
    }
    SlotLease lease;
    lease.slots_ = std::move(slots);
    return lease;
  }
  SlotLease(SlotLease&&) noexcept = default;
  SlotLease& operator=(SlotLease&& other) noexcept {
    if (this != &other) {
      release();
      slots_ = std::move(other.slots_);
    }
    return *this;
  }
  ~SlotLease() { release(); }
  explicit operator bool() const { return slots_ != nullptr; }
  void release() {
    if (!slots_) return;
    slots_->in_use_.fetch_sub(1);
    slots_->line_.notify();
    slots_.reset();
  }

 private:
  std::shared_ptr<Slots> slots_;
};

}  // namespace sluice::admit

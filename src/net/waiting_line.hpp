#pragma once
/// Coroutines of all threads that wait for one of a thing to become free. First come, first told; whoever is told looks
/// again, and stays in line until it leaves.

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>

#include "net/loop.hpp"

namespace sluice::net {

class WaitingLine {
 public:
  static constexpr std::size_t places_max = 10000;

  /// A place in the line, left by the destructor. Lives on the thread of its loop.
  class Place {
   public:
    Place(WaitingLine& line, Loop& loop) : line_(line), told_(std::make_shared<Told>()) {
      told_->loop = &loop;
      const std::lock_guard lock(line_.mutex_);
      joined_ = line_.places_.size() < places_max;
      if (!joined_) return;
      line_.places_.push_back(told_);
      line_.count_.store(line_.places_.size());
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      told_->left = true;
      if (!joined_) return;
      const std::lock_guard lock(line_.mutex_);
      std::erase(line_.places_, told_);
      line_.count_.store(line_.places_.size());
    }
    /// False: the line is full.
    [[nodiscard]] bool joined() const { return joined_; }
    /// Fires when it is worth looking again.
    [[nodiscard]] Signal& signal() { return told_->signal; }

   private:
    friend class WaitingLine;
    struct Told {
      Loop* loop = nullptr;
      Signal signal;      // on the loop's thread
      bool left = false;  // likewise
    };
    WaitingLine& line_;
    std::shared_ptr<Told> told_;
    bool joined_ = false;
  };

  /// From any thread. One load when nobody waits.
  void notify() {
    if (count_.load() == 0) return;
    const std::lock_guard lock(mutex_);
    for (const auto& place : places_) {
      place->loop->post([place] {
        if (!place->left) place->signal.fire();
      });
    }
  }

 private:
  std::mutex mutex_;
  std::deque<std::shared_ptr<Place::Told>> places_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace sluice::net

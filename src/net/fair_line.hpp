#pragma once
/// Requests of all threads that wait for one of a thing to become free: fair between parties by weight, first come first served
/// within one. What becomes free is given to whose turn it is; nobody overtakes.

#include <cstdint>
#include <functional>
#include <memory>

#include "net/loop.hpp"

namespace sluice::net {

class FairLine {
 public:
  static constexpr std::size_t places_max = 10000;

  /// Whom the wait is for: a key. Parties with a greater weight come more often.
  struct Party {
    std::uint64_t id = 0;
    int weight = 1;
  };
  /// Takes what the waiter needs, or says that it can't yet. Called on any thread, one at a time for one place, under the
  /// line's lock: short, and never back into the line.
  using Take = std::function<bool()>;

  FairLine();
  FairLine(const FairLine&) = delete;
  FairLine& operator=(const FairLine&) = delete;
  ~FairLine();

  /// A place in the line, left by the destructor: after it `take` is not called any more. Lives on the thread of its loop.
  class Place {
   public:
    /// Those in front are asked first; with luck it is granted at once.
    Place(FairLine& line, Loop& loop, Party party, Take take);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();
    /// False: the line is full.
    [[nodiscard]] bool joined() const;
    /// `take` has succeeded. Read on the place's own thread, after its signal.
    [[nodiscard]] bool granted() const;
    /// Fires when it was granted.
    [[nodiscard]] Signal& signal();

   private:
    friend class FairLine;
    struct Waiter;
    std::shared_ptr<Waiter> waiter_;
  };

  /// Something was given back: whoever's turn it is and can use it gets it. From any thread; one load when nobody waits.
  void notify();
  /// Whether a newcomer has to line up behind others.
  [[nodiscard]] bool has_waiters() const;
  /// How long one more of `party` would wait, by how fast the line has moved lately; nullopt: it hasn't moved yet.
  [[nodiscard]] std::optional<Milliseconds> expected_wait(Party party, TimePoint now) const;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace sluice::net

#pragma once
/// Requests of all threads that wait for one of a thing to become free: fair between parties by weight, first come first served
/// within one. What becomes free is given to whose turn it is; nobody overtakes who could use it as well.
///
///     std::optional<Lease> lease;  // declared first: it outlives the place, so whatever was taken gives itself back
///     FairLine::Place place(line, loop, {.id = key, .weight = 3}, [&] { return (lease = pool.lease()).has_value(); });
///     if (!place.joined()) ...     // the line is full
///     co_await Wait(loop, timer, {.signal = &place.signal(), .deadline = deadline});
///     if (place.granted()) ...     // `lease` is there
///
/// The line outlives its places, and the loops outlive both.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "net/loop.hpp"

namespace sluice::net {

struct FairWaiter;

class FairLine {
 public:
  static constexpr std::size_t places_max = 10000;
  /// So many are asked at one go; if that was not all, the rest are asked in portions by their own threads. To pass over
  /// sixteen counts as asking one.
  static constexpr int asked_max = 256;

  /// Whom the wait is for: a key. Parties with a greater weight (1 to 1000) come more often.
  struct Party {
    std::uint64_t id = 0;
    int weight = 1;
  };
  /// Waiters of the same need want the very same thing: when one could not take it, the others aren't asked before something
  /// is given back again. That keeps a notice cheap when many wait. 0: a need of its own.
  using Need = std::uint64_t;
  /// Takes what the waiter needs, or says that it can't yet. Called on any thread, one at a time, under the line's lock:
  /// short, and never back into the line, save that it may give something back (`notify`).
  ///
  /// What it takes, it stores where the place's owner keeps it, in something that outlives the place and gives back what it
  /// holds: who leaves in the moment of being granted then loses nothing. A failed take leaves everything as it was: what it
  /// gives back meanwhile is no news to the others.
  using Take = std::function<bool()>;

  /// On the system's clock.
  FairLine();
  explicit FairLine(const Clock& clock);
  FairLine(const FairLine&) = delete;
  FairLine& operator=(const FairLine&) = delete;
  ~FairLine();

  /// A place in the line, left by the destructor: after it `take` is not called any more. Lives on the thread of its loop.
  class Place {
   public:
    /// Those in front are asked first; with luck it is granted at once.
    Place(FairLine& line, Loop& loop, Party party, Take take, Need need = 0);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();
    /// False: the line is full. Stays true once granted.
    [[nodiscard]] bool joined() const;
    /// `take` has succeeded. Read on the place's own thread, after its signal. Who leaves without having seen the signal
    /// looks, after the destructor, at what `take` fills.
    [[nodiscard]] bool granted() const;
    /// Fires when it was granted.
    [[nodiscard]] Signal& signal();

   private:
    friend class FairLine;
    std::shared_ptr<FairWaiter> waiter_;
  };

  /// Something was given back: whoever's turn it is and can use it gets it. From any thread; one load when nobody waits.
  /// Called after the thing is free, and without holding a lock that `take` needs.
  void notify();
  /// Whether a newcomer has to line up behind others.
  [[nodiscard]] bool has_waiters() const;
  /// How long one more of `party` would wait, by how fast the line has moved lately; nullopt: it hasn't moved yet.
  [[nodiscard]] std::optional<Milliseconds> expected_wait(Party party, TimePoint now) const;

 private:
  friend struct FairWaiter;
  struct Inside;
  std::shared_ptr<Inside> inside_;  // shared with what is on its way to a loop
};

}  // namespace sluice::net

#pragma once
/// Whose turn it is among parties that wait for the same thing: start-time fair queuing. Part of `FairLine`, which guards it.
///
/// A virtual time moves on with every grant; a party's next turn is 1/weight later than its last one. Who was idle, or could
/// not be served, starts again at the present: a share that was not used is not saved up.
/// Source  P. Goyal, H. Vin, H. Cheng: "Start-time Fair Queuing" (SIGCOMM 1996).

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <unordered_map>

namespace sluice::net {

struct FairWaiter;

class FairTurns {
 public:
  static constexpr int weight_max = 1000;
  /// Parties that left lately and are remembered, so that coming back early gains nothing.
  static constexpr std::size_t idle_max = 10000;

  struct Turn {
    std::uint64_t time = 0;    // virtual
    std::uint64_t ticket = 0;  // among equals, who got it first
    auto operator<=>(const Turn&) const = default;
  };
  using Waiters = std::list<FairWaiter*>;
  struct Party {
    std::uint64_t id = 0;
    std::uint64_t stride = 0;  // 1/weight
    Turn turn;                 // the next one
    Waiters waiters;           // first come first
    Waiters::iterator next;    // whom to ask next, in the pass `asked_in`
    std::uint64_t asked_in = 0;
  };

  /// One more waits, behind the others of its party; it is the last of its `waiters`.
  Party& enter(std::uint64_t id, int weight, FairWaiter* waiter);
  /// One gave up. The party may be gone afterwards.
  void leave(Party& party, Waiters::iterator place);
  /// One was served. The party may be gone afterwards.
  void serve(Party& party, Waiters::iterator place);

  /// Who has the first turn after this one, of the parties that wait; null: nobody. `{}` is before all.
  [[nodiscard]] Party* after(const Turn& turn) const;

  /// How many are served before one more of this party would be, were all of them to want the same.
  [[nodiscard]] std::size_t ahead_of(std::uint64_t id, int weight) const;

 private:
  void remove(Party& party, Waiters::iterator place);
  void file(Party& party);
  void forget_idle();

  std::uint64_t now_ = 0;
  std::uint64_t tickets_ = 0;
  std::unordered_map<std::uint64_t, Party> parties_;
  std::map<Turn, Party*> waiting_;
  std::map<Turn, Party*> idle_;
};

}  // namespace sluice::net

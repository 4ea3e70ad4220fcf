#include "net/fair_turns.hpp"

#include <algorithm>

namespace sluice::net {
namespace {

/// One turn of a party of weight 1. A line would have to be busy for 2^40 grants before virtual time ran over.
constexpr std::uint64_t whole_turn = std::uint64_t{1} << 24U;

std::uint64_t stride_of(int weight) {
  return whole_turn / static_cast<std::uint64_t>(std::clamp(weight, 1, FairTurns::weight_max));
}

}  // namespace

FairTurns::Party& FairTurns::enter(std::uint64_t id, int weight, FairWaiter* waiter) {
  Party& party = parties_[id];
  party.stride = stride_of(weight);
  party.waiters.push_back(waiter);
  if (party.waiters.size() > 1) return party;
  idle_.erase(party.turn);
  party.id = id;
  party.next = party.waiters.end();
  party.turn = {.time = std::max(party.turn.time, now_), .ticket = ++tickets_};
  file(party);
  return party;
}

void FairTurns::leave(Party& party, Waiters::iterator place) {
  waiting_.erase(party.turn);
  remove(party, place);
}

void FairTurns::serve(Party& party, Waiters::iterator place) {
  waiting_.erase(party.turn);
  // Whoever could not be served for long has kept its place in front, and gets one from there, not a burst.
  now_ = std::max(now_, party.turn.time);
  party.turn = {.time = now_ + party.stride, .ticket = ++tickets_};
  remove(party, place);
}

FairTurns::Party* FairTurns::after(const Turn& turn) const {
  const auto found = waiting_.upper_bound(turn);
  return found == waiting_.end() ? nullptr : found->second;
}

std::size_t FairTurns::ahead_of(std::uint64_t id, int weight) const {
  const auto known = parties_.find(id);
  const Party* const own = known == parties_.end() ? nullptr : &known->second;
  const std::size_t ahead_in_party = own == nullptr ? 0 : own->waiters.size();
  const std::uint64_t start = own == nullptr ? now_ : std::max(own->turn.time, now_);
  const std::uint64_t time = start + ahead_in_party * stride_of(weight);
  std::size_t ahead = ahead_in_party;
  for (const auto& [turn, other] : waiting_) {
    if (turn.time > time) break;
    if (other == own) continue;
    const std::uint64_t turns = (time - turn.time) / other->stride + 1;
    ahead += std::min<std::size_t>(turns, other->waiters.size());
  }
  return ahead;
}

void FairTurns::remove(Party& party, Waiters::iterator place) {
  if (party.next == place) ++party.next;
  party.waiters.erase(place);
  file(party);
  forget_idle();
}

void FairTurns::file(Party& party) {
  (party.waiters.empty() ? idle_ : waiting_).emplace(party.turn, &party);
}

void FairTurns::forget_idle() {
  while (!idle_.empty() &&
         (waiting_.empty() || idle_.begin()->first.time <= now_ || idle_.size() > idle_max)) {
    const std::uint64_t id = idle_.begin()->second->id;
    idle_.erase(idle_.begin());
    parties_.erase(id);
  }
  if (parties_.empty()) now_ = 0;
}

}  // namespace sluice::net

#include "routing/account_lease.hpp"

#include <utility>

namespace sluice::routing {

AccountLease& AccountLease::operator=(AccountLease&& other) noexcept {
  if (this == &other) return *this;
  release();
  state_ = std::move(other.state_);
  memory_ = other.memory_;
  terms_ = std::move(other.terms_);
  is_parked_ = other.is_parked_;
  return *this;
}

void AccountLease::release() {
  park();
  state_.reset();
}

void AccountLease::park() {
  if (!state_ || is_parked_) return;
  is_parked_ = true;
  // Before the slot: whoever waits for either finds both.
  if (std::exchange(terms_.is_probe, false)) {
    state_->health.give_probe_back(terms_.model_hash);
  }
  state_->give_slot_back();
}

void AccountLease::succeeded(Moment at, Milliseconds first_event) {
  if (!state_) return;
  Milliseconds usual{0};
  if (first_event > Milliseconds(0)) {
    usual = memory_->pace.observe(terms_.model_hash, first_event);
  }
  state_->health.succeeded(at, terms_.model, first_event, usual);
  memory_->sessions.put(terms_.session, state_->hash, at.now);
  end_probe();
}

void AccountLease::failed(Moment at, const Verdict& verdict, std::uint64_t random) {
  if (!state_) return;
  state_->health.failed(at, terms_.model, verdict, random);
  end_probe();
}

/// The verdict is there: whoever waits for it looks again.
void AccountLease::end_probe() {
  if (std::exchange(terms_.is_probe, false)) state_->line.notify();
}

bool AccountLease::try_again(Moment at) {
  if (!state_) return false;
  if (terms_.is_probe) return true;
  if (is_parked_ && !state_->take_slot(terms_.cap)) return false;
  is_parked_ = false;
  using Availability = AccountHealth::Availability;
  if (state_->health.availability(at.now, terms_.model_hash) == Availability::open) return true;
  terms_.is_probe = state_->health.take_probe(at.now, terms_.model_hash);
  return terms_.is_probe;
}

void AccountLease::learn(std::span<const meter::PromptPrefix> prefixes,
                         const meter::TokenCounts& tokens, TimePoint now) {
  if (!state_) return;
  state_->cache.add(
      memory_->prompt_cache.learn(state_->hash, terms_.model_hash, prefixes, tokens, now));
}

void AccountLease::want_refresh() const {
  if (state_) state_->wants_refresh.store(true, std::memory_order_relaxed);
}

bool AccountLease::is_guess() const { return state_ && !state_->health.proven(); }

}  // namespace sluice::routing

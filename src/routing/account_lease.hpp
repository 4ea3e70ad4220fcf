#pragma once
/// A running use of an account.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "meter/prompt_prefix.hpp"
#include "meter/usage.hpp"
#include "routing/account.hpp"
#include "routing/routing_memory.hpp"

namespace sluice::routing {

/// The slot goes back with it, and so does a probe that came to no verdict. The memory of the pool that gave it outlives it; its
/// holder keeps the snapshot for as long as that.
class AccountLease {
 public:
  /// What is leased, and for whom.
  struct Terms {
    std::size_t index = 0;  // of the account
    std::string model;      // the provider's name for it; empty: none
    ModelHash model_hash = 0;
    SessionHash session = 0;
    int cap = 0;  // of the account's slots; 0: none
    bool is_probe = false;
  };

  AccountLease() = default;
  /// Takes over a slot of `state` that is counted already.
  AccountLease(std::shared_ptr<AccountState> state, RoutingMemory& memory, Terms terms)
      : state_(std::move(state)), memory_(&memory), terms_(std::move(terms)) {}
  AccountLease(AccountLease&&) noexcept = default;
  AccountLease& operator=(AccountLease&& other) noexcept;
  ~AccountLease() { release(); }
  void release();
  explicit operator bool() const { return state_ != nullptr; }

  /// The attempt's first output is here, so long after the call; 0: it says nothing about how soon the account begins, as that of
  /// a whole document. The conversation is with this account from now on.
  void succeeded(Moment at, Milliseconds first_event);
  /// It came to nothing.
  void failed(Moment at, const Verdict& verdict, std::uint64_t random);
  /// Gives slot and probe back, but stays with the account: `try_again` takes them again, if it can.
  void park();
  /// Whether this account may be asked once more by the request that holds the lease: it has a slot, and doesn't rest, or this
  /// may find out.
  [[nodiscard]] bool try_again(Moment at);
  /// What the answer says was read from and written to the prompt cache. Once for each answer.
  void learn(std::span<const meter::PromptPrefix> prefixes, const meter::TokenCounts& tokens,
             TimePoint now);
  /// The provider refused the account's token.
  void want_refresh() const;
  /// Another account would be a guess as well: its last attempt came to nothing.
  [[nodiscard]] bool is_guess() const;
  /// It finds out whether the account is well again.
  [[nodiscard]] bool is_probe() const { return terms_.is_probe; }
  /// Of the account, in the pool that gave the lease.
  [[nodiscard]] std::size_t index() const { return terms_.index; }

 private:
  void end_probe();

  std::shared_ptr<AccountState> state_;
  RoutingMemory* memory_ = nullptr;
  Terms terms_;
  bool is_parked_ = false;
};

}  // namespace sluice::routing

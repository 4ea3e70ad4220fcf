#pragma once
/// Where conversations are: the account that each one is with, and how many each account has. Where a conversation goes first is
/// worked out (rendezvous hashing, the same on every node); this keeps it there when it couldn't have that, and
/// keeps accounts from having more than their share. Shared by all threads, in shards.

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/clock.hpp"
#include "base/quantity.hpp"

namespace sluice::routing {

/// Of one conversation of one key; 0: none.
using SessionHash = std::uint64_t;
/// Stands for an account's id.
using AccountHash = std::uint64_t;
[[nodiscard]] AccountHash account_hash(const AccountId& id);

class SessionTable {
 public:
  static constexpr std::size_t sessions_max = 65536;  // then the longest idle ones are forgotten
  static constexpr std::chrono::minutes kept_for{90};
  /// A provider's short cache is cold by then, so that moving costs nothing.
  static constexpr std::chrono::minutes cold_after{5};

  struct Place {
    AccountHash account = 0;
    TimePoint last_used;
  };
  [[nodiscard]] std::optional<Place> find(SessionHash session, TimePoint now) const;
  void put(SessionHash session, AccountHash account, TimePoint now);
};

}  // namespace sluice::routing

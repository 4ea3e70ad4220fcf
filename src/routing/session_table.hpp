#pragma once
/// Where conversations are: the account that each one is with, and how many each account has. Where a conversation goes first is
/// worked out (rendezvous hashing, the same on every node); this keeps it there when it couldn't have that, and
/// keeps accounts from having more than their share. Shared by all threads, in shards.

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/quantity.hpp"

namespace sluice::routing {

/// Of one conversation of one key; 0: none.
using SessionHash = std::uint64_t;
/// Stands for an account's id: the same on every node, and spread evenly.
using AccountHash = std::uint64_t;
[[nodiscard]] AccountHash account_hash(const AccountId& id);

class SessionTable {
 public:
  static constexpr std::size_t sessions_max = 65536;  // then the longest idle ones are forgotten
  static constexpr std::chrono::minutes kept_for{90};
  /// A provider's short cache is cold by then, so that moving costs nothing.
  static constexpr std::chrono::minutes cold_after{5};
  using Count = std::atomic<std::int32_t>;

  SessionTable() = default;
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;

  struct Place {
    AccountHash account = 0;
    TimePoint last_used;
  };
  [[nodiscard]] std::optional<Place> find(SessionHash session, TimePoint now) const;
  /// It is with this account from now on.
  void put(SessionHash session, AccountHash account, TimePoint now);
  /// It is about to go there for the first time: counts at once, so that a rush of new conversations spreads. One that has a
  /// place keeps it.
  void expect(SessionHash session, AccountHash account, TimePoint now);
  /// Conversations that an account has; those that ended unseen are among them until their shard is written again. The
  /// reference is good for as long as the table.
  [[nodiscard]] const Count& count_of(AccountHash account) { return counter(account); }

 private:
  static constexpr std::size_t shards = 64;
  /// Ended ones that a write clears away: more than it can add, so that none pile up.
  static constexpr int cleared_a_write = 4;

  struct Entry {
    SessionHash session = 0;
    AccountHash account = 0;
    Count* count = nullptr;
    TimePoint last_used;
    // By last use.
    Entry* older = nullptr;
    Entry* newer = nullptr;
  };
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_map<SessionHash, Entry> entries;
    Entry* oldest = nullptr;
    Entry* newest = nullptr;

    void append(Entry& entry);
    void unlink(Entry& entry);
    void forget_oldest();
  };
  [[nodiscard]] Shard& shard_of(SessionHash session) { return shards_[session >> 58U]; }
  [[nodiscard]] const Shard& shard_of(SessionHash session) const { return shards_[session >> 58U]; }
  [[nodiscard]] Count& counter(AccountHash account);
  void write(SessionHash session, AccountHash account, TimePoint now, bool moves);

  std::array<Shard, shards> shards_;
  std::mutex counts_mutex_;
  std::deque<Count> counts_;  // side by side, as choices add them up
  std::unordered_map<AccountHash, Count*> count_by_account_;
};

}  // namespace sluice::routing

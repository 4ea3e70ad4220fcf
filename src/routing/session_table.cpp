#include "routing/session_table.hpp"

#include "routing/hashing.hpp"

namespace sluice::routing {

AccountHash account_hash(const AccountId& id) { return hash_text(id.str()); }

std::optional<SessionTable::Place> SessionTable::find(SessionHash session, TimePoint now) const {
  if (session == 0) return std::nullopt;
  const Shard& shard = shard_of(session);
  const std::lock_guard lock(shard.mutex);
  const auto known = shard.entries.find(session);
  if (known == shard.entries.end()) return std::nullopt;
  const Entry& entry = known->second;
  if (now - entry.last_used >= kept_for) return std::nullopt;
  return Place{.account = entry.account, .last_used = entry.last_used};
}

void SessionTable::put(SessionHash session, AccountHash account, TimePoint now) {
  write(session, account, now, true);
}

void SessionTable::expect(SessionHash session, AccountHash account, TimePoint now) {
  write(session, account, now, false);
}

void SessionTable::write(SessionHash session, AccountHash account, TimePoint now, bool moves) {
  if (session == 0) return;
  Shard& shard = shard_of(session);
  const std::lock_guard lock(shard.mutex);
  for (int i = 0; i < cleared_a_write && shard.oldest != nullptr; ++i) {
    if (now - shard.oldest->last_used < kept_for) break;
    shard.forget_oldest();
  }
  const auto [known, added] = shard.entries.try_emplace(session);
  Entry& entry = known->second;
  if (!added) {
    // One that has ended and wasn't cleared away yet is as good as new.
    const bool ended = now - entry.last_used >= kept_for;
    if (!moves && !ended) return;
    shard.unlink(entry);
  }
  entry.session = session;
  if (entry.account != account || entry.count == nullptr) {
    if (entry.count != nullptr) entry.count->fetch_sub(1, std::memory_order_relaxed);
    entry.account = account;
    entry.count = &counter(account);
    entry.count->fetch_add(1, std::memory_order_relaxed);
  }
  // Clocks of several threads: a little back is no matter.
  entry.last_used = std::max(entry.last_used, now);
  shard.append(entry);
  if (shard.entries.size() > sessions_max / shards) shard.forget_oldest();
}

SessionTable::Count& SessionTable::counter(AccountHash account) {
  const std::lock_guard lock(counts_mutex_);
  Count*& count = count_by_account_[account];
  if (count == nullptr) count = &counts_.emplace_back(0);
  return *count;
}

void SessionTable::Shard::append(Entry& entry) {
  entry.older = newest;
  entry.newer = nullptr;
  (newest == nullptr ? oldest : newest->newer) = &entry;
  newest = &entry;
}

void SessionTable::Shard::unlink(Entry& entry) {
  (entry.older == nullptr ? oldest : entry.older->newer) = entry.newer;
  (entry.newer == nullptr ? newest : entry.newer->older) = entry.older;
}

void SessionTable::Shard::forget_oldest() {
  Entry& entry = *oldest;
  unlink(entry);
  entry.count->fetch_sub(1, std::memory_order_relaxed);
  entries.erase(entry.session);
}

}  // namespace sluice::routing

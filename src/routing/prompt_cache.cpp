#include "routing/prompt_cache.hpp"

#include <algorithm>
#include <ranges>

#include "routing/hashing.hpp"

namespace sluice::routing {
namespace {

using meter::CacheLife;
using meter::PromptPrefix;

std::uint64_t prefix_key(ModelHash model, std::uint64_t prefix) {
  const std::uint64_t key = mix(prefix ^ (model * 0x9e3779b97f4a7c15U));
  return key == 0 ? 1 : key;
}

std::uint64_t entry_key(AccountHash account, ModelHash model, std::uint64_t prefix) {
  const std::uint64_t key = mix(prefix_key(model, prefix) ^ account);
  return key == 0 ? 1 : key;
}

std::chrono::minutes length_of(CacheLife life) {
  return life == CacheLife::one_hour ? PromptCache::long_life : PromptCache::short_life;
}

std::size_t shard_index(std::uint64_t key) { return key >> 58U; }

/// The row of `size` entries in which a key stands.
template <class T>
std::span<T> row_of(std::vector<T>& table, std::size_t size, std::uint64_t key) {
  return std::span(table).subspan(key % (table.size() / size) * size, size);
}
template <class T>
std::span<const T> row_of(const std::vector<T>& table, std::size_t size, std::uint64_t key) {
  if (table.empty()) return {};
  return std::span(table).subspan(key % (table.size() / size) * size, size);
}

/// The one with this key, else the one that ends first.
template <class T>
T& find_or_replace(std::span<T> row, std::uint64_t key) {
  const auto known = std::ranges::find(row, key, &T::key);
  T& found = known != row.end() ? *known : *std::ranges::min_element(row, {}, &T::until);
  if (found.key != key) found = T{.key = key};
  return found;
}

std::uint64_t to_count(Tokens tokens) { return static_cast<std::uint64_t>(tokens.count()); }

}  // namespace

bool PromptCache::is_warm(std::uint64_t key, TimePoint now) const {
  const Shard& shard = shards_[shard_index(key)];
  const std::lock_guard lock(shard.mutex);
  const auto row = row_of(shard.entries, row_size, key);
  const auto known = std::ranges::find(row, key, &Entry::key);
  return known != row.end() && known->until > now;
}

std::int64_t PromptCache::warm_bytes(AccountHash account, ModelHash model,
                                     std::span<const PromptPrefix> prefixes, TimePoint now) const {
  for (const PromptPrefix& prefix : std::views::reverse(prefixes)) {
    if (is_warm(entry_key(account, model, prefix.hash), now)) return prefix.bytes;
  }
  return 0;
}

PromptCache::Holders PromptCache::holders(ModelHash model, std::span<const PromptPrefix> prefixes,
                                          TimePoint now) const {
  for (const PromptPrefix& prefix : std::views::reverse(prefixes)) {
    const std::uint64_t key = prefix_key(model, prefix.hash);
    const Shard& shard = shards_[shard_index(key)];
    const std::lock_guard lock(shard.mutex);
    const auto row = row_of(shard.holders, holder_row_size, key);
    const auto known = std::ranges::find(row, key, &HolderList::key);
    if (known != row.end() && known->until > now) return known->accounts;
  }
  return {};
}

CacheFigures PromptCache::learn(AccountHash account, ModelHash model,
                                std::span<const PromptPrefix> prefixes,
                                const meter::TokenCounts& tokens, TimePoint now) {
  if (prefixes.empty()) return {};
  const std::int64_t read = tokens.cache_read.count();
  const bool cached = read + tokens.cache_write().count() > 0;
  const std::int64_t expected_bytes = warm_bytes(account, model, prefixes, now);
  // Our figures are bytes of JSON, theirs tokens: only a gross difference says that we were wrong.
  const bool mistaken = meter::estimate_tokens(expected_bytes, 0).count() > 2 * read;
  for (const PromptPrefix& prefix : prefixes) {
    const std::uint64_t key = entry_key(account, model, prefix.hash);
    const std::int64_t size = meter::estimate_tokens(prefix.bytes, 0).count();
    if (mistaken && size > 2 * read) forget(key);
    // A provider that has kept nothing of the whole prompt hasn't kept its beginning: too short, or it has no cache.
    if (cached && prefix.life != CacheLife::none) {
      keep(key, prefix.life, now);
      note_holder(prefix_key(model, prefix.hash), account, now + length_of(prefix.life));
    } else if (read > 0 && refresh(key, now)) {
      note_holder(prefix_key(model, prefix.hash), account, now + short_life);
    }
  }
  const bool asks = read > 0 || std::ranges::any_of(prefixes, [](const PromptPrefix& prefix) {
                      return prefix.life != CacheLife::none;
                    });
  return {.requests = asks ? 1U : 0U,
          .expected = asks && expected_bytes > 0 ? 1U : 0U,
          .hits = read > 0 ? 1U : 0U,
          .tokens_read = to_count(tokens.cache_read),
          .tokens_written_5m = to_count(tokens.cache_write_5m),
          .tokens_written_1h = to_count(tokens.cache_write_1h)};
}

void PromptCache::keep(std::uint64_t key, CacheLife life, TimePoint now) {
  Shard& shard = shards_[shard_index(key)];
  const std::lock_guard lock(shard.mutex);
  if (shard.entries.empty()) shard.entries.resize(rows * row_size);
  Entry& entry = find_or_replace(row_of(shard.entries, row_size, key), key);
  entry.until = std::max(entry.until, now + length_of(life));
  entry.life = life;
}

bool PromptCache::refresh(std::uint64_t key, TimePoint now) {
  Shard& shard = shards_[shard_index(key)];
  const std::lock_guard lock(shard.mutex);
  if (shard.entries.empty()) return false;
  const auto row = row_of(shard.entries, row_size, key);
  const auto known = std::ranges::find(row, key, &Entry::key);
  if (known == row.end() || known->until <= now) return false;
  known->until = std::max(known->until, now + length_of(known->life));
  return true;
}

void PromptCache::forget(std::uint64_t key) {
  Shard& shard = shards_[shard_index(key)];
  const std::lock_guard lock(shard.mutex);
  if (shard.entries.empty()) return;
  for (Entry& entry : row_of(shard.entries, row_size, key)) {
    if (entry.key == key) entry = {};
  }
}

void PromptCache::note_holder(std::uint64_t key, AccountHash account, TimePoint until) {
  Shard& shard = shards_[shard_index(key)];
  const std::lock_guard lock(shard.mutex);
  if (shard.holders.empty()) shard.holders.resize(holder_rows * holder_row_size);
  HolderList& list = find_or_replace(row_of(shard.holders, holder_row_size, key), key);
  list.until = std::max(list.until, until);
  const auto known = std::ranges::find(list.accounts, account);
  const auto last = known == list.accounts.end() ? known - 1 : known;
  std::shift_right(list.accounts.begin(), last + 1, 1);
  list.accounts.front() = account;
}

}  // namespace sluice::routing

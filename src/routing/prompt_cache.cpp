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

std::uint64_t to_count(Tokens tokens) { return static_cast<std::uint64_t>(tokens.count()); }

}  // namespace

std::size_t PromptCache::Row::find(std::uint64_t key) const {
  return static_cast<std::size_t>(std::ranges::find(keys, key) - keys.begin());
}

std::size_t PromptCache::Row::first_to_end() const {
  return static_cast<std::size_t>(std::ranges::min_element(until) - until.begin());
}

bool PromptCache::is_warm(std::uint64_t key, TimePoint now) const {
  const Shard& shard = shards_[shard_index(key)];
  const std::lock_guard lock(shard.mutex);
  if (shard.rows.empty()) return false;
  const Row& row = shard.rows[key % rows_of_shard];
  const std::size_t at = row.find(key);
  return at != row_size && row.until[at] > now;
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
  for (std::size_t count = prefixes.size(); count > 0; --count) {
    const std::uint64_t key = prefix_key(model, prefixes[count - 1].hash);
    const Shard& shard = shards_[shard_index(key)];
    const std::lock_guard lock(shard.mutex);
    if (shard.holders.empty()) continue;
    for (const HolderList& list : shard.holder_row(key)) {
      if (list.key == key && list.until > now)
        return {.accounts = list.accounts, .prefixes = count};
    }
  }
  return {};
}

CacheFigures PromptCache::learn(AccountHash account, ModelHash model,
                                std::span<const PromptPrefix> prefixes,
                                const meter::TokenCounts& tokens, TimePoint now) {
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
  const bool asks = cached || std::ranges::any_of(prefixes, [](const PromptPrefix& prefix) {
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
  if (shard.rows.empty()) shard.rows.resize(rows_of_shard);
  Row& row = shard.rows[key % rows_of_shard];
  std::size_t at = row.find(key);
  if (at == row_size) {
    at = row.first_to_end();
    row.keys[at] = key;
    row.until[at] = {};
  }
  row.until[at] = std::max(row.until[at], now + length_of(life));
  row.life[at] = life;
}

bool PromptCache::refresh(std::uint64_t key, TimePoint now) {
  Shard& shard = shards_[shard_index(key)];
  const std::lock_guard lock(shard.mutex);
  if (shard.rows.empty()) return false;
  Row& row = shard.rows[key % rows_of_shard];
  const std::size_t at = row.find(key);
  if (at == row_size || row.until[at] <= now) return false;
  row.until[at] = std::max(row.until[at], now + length_of(row.life[at]));
  return true;
}

void PromptCache::forget(std::uint64_t key) {
  Shard& shard = shards_[shard_index(key)];
  const std::lock_guard lock(shard.mutex);
  if (shard.rows.empty()) return;
  Row& row = shard.rows[key % rows_of_shard];
  const std::size_t at = row.find(key);
  if (at == row_size) return;
  row.keys[at] = 0;
  row.until[at] = {};
}

std::span<PromptCache::HolderList> PromptCache::Shard::holder_row(std::uint64_t key) {
  return std::span(holders).subspan(key % holder_rows * holder_row_size, holder_row_size);
}

std::span<const PromptCache::HolderList> PromptCache::Shard::holder_row(std::uint64_t key) const {
  return std::span(holders).subspan(key % holder_rows * holder_row_size, holder_row_size);
}

void PromptCache::note_holder(std::uint64_t key, AccountHash account, TimePoint until) {
  Shard& shard = shards_[shard_index(key)];
  const std::lock_guard lock(shard.mutex);
  if (shard.holders.empty()) shard.holders.resize(holder_rows * holder_row_size);
  const std::span<HolderList> row = shard.holder_row(key);
  auto list = std::ranges::find(row, key, &HolderList::key);
  if (list == row.end()) {
    list = std::ranges::min_element(row, {}, &HolderList::until);
    *list = {.key = key};
  }
  list->until = std::max(list->until, until);
  auto& accounts = list->accounts;
  const auto known = std::ranges::find(accounts, account);
  const auto last = known == accounts.end() ? known - 1 : known;
  std::shift_right(accounts.begin(), last + 1, 1);
  accounts.front() = account;
}

}  // namespace sluice::routing

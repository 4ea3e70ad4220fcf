#pragma once
/// What the prompt caches of providers hold of ours: which beginnings of conversations were written on which account, and until
/// when. Told by what requests ask to be kept, corrected by what answers say was read. Shared by all threads, in shards.

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "meter/prompt_prefix.hpp"
#include "meter/usage.hpp"
#include "routing/cache_counts.hpp"
#include "routing/session_table.hpp"

namespace sluice::routing {

using ModelHash = std::uint64_t;  // see `model_hash`

class PromptCache {
 public:
  static constexpr std::size_t entries_max = 262144;  // then those that end first are forgotten
  /// Accounts that are remembered to hold one beginning: those that used it last.
  static constexpr std::size_t holders_max = 6;
  static constexpr std::chrono::minutes short_life{5};
  static constexpr std::chrono::minutes long_life{60};

  PromptCache() = default;
  PromptCache(const PromptCache&) = delete;
  PromptCache& operator=(const PromptCache&) = delete;

  /// Bytes at the beginning of the prompt that this account would read from its cache.
  [[nodiscard]] std::int64_t warm_bytes(AccountHash account, ModelHash model,
                                        std::span<const meter::PromptPrefix> prefixes,
                                        TimePoint now) const;
  /// Who may hold the longest beginning that anybody holds.
  struct Holders {
    std::array<AccountHash, holders_max>
        accounts{};            // 0: none; `warm_bytes` knows whether it still does
    std::size_t prefixes = 0;  // the first so many: there is no need to ask for longer ones
  };
  [[nodiscard]] Holders holders(ModelHash model, std::span<const meter::PromptPrefix> prefixes,
                                TimePoint now) const;
  /// An answer came: `tokens` is what it says was read and written. What was expected and not read is forgotten. Gives what
  /// this adds to the account's figures.
  CacheFigures learn(AccountHash account, ModelHash model,
                     std::span<const meter::PromptPrefix> prefixes,
                     const meter::TokenCounts& tokens, TimePoint now);

 private:
  /// Both tables are cut into rows of a few entries: a key has one row, and the one that ends first gives way. So memory is
  /// bounded, nothing is allocated on the way, and an answer costs a cache line or two.
  static constexpr std::size_t shards = 64;
  static constexpr std::size_t row_size = 8;
  static constexpr std::size_t rows_of_shard = entries_max / shards / row_size;
  static constexpr std::size_t holder_rows = rows_of_shard / 4;
  static constexpr std::size_t holder_row_size = 4;

  /// The keys stand together, as most questions are answered with no.
  struct alignas(64) Row {
    std::array<std::uint64_t, row_size> keys{};  // of account, model and beginning; 0: free
    std::array<TimePoint, row_size> until{};
    std::array<meter::CacheLife, row_size> life{};
    /// Its place; `row_size`: it isn't there.
    [[nodiscard]] std::size_t find(std::uint64_t key) const;
    [[nodiscard]] std::size_t first_to_end() const;
  };
  struct HolderList {
    std::uint64_t key = 0;                            // of model and beginning; 0: free
    TimePoint until{};                                // of whichever ends last
    std::array<AccountHash, holders_max> accounts{};  // the latest first
  };
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    // Empty until the first is written.
    std::vector<Row> rows;
    std::vector<HolderList> holders;
    [[nodiscard]] std::span<HolderList> holder_row(std::uint64_t key);
    [[nodiscard]] std::span<const HolderList> holder_row(std::uint64_t key) const;
  };

  [[nodiscard]] bool is_warm(std::uint64_t key, TimePoint now) const;
  void keep(std::uint64_t key, meter::CacheLife life, TimePoint now);
  /// False: there was none to be kept longer.
  [[nodiscard]] bool refresh(std::uint64_t key, TimePoint now);
  void forget(std::uint64_t key);
  void note_holder(std::uint64_t key, AccountHash account, TimePoint until);

  std::array<Shard, shards> shards_;
};

}  // namespace sluice::routing

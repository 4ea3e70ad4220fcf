#pragma once
/// What all connections of a simulator share, and what those of one thread share.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "sim/dialect.hpp"
#include "sim/golden.hpp"
#include "sim/pacer.hpp"
#include "sim/stats.hpp"

namespace sluice::sim {

/// Whose turn it is to fail, where only some of the requests shall.
class FaultTurns {
 public:
  static constexpr std::size_t lists_max = 4096;
  /// `list` names the kind of request that is counted.
  [[nodiscard]] bool next_fails(std::string_view list, const Parameters& parameters);
  void reset();

 private:
  std::mutex mutex_;
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

struct Shared {
  Parameters defaults;
  std::vector<std::string> expected_keys;  // empty: any key will do
  GoldenSet golden;
  std::vector<std::unique_ptr<Dialect>> dialects;
  Stats stats;
  FaultTurns turns;
};

struct ThreadShared {
  net::Loop& loop;
  Pacer& pacer;
  SeededRandom& random;
  Shared& all;
  std::string batch;  // events on their way out; valid until the next co_await
};

}  // namespace sluice::sim

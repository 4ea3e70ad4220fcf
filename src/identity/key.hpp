#pragma once
/// What a client key is and what it may do. Plain data; `permits()` decides.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/quantity.hpp"
#include "base/secret.hpp"
#include "net/ip_network.hpp"

namespace sluice::identity {

/// Names with `*`; "!name" takes out again what others let in. No positive pattern: everything is
/// let in.
///
///     PatternList({"claude-*", "!claude-opus-*"}).allows("claude-sonnet-4-5");   // true
class PatternList {
 public:
  PatternList() = default;
  explicit PatternList(const std::vector<std::string>& patterns);
  [[nodiscard]] bool allows(std::string_view text) const;
  [[nodiscard]] bool empty() const { return patterns_.empty(); }
  /// As they were given.
  [[nodiscard]] const std::vector<std::string>& patterns() const { return patterns_; }

 private:
  std::vector<std::string> patterns_;
  std::vector<std::string> allowed_;
  std::vector<std::string> denied_;
};

using sluice::Budget;
using sluice::RateLimit;
using KeyLimits = Limits;

/// At a time, or so long after the first use; neither: never.
struct Expiry {
  std::optional<WallTime> at;
  std::chrono::seconds after_first_use{0};
  std::optional<WallTime> first_used;
};

/// While a secret is rotated, the one before works on for a while.
struct PreviousSecret {
  Sha256 hash{};
  WallTime valid_until;
};

inline constexpr int key_weight_max = 1000;

struct Key {
  KeyId id;  // a ULID in the store; the name of one in the file
  std::string name;
  std::string owner;  // id of a user; empty: nobody's
  Sha256 hash{};      // of the secret; the secret itself is not kept
  std::vector<PreviousSecret> previous;
  std::vector<std::string> pools = {"default"};
  std::vector<std::string> accounts;  // names; not empty: only these serve it, out of its pools
  int weight = 1;                     // 1 to 1000: its share where requests wait for an account
  PatternList models;
  std::vector<std::string> dialects;   // empty = all
  std::vector<net::Network> networks;  // empty = all
  PatternList user_agents;
  KeyLimits limits;
  std::vector<Budget> budgets;
  Expiry expiry;
  std::string time_zone = "UTC";
  std::vector<std::string> tags;
  std::string note;
  bool disabled = false;
  bool declared = false;  // in the configuration file, not in the store
};

}  // namespace sluice::identity

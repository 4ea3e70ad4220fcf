#pragma once
/// What a client key is and what it may do. Plain data; `permits()` decides.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
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
  [[nodiscard]] bool empty() const { return allowed_.empty() && denied_.empty(); }

 private:
  std::vector<std::string> allowed_;
  std::vector<std::string> denied_;
};

/// "60/1m": so many in each window.
struct RateLimit {
  std::int64_t amount = 0;
  std::chrono::seconds window{0};
  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

struct KeyLimits {
  int concurrency = 0;  // 0 = no cap
  std::optional<RateLimit> requests;
  std::optional<RateLimit> input_tokens;
  std::optional<RateLimit> output_tokens;
};

/// Money in a window: rolling (`length` set) or by the calendar of the key's time zone.
struct Budget {
  enum class Window : std::uint8_t { rolling, day, week, month, total };
  Window window = Window::total;
  std::chrono::seconds length{0};  // of a rolling window
  NanoUsd amount;
  friend bool operator==(const Budget&, const Budget&) = default;
};

/// At a time, or so long after the first use; neither: never.
struct Expiry {
  std::optional<WallTime> at;
  std::chrono::seconds after_first_use{0};
  std::optional<WallTime> first_used;
};

struct Key {
  KeyId id;
  std::string name;
  Sha256 hash{};  // of the secret; the secret itself is not kept
  std::vector<std::string> pools = {"default"};
  PatternList models;
  std::vector<std::string> dialects;   // empty = all
  std::vector<net::Network> networks;  // empty = all
  PatternList user_agents;
  KeyLimits limits;
  std::vector<Budget> budgets;
  Expiry expiry;
  std::string time_zone = "UTC";
  bool disabled = false;
  bool declared = false;  // in the configuration file, not in the store
};

}  // namespace sluice::identity

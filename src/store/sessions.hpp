#pragma once
/// People who are signed in, and attempts to become so.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "store/transaction.hpp"

namespace sluice::store {

struct Session {
  Sha256 token{};    // hash of the cookie
  std::string user;  // id
  WallTime created;
  WallTime expires;
  WallTime seen;
  std::string peer;
  std::string user_agent;
};

class Sessions {
 public:
  explicit Sessions(Transaction& transaction) : transaction_(transaction) {}
  void insert(const Session& session);
  [[nodiscard]] std::optional<Session> find(const Sha256& token);
  void see(const Sha256& token, WallTime at);
  void drop(const Sha256& token);
  /// All of a user, but for `except`.
  void drop_all(std::string_view user, std::optional<Sha256> except);
  void drop_expired(WallTime now);
  [[nodiscard]] std::vector<Session> of(std::string_view user);

 private:
  Transaction& transaction_;
};

/// Failures in a row of one subject ("user:NAME", "peer:ADDRESS"), kept across restarts.
struct Attempts {
  std::string subject;
  std::int64_t failures = 0;
  WallTime last;
  std::optional<WallTime> blocked_until;
};

class AttemptTable {
 public:
  explicit AttemptTable(Transaction& transaction) : transaction_(transaction) {}
  [[nodiscard]] std::optional<Attempts> find(std::string_view subject);
  void put(const Attempts& attempts);
  void drop(std::string_view subject);
  void drop_older(WallTime than);

 private:
  Transaction& transaction_;
};

}  // namespace sluice::store

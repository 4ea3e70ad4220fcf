#pragma once
/// Who changed what, when, from where: written in the transaction of the change, never altered.

#include <optional>
#include <string>
#include <vector>

#include "store/transaction.hpp"

namespace sluice::store {

struct AuditEntry {
  std::string id;  // ULID: sorts by time
  WallTime at;
  std::string actor;       // "user:01H...", "token:01H...", "cli:root", "system"
  std::string actor_name;  // for people, as it was then
  std::string peer;        // address; empty for the command line
  std::string action;      // "create", "update", "remove", "restore", "rotate", "sign_in", ...
  std::string kind;        // "account", ...; empty where it isn't about an object
  std::string object;      // id
  std::string object_name;
  std::string before;  // JSON, without secrets; empty: there was nothing
  std::string after;
};

struct AuditQuery {
  std::size_t limit = 100;     // 1 to 1000
  std::string before_id = {};  // cursor: older than this; empty: from the newest
  std::string kind = {};
  std::string object = {};
  std::string actor = {};
};

class Audit {
 public:
  explicit Audit(Transaction& transaction) : transaction_(transaction) {}
  void write(const AuditEntry& entry);
  /// Newest first.
  [[nodiscard]] std::vector<AuditEntry> page(const AuditQuery& query);

 private:
  Transaction& transaction_;
};

}  // namespace sluice::store

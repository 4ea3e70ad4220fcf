#pragma once
/// What an operator manages: accounts, pools, keys, users, admin tokens. A table a kind; what is searched by is a column, the
/// rest one JSON document that never holds a secret.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/transaction.hpp"

namespace sluice::store {

enum class Kind : std::uint8_t { account, pool, key, user, token };
[[nodiscard]] std::string_view to_string(Kind kind);  // "account", ...

struct Object {
  std::string id;            // ULID, given by whoever creates it
  std::string name;          // unique among those of its kind that aren't removed
  std::string owner;         // id of a user, of keys and tokens; empty: nobody's
  std::int64_t version = 1;  // grows by one with every change
  std::string document;      // JSON object
  WallTime created;
  WallTime updated;
  std::optional<WallTime> removed;  // soft: it can be restored
};

struct PageRequest {
  std::size_t limit = 100;  // 1 to 1000
  std::string after = {};   // the id that the last page ended with; empty: from the start
  bool with_removed = false;
  std::string owner = {};  // only of this user
  /// Only names that contain it, ASCII case ignored; no wildcard means anything in it.
  std::string text = {};
};

class Objects {
 public:
  Objects(Transaction& transaction, Kind kind) : transaction_(transaction), kind_(kind) {}

  /// Errors  already_exists: the name is taken.
  [[nodiscard]] Status insert(const Object& object);
  /// Also removed ones. Errors  not_found.
  [[nodiscard]] Result<Object> find(std::string_view id);
  /// Not removed ones. Errors  not_found.
  [[nodiscard]] Result<Object> find_by_name(std::string_view name);
  /// Writes name, owner, document, updated, removed of `object` where the version is still `object.version`; gives the new version.
  /// Errors  version_conflict, not_found, already_exists.
  [[nodiscard]] Result<std::int64_t> update(const Object& object);
  /// With all that hangs on it. Errors  not_found.
  [[nodiscard]] Status erase(std::string_view id);
  /// Ordered by id, which is by age.
  [[nodiscard]] std::vector<Object> page(const PageRequest& request);
  /// All that aren't removed, ordered by id.
  [[nodiscard]] std::vector<Object> all();
  [[nodiscard]] std::int64_t count();

 private:
  Transaction& transaction_;
  Kind kind_;
};

}  // namespace sluice::store

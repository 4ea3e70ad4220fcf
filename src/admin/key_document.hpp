#pragma once
/// A key as JSON: what the store keeps of it, what people and programs give and get.
///
///     {"pools": ["default"], "accounts": [], "weight": 1, "models": [], "dialects": [], "clients": {"cidrs": [], "user_agents": []},
///      "limits": {...}, "budgets": {...}, "expires": "", "time_zone": "UTC", "tags": [], "note": "", "disabled": false}
///
/// Beside it stand `name` and `owner`, columns in the store. Pure.

#include <boost/json/object.hpp>
#include <optional>
#include <string_view>

#include "admin/refusal.hpp"
#include "identity/key.hpp"
#include "store/objects.hpp"

namespace sluice::admin {

/// Sets what `fields` names. An `owner` is taken as it is: whoever calls finds the user. Errors  invalid_request.
[[nodiscard]] Outcome<void> apply_key_fields(const boost::json::object& fields, identity::Key& key);

/// How a key is recognised when it isn't made here: one that stands already (`secret`), or its hash alone (`sha256`).
struct GivenKeySecret {
  Sha256 hash{};
  std::string hint;
};
inline constexpr std::size_t key_secret_bytes_min = 20;
/// Takes both fields out of `fields`; nullopt: neither was there.
[[nodiscard]] Outcome<std::optional<GivenKeySecret>> take_key_secret(boost::json::object& fields);

/// All but name and owner.
[[nodiscard]] boost::json::object key_document(const identity::Key& key);
/// Id, name, owner and what the document says; no hashes. Errors  invalid_config: not a document that this version wrote.
[[nodiscard]] Result<identity::Key> read_key(const store::Object& object);

}  // namespace sluice::admin

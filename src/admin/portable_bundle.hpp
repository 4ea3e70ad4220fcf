#pragma once
/// A configuration between two stores, in memory: what an export reads, what an import writes, and the text between them.

#include <array>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/portable.hpp"
#include "base/seal.hpp"
#include "store/hashed_secrets.hpp"

namespace sluice::admin {

/// A secret that must be given back: the credential of an account, a TOTP seed.
struct PortableSecret {
  std::string name;
  std::optional<Secret> secret;  // nullopt: it was left out
};

struct PortableObject {
  store::Kind kind = store::Kind::account;
  std::string id;
  std::string name;
  std::string owner;             // id of a user
  boost::json::object document;  // as in the store: the fields of the admin API
  WallTime created;
  WallTime updated;
  std::optional<WallTime> first_used;       // of a key: its term may run from then
  std::vector<store::HashedSecret> hashes;  // of a key or token
  std::vector<PortableSecret> secrets;
};

struct Bundle {
  /// By kind as `portable_kinds` has them, then by id: owners before what they own.
  std::vector<PortableObject> objects;
  std::vector<PortableSecret> key_suffixes;  // admin/key_suffixes.hpp
};

struct PortableKind {
  store::Kind kind;
  std::string_view list;  // in the document
};
inline constexpr std::array<PortableKind, 5> portable_kinds = {{{store::Kind::user, "users"},
                                                                {store::Kind::pool, "pools"},
                                                                {store::Kind::account, "accounts"},
                                                                {store::Kind::key, "keys"},
                                                                {store::Kind::token, "tokens"}}};

/// All that isn't removed. Access tokens stay: who has the refresh token gets his own.
[[nodiscard]] Result<Bundle> collect_bundle(store::Transaction& transaction,
                                            store::SecretBox& secrets);

struct ApplyOptions {
  OnConflict on_conflict = OnConflict::refuse;
  provider::PrivateUpstreams private_upstreams = provider::PrivateUpstreams::refused;
  std::string_view action;  // for the audit log
};
/// Writes it all. The caller takes it back where this isn't a report.
[[nodiscard]] Outcome<ImportReport> apply_bundle(store::Transaction& transaction,
                                                 store::SecretBox& secrets, const Clock& clock,
                                                 const Actor& actor, const Bundle& bundle,
                                                 const ApplyOptions& options);

// --- the text ---

/// Objects and the names of their secrets, without the secrets: what a seal is bound to.
[[nodiscard]] boost::json::object bundle_json(const Bundle& bundle, WallTime created,
                                              std::string_view sluice_version);
/// The other way. Errors  invalid_request, naming object and field.
[[nodiscard]] Outcome<Bundle> bundle_of(const boost::json::object& document);

/// The text of `document` that a seal is bound to, whatever blanks stand in the file and without "secrets".
[[nodiscard]] std::string canonical_text(const boost::json::object& document);
[[nodiscard]] std::string pretty_text(const boost::json::object& document);

[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

/// Where a secret belongs: "account/01H.../api_key". Associated data, so that it can't be moved within the file.
[[nodiscard]] std::string secret_place(const PortableObject& object, std::string_view name);

/// {"account/01H.../api_key": base64, ...} of all secrets of `bundle`, under `key`.
[[nodiscard]] boost::json::object seal_secrets(const Bundle& bundle, const SealingKey& key);
/// Puts them back into `bundle`. Errors  invalid_request: one is missing, too many, altered or in another place.
[[nodiscard]] Outcome<void> open_secrets(const boost::json::object& sealed, const SealingKey& key,
                                         Bundle& bundle);

}  // namespace sluice::admin

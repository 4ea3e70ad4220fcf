#pragma once
/// All that can be done to accounts, pools, keys, users and admin tokens, for the command line and the admin API alike. Fields
/// come and go as JSON, named as in the configuration file; `*_document.hpp` reads and writes each kind.
///
///     TRY(auto key, management.create(actor, Kind::key, {{"name", "ci"}, {"pools", {"default"}}}));
///     key.at("secret");   // only here
///
/// Every operation checks the actor's rights (identity/roles.hpp), runs in one transaction, writes the audit log with before
/// and after, and says `touch()` where requests must know. A member sees and rotates only what is his.
/// What the file declares is shown beside the store's, with "declared": true, the id "declared:NAME" and the version 0, and
/// refuses every change (already_exists, with the words "declared in the configuration file"). So are pools that are only named
/// in accounts and keys, with "implicit": true, until somebody creates them.
///
/// Views    id, name, version, the fields of the kind, state, created, updated (RFC 3339), removed where it is; secrets only as
///          "secret_hint": "...last4". In a list, an object whose document can't be read has a "fault" in place of its fields.
/// Errors   not_allowed, not_found, already_exists, version_conflict, invalid_request (with the field), store_unavailable.
/// Thread   any; blocks on SQL (and Argon2id where a password is set).

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/actor.hpp"
#include "admin/refusal.hpp"
#include "base/random.hpp"
#include "identity/key.hpp"
#include "provider/account_settings.hpp"
#include "provider/upstream_url.hpp"
#include "store/objects.hpp"
#include "store/secret_box.hpp"

namespace sluice::admin {

using store::Kind;
using View = boost::json::object;

/// What the configuration file says, replaced as a whole at a reload.
struct Declared {
  std::vector<provider::AccountSettings> accounts;
  std::vector<identity::Key> keys;
  provider::PrivateUpstreams private_upstreams = provider::PrivateUpstreams::refused;
};

struct ListQuery {
  std::size_t limit = 100;  // 1 to 1000
  std::string cursor = {};  // `next_cursor` of the page before
  std::string text = {};    // in the name
  bool with_removed = false;
};
struct Page {
  std::vector<View> items;  // declared ones first, on the first page
  std::string next_cursor;  // empty: this was the last
};

class Management {
 public:
  Management(store::Database& database, store::SecretBox& secrets, const Clock& clock);
  Management(const Management&) = delete;
  Management& operator=(const Management&) = delete;
  void use(std::shared_ptr<const Declared> declared);

  /// Of a key and a token the view holds "secret" once; of a user without a password "password" (made up, to be changed).
  [[nodiscard]] Outcome<View> create(const Actor& actor, Kind kind,
                                     const boost::json::object& fields);
  /// By id or name. Removed ones by id only.
  [[nodiscard]] Outcome<View> get(const Actor& actor, Kind kind, std::string_view which);
  [[nodiscard]] Outcome<Page> list(const Actor& actor, Kind kind, const ListQuery& query);
  /// Changes what `fields` names and leaves the rest; null puts a field back to its default. Only where the version is still
  /// `version`; nullopt: whatever it is by now (the command line, which has just one writer).
  [[nodiscard]] Outcome<View> update(const Actor& actor, Kind kind, std::string_view which,
                                     std::optional<std::int64_t> version,
                                     const boost::json::object& fields);
  /// Soft: its name is free again, its secrets stop working at once, `restore` brings it back as it was.
  [[nodiscard]] Outcome<View> remove(const Actor& actor, Kind kind, std::string_view which,
                                     std::optional<std::int64_t> version);
  [[nodiscard]] Outcome<View> restore(const Actor& actor, Kind kind, std::string_view id,
                                      std::optional<std::int64_t> version);
  /// A new secret of a key or token, in the view; the old one works for `grace` more.
  [[nodiscard]] Outcome<View> rotate(const Actor& actor, Kind kind, std::string_view which,
                                     std::optional<std::int64_t> version,
                                     std::chrono::seconds grace);
  /// A user's password made new, without a second factor; every session of his ends. The view holds "password" when none was given.
  [[nodiscard]] Outcome<View> reset_password(const Actor& actor, std::string_view which,
                                             std::optional<std::string> password);

  /// Whatever keeps an account from being used is forgotten, in all running servers within a second. Also of declared ones.
  [[nodiscard]] Outcome<View> lift(const Actor& actor, std::string_view which);
  /// The account with its secrets opened: for `account test` and whoever signs in with it.
  [[nodiscard]] Outcome<provider::AccountSettings> account(const Actor& actor,
                                                           std::string_view which);

 private:
  [[nodiscard]] std::shared_ptr<const Declared> declared() const;

  store::Database& database_;
  store::SecretBox& secrets_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Declared> declared_ = std::make_shared<Declared>();
};

}  // namespace sluice::admin

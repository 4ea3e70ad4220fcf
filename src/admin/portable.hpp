#pragma once
/// A whole configuration as one JSON document, out of one store and into another: `sluice export`, `sluice import`. What
/// stands in it tells docs/formats/export.md.
///
///     TRY(const std::string document, export_configuration(database, secrets, clock, {ExportSecrets::under_passphrase, passphrase}));
///     TRY(const ImportReport report, import_configuration(database, secrets, clock, actor, document, {.passphrase = passphrase}));
///
/// Thread   any; blocks on SQL, and about 0.3 s on a passphrase.

#include <boost/json/object.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "admin/actor.hpp"
#include "admin/refusal.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "provider/upstream_url.hpp"
#include "store/objects.hpp"
#include "store/secret_box.hpp"

namespace sluice::admin {

enum class ExportSecrets : std::uint8_t {
  left_out,          // accounts come back disabled, each with a note of what must be set again
  under_passphrase,  // Argon2id makes the key, XChaCha20-Poly1305 seals each secret to its place
};

struct ExportOptions {
  ExportSecrets secrets = ExportSecrets::left_out;
  Secret passphrase = {};           // of under_passphrase; at least `passphrase_bytes_min`
  std::string sluice_version = {};  // for people who read the document
};

inline constexpr std::size_t passphrase_bytes_min = 8;
inline constexpr std::size_t import_bytes_max = std::size_t{256} << 20;

/// The same store gives the same document but for `created`, salt and nonces. Removed objects, sessions, activity and the
/// audit log stay behind. Errors  invalid_request (the passphrase is too short), invalid_config (a secret can't be opened),
/// store_unavailable.
[[nodiscard]] Outcome<std::string> export_configuration(store::Database& database,
                                                        store::SecretBox& secrets,
                                                        const Clock& clock,
                                                        const ExportOptions& options);

/// What happens where an object of the same kind and name is there already.
enum class OnConflict : std::uint8_t { refuse, skip, replace };
enum class DryRun : std::uint8_t { no, yes };

struct ImportOptions {
  OnConflict on_conflict = OnConflict::refuse;
  Secret passphrase = {};  // where the document says that its secrets are sealed
  provider::PrivateUpstreams private_upstreams = provider::PrivateUpstreams::refused;
  DryRun dry_run = DryRun::no;  // everything is done, and then taken back
};

struct ImportReport {
  enum class Done : std::uint8_t { created, replaced, skipped };
  struct Line {
    store::Kind kind;
    std::string name;
    Done done;
    std::vector<std::string> attention;  // what somebody must do now, in words
  };
  std::vector<std::string> notes;  // about all of it
  std::vector<Line> lines;         // users, pools, accounts, keys, tokens, each by id
  bool dry_run = false;

  [[nodiscard]] std::size_t count(Done done) const;
  [[nodiscard]] boost::json::object to_json() const;  // for `--json`
};

/// Whether the document wants a passphrase: so that it is asked for only then. Errors  as below.
[[nodiscard]] Outcome<bool> needs_passphrase(std::string_view document);

/// All of it or nothing, in one transaction with its lines in the audit log; ids are kept where they are free. Errors
/// invalid_request (no export, of a newer version, cut, altered, a wrong passphrase; or a field that isn't as it must be: the
/// field is "accounts[2].base_url", the message names the object), already_exists (lists the conflicts), store_unavailable.
[[nodiscard]] Outcome<ImportReport> import_configuration(store::Database& database,
                                                         store::SecretBox& secrets,
                                                         const Clock& clock, const Actor& actor,
                                                         std::string_view document,
                                                         const ImportOptions& options);

}  // namespace sluice::admin

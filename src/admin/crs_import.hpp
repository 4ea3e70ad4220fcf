#pragma once
/// `sluice import crs FILE`: what claude-relay-service (CRS) wrote with scripts/data-transfer.js, data-transfer-enhanced.js, or
/// GET /admin/sync/export-accounts. docs/migrating-from-claude-relay-service.md tells what becomes of each thing.
///
/// Keys      CRS knows a key by SHA-256(key + ENCRYPTION_KEY). With its ENCRYPTION_KEY they go on working: it is kept sealed,
///           see identity/key_directory.hpp. Without it each key needs a new secret.
/// Accounts  those with an API key. Subscription logins are never carried: sluice relays under the operator's own API
///           credentials and never pretends to be another client.
/// Source    github.com/Wei-Shaw/claude-relay-service, read 2026-11-24.

#include <boost/json/object.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "admin/portable.hpp"

namespace sluice::admin {

struct CrsOptions {
  Secret
      encryption_key;  // ENCRYPTION_KEY of the CRS; empty: its encrypted values and hashes are of no use
  OnConflict on_conflict = OnConflict::refuse;
  std::string time_zone =
      "Asia/Shanghai";  // of daily limits; CRS counts days in UTC+8 unless told otherwise
  provider::PrivateUpstreams private_upstreams = provider::PrivateUpstreams::refused;
  DryRun dry_run = DryRun::no;
};

struct CrsReport {
  enum class Carried : std::uint8_t { whole, in_part, not_at_all };
  struct Line {
    std::string kind;    // "key", "account", "pool", "user", "admin"
    std::string name;    // as it is called here; where it isn't carried, there
    std::string source;  // "claudeConsoleAccounts 3f0c...": where it came from
    Carried carried = Carried::whole;
    bool skipped = false;              // it was here already
    std::vector<std::string> remarks;  // what is missing and what to do, or why not
  };
  std::vector<Line> lines;
  std::vector<std::string> notes;           // about all of it
  std::vector<std::string> unknown_fields;  // "apiKeys.foo": passed over, told once
  std::size_t usage_records = 0;            // statistics, which stay behind
  bool dry_run = false;

  [[nodiscard]] std::size_t count(Carried carried) const;
  [[nodiscard]] boost::json::object to_json() const;
};

/// All that can be carried or nothing, in one transaction. Errors  invalid_request (no JSON, not such a file, an encryption key
/// that doesn't fit), already_exists (lists the conflicts), store_unavailable. What is wrong with one object alone is a line of
/// the report.
[[nodiscard]] Outcome<CrsReport> import_crs(store::Database& database, store::SecretBox& secrets,
                                            const Clock& clock, const Actor& actor,
                                            std::string_view document, const CrsOptions& options);

}  // namespace sluice::admin

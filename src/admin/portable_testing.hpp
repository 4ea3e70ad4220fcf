#pragma once
/// What tests of export and import share: stores with everything in them, and how they are asked.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "admin/portable_bundle.hpp"
#include "store/audit.hpp"
#include "store/testing.hpp"

namespace sluice::admin::testing {

using store::Kind;
using store::Transaction;
using store::testing::value_of;

template <class T>
T granted(Outcome<T> outcome) {
  if (!outcome) {
    ADD_FAILURE() << outcome.error().field << ": " << outcome.error().message;
    std::abort();
  }
  return *std::move(outcome);
}

inline Actor admin() {
  Actor out;
  out.id = "cli:test";
  out.name = "test";
  out.role = identity::Role::admin;
  out.scopes = identity::Scopes::all();
  return out;
}

/// A store, its secrets and a clock.
class Installation {
 public:
  explicit Installation(const store::DatabaseOptions& options, const std::string& master_key)
      : database(value_of(store::Database::open(options))),
        secrets(value_of(store::SecretBox::open(*database, master_key))) {}

  [[nodiscard]] std::string exported(ExportOptions options = {}) {
    return granted(export_configuration(*database, *secrets, clock, options));
  }
  [[nodiscard]] Outcome<ImportReport> imported(std::string_view document,
                                               ImportOptions options = {}) {
    return import_configuration(*database, *secrets, clock, admin(), document, options);
  }
  [[nodiscard]] Bundle bundle() {
    return value_of(database->read<Bundle>(
        [&](Transaction& transaction) { return collect_bundle(transaction, *secrets); }));
  }
  [[nodiscard]] std::size_t audit_lines() {
    return store::testing::read(*database, [](Transaction& transaction) {
      return store::Audit(transaction).page({.limit = 1000}).size();
    });
  }

  std::unique_ptr<store::Database> database;
  std::unique_ptr<store::SecretBox> secrets;
  ManualClock clock;
};

/// Puts a user, a pool, two accounts, two keys and a token with all their secrets into `to`.
void fill(Installation& to);

}  // namespace sluice::admin::testing

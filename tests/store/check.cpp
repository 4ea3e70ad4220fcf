#include <fmt/format.h>
#include <soci/soci.h>

#include <algorithm>

#include "hammer.hpp"
#include "store/audit.hpp"
#include "store/driver.hpp"
#include "store/hashed_secrets.hpp"
#include "store/properties.hpp"
#include "store/sealed_secrets.hpp"
#include "store/statement.hpp"
#include "store/watcher.hpp"

namespace sluice::store::hammer {

namespace {

using Faults = std::vector<std::string>;

/// The tables named "extraN" that there are.
std::vector<std::string> extra_tables(Transaction& transaction) {
  Statement statement(
      transaction,
      transaction.engine() == Engine::sqlite
          ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'extra%'"
          : "SELECT CAST(tablename AS TEXT) AS name FROM pg_tables WHERE tablename LIKE 'extra%' "
            "AND schemaname = current_schema()");
  return collect(statement, [](const Row& row) { return row.text("name"); });
}

/// The rows of `migrations` against the tables, before anything is mended.
void check_migrations(Transaction& transaction, Faults& faults) {
  const int applied = schema_number(transaction);
  const int extra_applied = std::max(0, applied - static_cast<int>(migrations().size()));
  const auto tables = extra_tables(transaction);
  if (static_cast<int>(tables.size()) != extra_applied) {
    faults.push_back(fmt::format("{} migrations are written down, but there are {} extra tables",
                                 applied, tables.size()));
  }
  for (const std::string& table : tables) {
    const auto rows = Statement(transaction, "SELECT count(*) FROM " + table).one_number();
    if (rows != extra_rows)
      faults.push_back(fmt::format("{} has {} rows", table, rows.value_or(-1)));
  }
}

void check_writes(Transaction& transaction, std::int64_t committed, Faults& faults) {
  const std::int64_t count = std::stoll(Properties(transaction).find("count").value_or("0"));
  if (count < committed) {
    faults.push_back(
        fmt::format("transaction {} was committed, the last one there is {}", committed, count));
  }
  std::vector<std::string> expected;
  for (std::int64_t i = std::max<std::int64_t>(1, count - keys_kept + 1); i <= count; ++i) {
    expected.push_back(key_id(i));
  }
  const auto compare = [&](std::string_view what, std::vector<std::string> found) {
    if (found != expected)
      faults.push_back(fmt::format("{}: {} rows after {} transactions", what, found.size(), count));
  };
  std::vector<std::string> keys;
  for (const Object& key : Objects(transaction, Kind::key).all()) keys.push_back(key.id);
  compare("keys", std::move(keys));
  std::vector<std::string> hashed;
  for (const HashedSecret& secret : HashedSecrets(transaction, Kind::key).all())
    hashed.push_back(secret.owner);
  compare("hashed secrets", std::move(hashed));
  std::vector<std::string> sealed;
  for (const SealedSecret& secret : SealedSecrets(transaction).all())
    sealed.push_back(secret.owner);
  compare("sealed secrets", std::move(sealed));
  const auto audited = Statement(transaction, "SELECT count(*) FROM audit").one_number();
  if (audited != count)
    faults.push_back(
        fmt::format("{} audit entries after {} transactions", audited.value_or(-1), count));
  if (revision(transaction) != count) {
    faults.push_back(
        fmt::format("revision {} after {} transactions", revision(transaction), count));
  }
}

}  // namespace

std::vector<std::string> check(const DatabaseOptions& options, std::int64_t committed) {
  Faults faults;
  const auto known = all_migrations();
  {
    auto driver = make_driver(options);
    if (!driver) return {driver.error().context};
    try {
      const auto session = (*driver)->connect();
      Transaction transaction(*session, (*driver)->engine());
      check_migrations(transaction, faults);
    } catch (const soci::soci_error& error) {
      faults.push_back((*driver)->explain(error, nullptr).error.context);
    }
  }
  const auto database = Database::open(options, known);
  if (!database) {
    faults.push_back(database.error().context);
    return faults;
  }
  const auto done = (*database)->read<bool>([&](Transaction& transaction) -> Result<bool> {
    if (schema_number(transaction) != static_cast<int>(known.size()))
      faults.emplace_back("migrations are missing");
    check_migrations(transaction, faults);
    check_writes(transaction, committed, faults);
    if (transaction.engine() == Engine::sqlite) {
      Statement statement(transaction, "PRAGMA integrity_check");
      const auto verdict =
          first(statement, [](const Row& row) { return row.text("integrity_check"); });
      if (verdict != "ok") faults.push_back("integrity_check: " + verdict.value_or(""));
    }
    return true;
  });
  if (!done) faults.push_back(done.error().context);
  return faults;
}

}  // namespace sluice::store::hammer

#include "store/migrator.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/secret.hpp"
#include "store/statement.hpp"

namespace sluice::store {

namespace {

std::string checksum(const Migration& migration) {
  const Sha256 sum = sha256(migration.sql);
  return to_hex({reinterpret_cast<const char*>(sum.data()), sum.size()});
}

bool has_migrations_table(Transaction& transaction) {
  const bool sqlite = transaction.engine() == Engine::sqlite;
  return Statement(transaction,
                   sqlite ? "SELECT count(*) FROM sqlite_master WHERE name = :name"
                          : "SELECT count(*) FROM pg_class WHERE oid = to_regclass(:name)")
             .text("name", "migrations")
             .one_number()
             .value_or(0) > 0;
}

/// Without comments (SOCI looks for parameters in them), and with the engine's own type of text.
std::string prepared(std::string_view sql, Engine engine) {
  static constexpr std::string_view placeholder = "{{text}}";
  // Compared byte by byte on both engines, whatever the locale of the server.
  const std::string_view type = engine == Engine::sqlite ? "TEXT" : "TEXT COLLATE \"C\"";
  std::string out;
  while (!sql.empty()) {
    const std::size_t end = std::min(sql.find('\n'), sql.size() - 1) + 1;
    std::string line(sql.substr(0, end));
    sql.remove_prefix(end);
    if (line.starts_with("--")) continue;
    const std::size_t found = line.find(placeholder);
    if (found != std::string::npos) line.replace(found, placeholder.size(), type);
    out += line;
  }
  return out;
}

/// Whether what was applied is what this program knows.
Status compare(Transaction& transaction, std::span<const Migration> known, int& applied) {
  applied = 0;
  Status status;
  Statement(transaction, "SELECT number, name, checksum FROM migrations ORDER BY number")
      .each([&](const Row& row) {
        applied = static_cast<int>(row.number("number"));
        if (!status || applied > static_cast<int>(known.size())) return;
        const Migration& migration = known[static_cast<std::size_t>(applied - 1)];
        if (row.text("checksum") == checksum(migration)) return;
        status = fail(
            Errc::invalid_config, Side::gateway,
            fmt::format("migration {} of the store is \"{}\", but not the one that this program "
                        "calls \"{}\": "
                        "the store was made by another build; use that one, or restore a backup",
                        applied, row.text("name"), migration.name));
      });
  if (status && applied > static_cast<int>(known.size())) {
    return fail(
        Errc::invalid_config, Side::gateway,
        fmt::format(
            "the store has schema {}, this program knows schemas up to {}: it is older than the "
            "one that "
            "last opened the store; use a newer program, or restore a backup of the older schema",
            applied, known.size()));
  }
  return status;
}

}  // namespace

int schema_number(Transaction& transaction) {
  if (!has_migrations_table(transaction)) return 0;
  const auto last = Statement(transaction, "SELECT max(number) FROM migrations").one_number();
  return static_cast<int>(last.value_or(0));
}

void apply(Transaction& transaction, const Migration& migration) {
  if (!has_migrations_table(transaction)) {
    Statement(transaction,
              "CREATE TABLE migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum "
              "TEXT NOT NULL, "
              "applied_at BIGINT NOT NULL)")
        .run();
  }
  const std::string sql = prepared(migration.sql, transaction.engine());
  for (std::size_t at = 0;;) {
    const std::size_t end = sql.find(";\n", at);
    if (end == std::string::npos) break;
    Statement(transaction, std::string_view(sql).substr(at, end - at)).run();
    at = end + 2;
  }
  Statement(transaction,
            "INSERT INTO migrations (number, name, checksum, applied_at) VALUES (:number, :name, "
            ":checksum, :at)")
      .number("number", migration.number)
      .text("name", migration.name)
      .text("checksum", checksum(migration))
      .time("at", std::chrono::system_clock::now())
      .run();
}

Status migrate(Database& database, std::span<const Migration> known) {
  const int newest = static_cast<int>(known.size());
  // Reading first: an up-to-date store is opened without waiting for those who write.
  TRY(int applied, database.read<int>([&](Transaction& transaction) -> Result<int> {
    int number = 0;
    if (has_migrations_table(transaction)) CHECK_OK(compare(transaction, known, number));
    return number;
  }));
  while (applied < newest) {
    TRY(applied, database.write<int>([&](Transaction& transaction) -> Result<int> {
      // Another process may have been here since.
      int number = 0;
      if (has_migrations_table(transaction)) CHECK_OK(compare(transaction, known, number));
      if (number == newest) return number;
      const Migration& next = known[static_cast<std::size_t>(number)];
      apply(transaction, next);
      log::info("store.migrated number={} name={}", next.number, next.name);
      return next.number;
    }));
  }
  return {};
}

}  // namespace sluice::store

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <ranges>

#include "store/backup.hpp"
#include "store/backup_file.hpp"
#include "store/backup_tables.hpp"
#include "store/migrator.hpp"
#include "store/statement.hpp"
#include "store/watcher.hpp"

namespace sluice::store {

namespace {

/// Only looks: whether the backup is whole, and of a schema that is known.
class Examination final : public BackupSink {
 public:
  explicit Examination(std::size_t schema_newest) : schema_newest_(schema_newest) {}

  Status head(int schema) override {
    if (static_cast<std::size_t>(schema) <= schema_newest_) return {};
    return fail(Errc::invalid_config, Side::gateway,
                fmt::format("the backup has schema {}, this program knows schemas up to {}: use "
                            "the version that made "
                            "it, or a newer one",
                            schema, schema_newest_));
  }
  Status table(const std::string& name, const std::vector<std::string>& /*columns*/) override {
    const auto without = tables_without_backup();
    if (std::ranges::find(without, name) == without.end()) return {};
    return fail(Errc::invalid_config, Side::gateway, "a backup has no table " + name);
  }
  Status row(const boost::json::array& /*values*/) override { return {}; }

 private:
  std::size_t schema_newest_;
};

/// Writes it into tables as they were in the schema of the backup.
class Refill final : public BackupSink {
 public:
  Refill(Transaction& transaction, std::span<const Migration> migrations)
      : transaction_(transaction), migrations_(migrations) {}

  Status head(int schema) override {
    schema_ = static_cast<std::size_t>(schema);
    for (const Migration& migration : migrations_.first(schema_)) apply(transaction_, migration);
    return {};
  }
  Status table(const std::string& name, const std::vector<std::string>& columns) override {
    std::string names;
    std::string values;
    for (const std::string& column : columns) {
      names += (names.empty() ? "" : ", ") + column;
      values += (values.empty() ? ":" : ", :") + column;
    }
    insert_ = fmt::format("INSERT INTO {} ({}) VALUES ({})", name, names, values);
    columns_ = columns;
    return {};
  }
  Status row(const boost::json::array& values) override {
    Statement statement(transaction_, insert_);
    for (std::size_t at = 0; at < values.size(); ++at) {
      if (const auto* text = values[at].if_string()) {
        statement.text(columns_[at], *text);
      } else if (const auto* number = values[at].if_int64()) {
        statement.number(columns_[at], *number);
      } else {
        statement.text_or_null(columns_[at], "");
      }
    }
    statement.run();
    return {};
  }
  /// What came since that schema.
  void bring_up_to_date() {
    for (const Migration& migration : migrations_.subspan(schema_)) apply(transaction_, migration);
  }

 private:
  Transaction& transaction_;
  std::span<const Migration> migrations_;
  std::size_t schema_ = 0;
  std::string insert_;
  std::vector<std::string> columns_;
};

bool is_empty(Transaction& transaction) {
  constexpr std::string_view objects[] = {"users", "accounts", "pools", "keys", "tokens"};
  return std::ranges::all_of(objects, [&](std::string_view table) {
    return Statement(transaction, fmt::format("SELECT count(*) FROM {}", table)).one_number() == 0;
  });
}

void drop_everything(Transaction& transaction) {
  const auto drop = [&](std::string_view table) {
    Statement(transaction, fmt::format("DROP TABLE {}", table)).run();
  };
  std::ranges::for_each(tables_without_backup(), drop);
  for (const BackupTable& table : std::views::reverse(backup_tables())) drop(table.name);
}

}  // namespace

Result<BackupFigures> restore(Database& database, const std::string& path, Over over,
                              const Progress& progress) {
  const auto migrations = database.migrations();
  Examination examination(migrations.size());
  CHECK_OK(read_backup(path, examination, Progress()));
  return database.write<BackupFigures>([&](Transaction& transaction) -> Result<BackupFigures> {
    if (over == Over::empty_store_only && !is_empty(transaction)) {
      return fail(Errc::already_exists, Side::client, "the store isn't empty");
    }
    const std::int64_t revision_before = revision(transaction);
    drop_everything(transaction);
    Refill refill(transaction, migrations);
    TRY(const BackupFigures figures, read_backup(path, refill, progress));
    refill.bring_up_to_date();
    Statement(transaction, "UPDATE revision SET number = :number")
        .number("number", revision_before)
        .run();
    transaction.touch();
    return figures;
  });
}

}  // namespace sluice::store

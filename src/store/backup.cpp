#include "store/backup.hpp"

#include <boost/json.hpp>

#include "store/backup_file.hpp"
#include "store/backup_tables.hpp"
#include "store/migrator.hpp"
#include "store/statement.hpp"

namespace sluice::store {

namespace {

constexpr std::int64_t rows_of_a_page = 500;

std::string joined(const std::vector<std::string_view>& names, std::string_view before) {
  std::string out;
  for (const std::string_view name : names) {
    out.append(out.empty() ? "" : ", ").append(before).append(name);
  }
  return out;
}

boost::json::array values_of(const soci::row& row) {
  boost::json::array values;
  for (std::size_t at = 0; at < row.size(); ++at) {
    if (row.get_indicator(at) == soci::i_null) {
      values.emplace_back(nullptr);
    } else if (row.get_properties(at).get_data_type() == soci::dt_long_long) {
      values.emplace_back(row.get<long long>(at));
    } else {
      values.emplace_back(row.get<std::string>(at));
    }
  }
  return values;
}

std::vector<std::string> columns_of(const soci::row& row) {
  std::vector<std::string> columns;
  columns.reserve(row.size());
  for (std::size_t at = 0; at < row.size(); ++at)
    columns.push_back(row.get_properties(at).get_name());
  return columns;
}

/// Page by page: neither engine has to hold a whole table.
class TableWalk {
 public:
  TableWalk(Transaction& transaction, const BackupTable& table, BackupWriter& writer)
      : transaction_(transaction), table_(table), writer_(writer) {}

  Status run(const Progress& progress) {
    for (;;) {
      TRY(const std::int64_t rows, page());
      if (progress && rows > 0) progress(writer_.figures());
      if (rows < rows_of_a_page) return {};
    }
  }

 private:
  Result<std::int64_t> page() {
    std::string sql = "SELECT * FROM " + std::string(table_.name);
    if (!last_.empty()) {
      sql += " WHERE (" + joined(table_.key, "") + ") > (" + joined(table_.key, ":") + ")";
    }
    sql += " ORDER BY " + joined(table_.key, "") + " LIMIT :limit";
    Statement statement(transaction_, sql);
    for (std::size_t at = 0; at < last_.size(); ++at) statement.text(table_.key[at], last_[at]);
    statement.number("limit", rows_of_a_page);
    Status status;
    std::int64_t rows = 0;
    statement.each([&](const Row& row) {
      if (status) status = write(row);
      ++rows;
    });
    CHECK_OK(status);
    return rows;
  }

  Status write(const Row& row) {
    if (last_.empty()) CHECK_OK(writer_.table(table_.name, columns_of(row.columns())));
    last_.clear();
    for (const std::string_view column : table_.key)
      last_.push_back(row.text(std::string(column).c_str()));
    return writer_.row(values_of(row.columns()));
  }

  Transaction& transaction_;
  const BackupTable& table_;
  BackupWriter& writer_;
  std::vector<std::string> last_;  // key of the last row
};

}  // namespace

Result<BackupFigures> back_up(Database& database, const std::string& path,
                              const Progress& progress) {
  return database.read<BackupFigures>([&](Transaction& transaction) -> Result<BackupFigures> {
    TRY(const auto writer, BackupWriter::create(path));
    CHECK_OK(writer->head(schema_number(transaction), std::chrono::system_clock::now()));
    for (const BackupTable& table : backup_tables()) {
      CHECK_OK(TableWalk(transaction, table, *writer).run(progress));
    }
    CHECK_OK(writer->finish());
    return writer->figures();
  });
}

}  // namespace sluice::store

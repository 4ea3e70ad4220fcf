#include "hammer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <deque>

#include "store/audit.hpp"
#include "store/hashed_secrets.hpp"
#include "store/properties.hpp"
#include "store/sealed_secrets.hpp"

namespace sluice::store::hammer {

namespace {

void say(std::string_view line) {
  const std::string text = std::string(line) + "\n";
  // In one piece, and at once: the next moment may be the last.
  if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) ::_exit(3);
}

Status write_one(Transaction& transaction, std::int64_t number) {
  const WallTime now = std::chrono::system_clock::now();
  Object key;
  key.id = key_id(number);
  key.name = key.id;
  key.document = "{}";
  CHECK_OK(Objects(transaction, Kind::key).insert(key));
  CHECK_OK(HashedSecrets(transaction, Kind::key)
               .insert({.hash = sha256(key.id), .owner = key.id, .created = now}));
  SealedSecrets(transaction).put({.owner = key.id, .name = "a", .sealed = key.id, .updated = now});
  AuditEntry entry;
  entry.id = "A" + key.id;
  Audit(transaction).write(entry);
  if (number > keys_kept) {
    CHECK_OK(Objects(transaction, Kind::key).erase(key_id(number - keys_kept)));
  }
  Properties(transaction).put("count", std::to_string(number));
  transaction.touch();
  return {};
}

}  // namespace

std::string key_id(std::int64_t transaction) { return fmt::format("K{:08}", transaction); }

std::vector<Migration> all_migrations() {
  static std::deque<std::string> texts;
  std::vector<Migration> all(migrations().begin(), migrations().end());
  for (int i = 1; i <= extra_count; ++i) {
    std::string sql =
        fmt::format("CREATE TABLE extra{} (id {{{{text}}}} PRIMARY KEY, n BIGINT);\n", i);
    for (int row = 0; row < extra_rows; ++row) {
      sql += fmt::format("INSERT INTO extra{} (id, n) VALUES ('r{}', {});\n", i, row, row);
    }
    sql += fmt::format("CREATE INDEX extra{0}_n ON extra{0} (n);\n", i);
    texts.push_back(std::move(sql));
    all.push_back(
        {.number = static_cast<int>(all.size()) + 1, .name = "extra", .sql = texts.back()});
  }
  return all;
}

Error hammer(const DatabaseOptions& options) {
  const auto known = all_migrations();
  const auto database = Database::open(options, known);
  if (!database) return database.error();
  say("ready");
  for (;;) {
    const auto number =
        (*database)->write<std::int64_t>([](Transaction& transaction) -> Result<std::int64_t> {
          const std::int64_t next =
              std::stoll(Properties(transaction).find("count").value_or("0")) + 1;
          CHECK_OK(write_one(transaction, next));
          return next;
        });
    if (!number) return number.error();
    say(std::to_string(*number));
  }
}

}  // namespace sluice::store::hammer

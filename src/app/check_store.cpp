/// `sluice check`, the part that looks into the store. It creates nothing and migrates nothing.

#include <fmt/format.h>
#include <sys/stat.h>

#include "admin/entities.hpp"
#include "app/check.hpp"
#include "store/database.hpp"
#include "store/migrator.hpp"
#include "store/sealed_secrets.hpp"
#include "store/secret_box.hpp"
#include "store/sqlite_file.hpp"

namespace sluice::app {
namespace {

constexpr auto subject = "store";

bool exists(const std::string& path) {
  struct stat info{};
  return stat(path.c_str(), &info) == 0;
}

struct Look {
  int schema = 0;
  std::size_t secrets = 0;
};

Result<Look> look_into(store::Database& database) {
  return database.read<Look>([&](store::Transaction& transaction) -> Result<Look> {
    Look look{.schema = store::schema_number(transaction)};
    if (look.schema == store::migrations().back().number)
      look.secrets = store::SealedSecrets(transaction).all().size();
    return look;
  });
}

CheckLine judge_schema(const std::string& location, int schema) {
  const int known = store::migrations().back().number;
  const std::string what = fmt::format("{} has schema {}", location, schema);
  if (schema == known) return {Grade::ok, subject, what};
  if (schema < known) {
    return {Grade::warn, subject,
            fmt::format("{}; the next start, or the next command, brings it to {}", what, known)};
  }
  return {Grade::fail, subject,
          fmt::format("{}, and this program knows {} at most; use the newer one", what, known)};
}

/// What a server would load.
void load_accounts(store::Database& database, const std::string& master_key,
                   std::vector<CheckLine>& lines,
                   std::vector<provider::AccountSettings>& accounts) {
  const auto secrets = store::SecretBox::open(database, master_key);
  if (!secrets) return lines.push_back({Grade::fail, "master key", secrets.error().context});
  auto entities = admin::load_entities(database, **secrets);
  if (!entities) return lines.push_back({Grade::fail, subject, entities.error().context});
  for (const std::string& fault : entities->faults) lines.push_back({Grade::fail, subject, fault});
  lines.push_back({Grade::ok, subject,
                   fmt::format("{} accounts and {} keys, all readable", entities->accounts.size(),
                               entities->keys.size())});
  if (!entities->faults.empty()) lines.pop_back();
  for (auto& account : entities->accounts) accounts.push_back(std::move(account));
}

}  // namespace

std::vector<CheckLine> check_store(const Config& config,
                                   std::vector<provider::AccountSettings>& accounts) {
  const store::DatabaseOptions options{
      .url = config.store.url, .data_dir = config.store.data_dir, .connections = 1};
  if (options.url.reveal().starts_with("sqlite://")) {
    const auto path = store::sqlite_path(options);
    if (!path) return {{Grade::fail, subject, path.error().context}};
    if (!exists(*path)) {
      return {{Grade::ok, subject, fmt::format("{} is made when first needed", *path)}};
    }
  }
  const auto database = store::Database::open_as_it_is(options);
  if (!database) return {{Grade::fail, subject, database.error().context}};
  const auto look = look_into(**database);
  if (!look) return {{Grade::fail, subject, look.error().context}};
  std::vector<CheckLine> lines = {judge_schema((*database)->location(), look->schema)};
  if (look->schema != store::migrations().back().number) return lines;
  const std::string& master_key = config.security.master_key_file;
  if (exists(master_key)) {
    load_accounts(**database, master_key, lines, accounts);
  } else if (look->secrets > 0) {
    lines.push_back(
        {Grade::fail, "master key",
         fmt::format("{} is missing, and {} secrets of the store open with it alone; put "
                     "it back",
                     master_key, look->secrets)});
  }
  return lines;
}

}  // namespace sluice::app

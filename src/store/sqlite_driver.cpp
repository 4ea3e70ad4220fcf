#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <algorithm>
#include <thread>

#include "base/log.hpp"
#include "store/driver.hpp"
#include "store/sqlite_file.hpp"

namespace sluice::store {

namespace {

/// SOCI's libraries don't export what the sanitizer would look at here.
[[clang::no_sanitize("vptr")]] sqlite_api::sqlite3* handle(soci::session& session) {
  return static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_;
}

void run(soci::session& session, const char* sql) {
  const int code = sqlite_api::sqlite3_exec(handle(session), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK)
    throw soci::sqlite3_soci_error(sqlite_api::sqlite3_errmsg(handle(session)), code);
}

class SqliteDriver final : public Driver {
 public:
  SqliteDriver(std::string path, Milliseconds busy_max)
      : path_(std::move(path)), busy_max_(busy_max) {}

  [[nodiscard]] Engine engine() const override { return Engine::sqlite; }
  [[nodiscard]] const std::string& location() const override { return path_; }

  [[nodiscard]] std::unique_ptr<soci::session> connect() override {
    auto session =
        std::make_unique<soci::session>(*soci::factory_sqlite3(), "dbname=\"" + path_ + "\"");
    sqlite_api::sqlite3_extended_result_codes(handle(*session), 1);
    wait_at_most(*session, busy_max_);
    use_wal(*session);
    // FULL: a commit is on the disk when it returns. A key that was revoked stays revoked after a power cut.
    run(*session,
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF");
    return session;
  }

  void begin_read(soci::session& session) override {
    wait_at_most(session, busy_max_);
    run(session, "PRAGMA query_only = ON; BEGIN");
  }
  void begin_write(soci::session& session, Milliseconds wait) override {
    wait_at_most(session, wait);
    run(session, "PRAGMA query_only = OFF; BEGIN IMMEDIATE");
  }
  void commit(soci::session& session) override { run(session, "COMMIT"); }
  void roll_back(soci::session& session) override {
    // Some errors (disk full) have taken it back already.
    if (sqlite_api::sqlite3_get_autocommit(handle(session)) == 0) run(session, "ROLLBACK");
  }

  [[nodiscard]] Fault explain(const soci::soci_error& error, soci::session* session) const override;

 private:
  static void wait_at_most(soci::session& session, Milliseconds wait) {
    sqlite_api::sqlite3_busy_timeout(handle(session),
                                     static_cast<int>(std::max<std::int64_t>(wait.count(), 1)));
  }
  /// SQLite doesn't wait by itself for another process that is just doing the same.
  void use_wal(soci::session& session) const {
    const auto give_up = std::chrono::steady_clock::now() + busy_max_;
    for (;;) {
      try {
        run(session, "PRAGMA journal_mode = WAL");
        return;
      } catch (const soci::sqlite3_soci_error& error) {
        if ((error.result() & 0xFF) != SQLITE_BUSY || std::chrono::steady_clock::now() > give_up)
          throw;
        std::this_thread::sleep_for(Milliseconds(5));
      }
    }
  }

  std::string path_;
  Milliseconds busy_max_;
};

Fault SqliteDriver::explain(const soci::soci_error& error, soci::session* session) const {
  const auto* own = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
  int code = own != nullptr ? own->result() : SQLITE_ERROR;
  // SOCI doesn't hand on the extended code.
  if (session != nullptr &&
      (code & 0xFF) == (sqlite_api::sqlite3_errcode(handle(*session)) & 0xFF)) {
    code = sqlite_api::sqlite3_extended_errcode(handle(*session));
  }
  const auto unavailable = [&](std::string_view advice) {
    return Fault{.error = {.code = Errc::store_unavailable,
                           .context = fmt::format("{}: {}", path_, advice)}};
  };
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return unavailable(fmt::format(
          "the store was busy for {} ms: another process holds it; find who, or try again",
          busy_max_.count()));
    case SQLITE_FULL: return unavailable("the disk is full: free some space, nothing was written");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return unavailable(
          "the store can't be written: its file and folder must belong to the user that runs this "
          "program");
    case SQLITE_CANTOPEN:
      return unavailable(
          "the store can't be opened: the folder must exist and be writable for the user that runs "
          "this program");
    case SQLITE_IOERR:
      return unavailable(fmt::format("the disk reports an error ({}): see the kernel's log",
                                     error.get_error_message()));
    case SQLITE_CORRUPT:
      return unavailable("the store is damaged: restore the last backup (sluice restore FILE)");
    case SQLITE_NOTADB:
      return {
          .error = {.code = Errc::invalid_config, .context = path_ + " is not an SQLite database"}};
    case SQLITE_CONSTRAINT:
      if (code == SQLITE_CONSTRAINT_FOREIGNKEY) {
        return {.error = {.code = Errc::not_found,
                          .context = "what this belongs to is not in the store"}};
      }
      [[fallthrough]];
    default:
      return {.error = {.code = Errc::internal,
                        .context = fmt::format("SQLite: {}", error.get_error_message())}};
  }
}

}  // namespace

Result<std::unique_ptr<Driver>> make_sqlite_driver(const DatabaseOptions& options) {
  TRY(std::string path, sqlite_path(options));
  CHECK_OK(make_sqlite_file(path));
  return std::make_unique<SqliteDriver>(std::move(path), options.busy_max);
}

}  // namespace sluice::store

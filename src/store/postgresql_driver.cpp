#include <fmt/format.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>

#include <algorithm>
#include <memory>

#include "base/log.hpp"
#include "store/driver.hpp"
#include "store/one_line.hpp"
#include "store/postgresql_url.hpp"

namespace sluice::store {

namespace {

/// Writers come one after the other through this advisory lock: "sluice" and a 1.
constexpr long long writer_lock = 0x736c756963650001;
/// No statement of this folder takes longer than this, and no transaction pauses for longer.
constexpr int statement_seconds_max = 60;
constexpr int pause_seconds_max = 60;

/// SOCI's libraries don't export what the sanitizer would look at here.
[[clang::no_sanitize("vptr")]] PGconn* handle(soci::session& session) {
  return static_cast<soci::postgresql_session_backend*>(session.get_backend())->conn_;
}

using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

/// Several statements in one trip; the answer is that of the last.
Answer run(soci::session& session, const std::string& sql) {
  Answer answer(PQexec(handle(session), sql.c_str()), &PQclear);
  const ExecStatusType status = PQresultStatus(answer.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return answer;
  const char* state = PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE);
  throw soci::postgresql_soci_error(PQerrorMessage(handle(session)),
                                    state == nullptr ? "08006" : state);
}

/// Notices ("relation exists already") would go to stderr.
void ignore_notice(void* /*unused*/, const PGresult* /*notice*/) {}

std::string_view advice_for(std::string_view state) {
  if (state.starts_with("28"))
    return "check the user and the password in the store's URL, and the server's pg_hba.conf";
  if (state == "3D000") return "create the database (createdb)";
  if (state == "42501")
    return "the user needs the right to create tables: make it the owner of the database or schema";
  if (state == "55P03" || state == "57014")
    return "another transaction holds a lock: find it in pg_stat_activity, or try again";
  if (state == "53100") return "the server's disk is full";
  if (state == "53300")
    return "the server has no connection left: raise max_connections, or lower connections here";
  if (state == "25006") return "the server only reads: is it a standby?";
  return "is the server running, and reachable from here?";
}

class PostgresqlDriver final : public Driver {
 public:
  PostgresqlDriver(PostgresqlUrl url, Milliseconds busy_max)
      : url_(std::move(url)), busy_max_(busy_max) {}

  [[nodiscard]] Engine engine() const override { return Engine::postgresql; }
  [[nodiscard]] const std::string& location() const override { return url_.location; }

  [[nodiscard]] std::unique_ptr<soci::session> connect() override {
    auto session = std::make_unique<soci::session>(*soci::factory_postgresql(),
                                                   std::string(url_.connect.reveal()));
    PQsetNoticeReceiver(handle(*session), ignore_notice, nullptr);
    // Details would tell of values in rows.
    PQsetErrorVerbosity(handle(*session), PQERRORS_TERSE);
    run(*session,
        fmt::format(
            "SET statement_timeout = '{}s'; SET idle_in_transaction_session_timeout = '{}s'; "
            "SET lock_timeout = '{}ms'; SET synchronous_commit = on",
            statement_seconds_max, pause_seconds_max, busy_max_.count()));
    return session;
  }

  void begin_read(soci::session& session) override {
    run(session, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  }
  /// Read committed: what is read after the lock is what the writer before left.
  void begin_write(soci::session& session, Milliseconds wait) override {
    run(session,
        fmt::format(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '{}ms'; "
            "SELECT pg_advisory_xact_lock({})",
            std::max<std::int64_t>(wait.count(), 1), writer_lock));
  }
  void commit(soci::session& session) override {
    const Answer answer = run(session, "COMMIT");
    // The server answers a COMMIT of a failed transaction with ROLLBACK, and calls it a success.
    if (std::string_view(PQcmdStatus(answer.get())) != "COMMIT") {
      throw soci::soci_error("the transaction had failed before its end");
    }
  }
  void roll_back(soci::session& session) override { (void)run(session, "ROLLBACK"); }

  [[nodiscard]] Fault explain(const soci::soci_error& error,
                              soci::session* session) const override {
    const auto* own = dynamic_cast<const soci::postgresql_soci_error*>(&error);
    const std::string state = own != nullptr ? own->sqlstate() : "";
    Fault fault;
    fault.connection_lost = session == nullptr || PQstatus(handle(*session)) != CONNECTION_OK ||
                            state.starts_with("08") || state.starts_with("57P");
    fault.again = state == "40001" || state == "40P01";
    if (state == "23503") {
      fault.error = {.code = Errc::not_found,
                     .context = "what this belongs to is not in the store"};
      return fault;
    }
    const bool outside = fault.connection_lost || fault.again || state.starts_with("53") ||
                         state.starts_with("28") || state == "55P03" || state == "57014" ||
                         state == "42501" || state == "25006" || state == "3D000";
    fault.error = {
        .code = outside ? Errc::store_unavailable : Errc::internal,
        .context = outside ? fmt::format("{}: {} ({})", url_.location,
                                         one_line(error.get_error_message()), advice_for(state))
                           : fmt::format("PostgreSQL: {}", one_line(error.get_error_message()))};
    return fault;
  }

 private:
  PostgresqlUrl url_;
  Milliseconds busy_max_;
};

}  // namespace

Result<std::unique_ptr<Driver>> make_postgresql_driver(const DatabaseOptions& options) {
  TRY(PostgresqlUrl url, parse_postgresql_url(options.url, options.connect_max));
  return std::make_unique<PostgresqlDriver>(std::move(url), options.busy_max);
}

}  // namespace sluice::store

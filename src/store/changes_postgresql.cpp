#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <charconv>
#include <utility>

#include "store/changes.hpp"
#include "store/one_line.hpp"
#include "store/postgresql_url.hpp"
#include "store/revision.hpp"

namespace sluice::store {

namespace {

/// libpq without SOCI: nothing in here blocks, so that it can be stopped at any time, also while the server is away.
class PostgresqlChanges final : public Changes {
 public:
  PostgresqlChanges(PostgresqlUrl url, Milliseconds answer_max)
      : url_(std::move(url)), answer_max_(answer_max) {}

  [[nodiscard]] Result<std::int64_t> next(int stop, Milliseconds wait) override {
    auto revision = look(stop, wait);
    if (!revision) connection_.reset();
    return revision;
  }

 private:
  using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

  Result<std::int64_t> look(int stop, Milliseconds wait) {
    if (connection_) {
      CHECK_OK(listen(stop, wait));
    } else {
      CHECK_OK(connect(stop));
      TRY(const Answer listening, ask(std::string("LISTEN ") + revision_channel, stop));
    }
    TRY(const Answer answer, ask("SELECT number FROM revision", stop));
    const std::string_view text =
        PQntuples(answer.get()) == 1 ? PQgetvalue(answer.get(), 0, 0) : "";
    std::int64_t revision = 0;
    std::from_chars(text.data(), text.data() + text.size(), revision);
    return revision;
  }

  Status connect(int stop) {
    connection_.reset(PQconnectStart(std::string(url_.connect.reveal()).c_str()));
    const TimePoint deadline = std::chrono::steady_clock::now() + answer_max_;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK) {
      if (status == PGRES_POLLING_FAILED || PQstatus(connection_.get()) == CONNECTION_BAD) {
        return lost();
      }
      CHECK_OK(ready(status == PGRES_POLLING_READING ? POLLIN : POLLOUT, stop, deadline));
      status = PQconnectPoll(connection_.get());
    }
    PQsetNoticeReceiver(connection_.get(), [](void*, const PGresult*) {}, nullptr);
    return {};
  }

  /// Returns when the server tells of a change, or after `wait`.
  Status listen(int stop, Milliseconds wait) {
    if (std::exchange(told_, false)) return {};
    switch (wait_for(PQsocket(connection_.get()), POLLIN, stop, wait)) {
      case Waited::stopped: return stopped();
      case Waited::timed_out: return {};
      case Waited::ready: break;
    }
    if (PQconsumeInput(connection_.get()) != 1) return lost();
    take_notices();
    told_ = false;  // we look now
    return {};
  }

  Result<Answer> ask(const std::string& sql, int stop) {
    if (PQsendQuery(connection_.get(), sql.c_str()) != 1) return lost();
    const TimePoint deadline = std::chrono::steady_clock::now() + answer_max_;
    Answer last(nullptr, &PQclear);
    for (;;) {
      while (PQisBusy(connection_.get()) == 1) {
        CHECK_OK(ready(POLLIN, stop, deadline));
        if (PQconsumeInput(connection_.get()) != 1) return lost();
      }
      Answer answer(PQgetResult(connection_.get()), &PQclear);
      if (!answer) break;
      last = std::move(answer);
    }
    // What was told meanwhile may be newer than the answer.
    take_notices();
    const ExecStatusType status = PQresultStatus(last.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return lost();
    return last;
  }

  Status ready(short events, int stop, TimePoint deadline) {
    const auto left = std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now());
    switch (wait_for(PQsocket(connection_.get()), events, stop, left)) {
      case Waited::ready: return {};
      case Waited::stopped: return stopped();
      case Waited::timed_out: break;
    }
    return fail(
        Errc::store_unavailable, Side::gateway,
        fmt::format("{}: no answer within {} ms (is the server running, and reachable from here?)",
                    url_.location, answer_max_.count()));
  }

  void take_notices() {
    while (PGnotify* notice = PQnotifies(connection_.get())) {
      PQfreemem(notice);
      told_ = true;
    }
  }

  [[nodiscard]] std::unexpected<Error> lost() const {
    return fail(Errc::store_unavailable, Side::gateway,
                fmt::format("{}: {}", url_.location, one_line(PQerrorMessage(connection_.get()))));
  }
  [[nodiscard]] static std::unexpected<Error> stopped() {
    return fail(Errc::cancelled, Side::gateway, "the watcher is stopped");
  }

  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  PostgresqlUrl url_;
  Milliseconds answer_max_;
  std::unique_ptr<PGconn, Finish> connection_;
  bool told_ = false;
};

}  // namespace

Result<std::unique_ptr<Changes>> make_postgresql_changes(const DatabaseOptions& options) {
  TRY(PostgresqlUrl url, parse_postgresql_url(options.url, options.connect_max));
  return std::make_unique<PostgresqlChanges>(std::move(url), options.connect_max);
}

}  // namespace sluice::store

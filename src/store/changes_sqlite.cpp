#include <poll.h>
#include <soci/soci.h>

#include <algorithm>
#include <array>

#include "store/changes.hpp"
#include "store/driver.hpp"
#include "store/statement.hpp"
#include "store/watcher.hpp"

namespace sluice::store {

namespace {

class SqliteChanges final : public Changes {
 public:
  explicit SqliteChanges(std::unique_ptr<Driver> driver) : driver_(std::move(driver)) {}

  [[nodiscard]] Result<std::int64_t> next(int stop, Milliseconds wait) override {
    if (session_ && wait_for(-1, 0, stop, wait) == Waited::stopped) {
      return fail(Errc::cancelled, Side::gateway, "the watcher is stopped");
    }
    try {
      if (!session_) {
        session_ = driver_->connect();
        seen_ = -1;
      }
      Transaction transaction(*session_, Engine::sqlite);
      // Changes with every commit of another connection, and costs a look into the shared memory of the WAL.
      const std::int64_t version =
          Statement(transaction, "PRAGMA data_version").one_number().value_or(0);
      if (version != seen_) {
        revision_ = revision(transaction);
        seen_ = version;
      }
      return revision_;
    } catch (const soci::soci_error& error) {
      Fault fault = driver_->explain(error, session_.get());
      session_.reset();
      return std::unexpected(std::move(fault.error));
    }
  }

 private:
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<soci::session> session_;
  std::int64_t seen_ = -1;
  std::int64_t revision_ = 0;
};

}  // namespace

Result<std::unique_ptr<Changes>> make_sqlite_changes(const DatabaseOptions& options) {
  TRY(auto driver, make_sqlite_driver(options));
  return std::make_unique<SqliteChanges>(std::move(driver));
}

Waited wait_for(int file, short events, int stop, Milliseconds wait) {
  std::array<pollfd, 2> files{
      {{.fd = stop, .events = POLLIN, .revents = 0}, {.fd = file, .events = events, .revents = 0}}};
  const auto deadline = std::chrono::steady_clock::now() + wait;
  for (;;) {
    const auto left =
        std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    const int ready =
        ::poll(files.data(), files.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready > 0) return files[0].revents != 0 ? Waited::stopped : Waited::ready;
    // A signal that interrupts it is no reason to look.
    if (ready == 0 || left <= 0) return Waited::timed_out;
  }
}

}  // namespace sluice::store

#include "store/database.hpp"

#include <soci/soci.h>

#include "base/log.hpp"
#include "store/database_inside.hpp"
#include "store/migrator.hpp"
#include "store/revision.hpp"
#include "store/transaction.hpp"

namespace sluice::store {

namespace {

constexpr int tries_max = 10;  // of a transaction that is given up for others

/// Ends the transaction whatever happened in it; a session that can't even do this is not used again.
void roll_back(Driver& driver, SessionPool::Loan& loan) {
  if (loan.current() == nullptr) return;
  try {
    driver.roll_back(*loan.current());
  } catch (const soci::soci_error&) {
    loan.drop();
  }
}

/// A session that lay idle may have lost its server meanwhile. Nothing was done yet: once more with a new one.
void begin(Driver& driver, SessionPool::Loan& loan, bool write, Milliseconds wait) {
  const bool lay_idle = loan.current() != nullptr;
  const auto start = [&] {
    write ? driver.begin_write(loan.session(), wait) : driver.begin_read(loan.session());
  };
  try {
    start();
  } catch (const soci::soci_error& error) {
    if (!lay_idle || !driver.explain(error, loan.current()).connection_lost) throw;
    loan.drop();
    start();
  }
}

Milliseconds until(TimePoint deadline) {
  return std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now());
}

}  // namespace

Database::Database(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  return open(options, store::migrations());
}

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options,
                                                 std::span<const Migration> known) {
  TRY(auto driver, make_driver(options));
  std::unique_ptr<Database> database(
      new Database(std::make_unique<Inside>(options, known, std::move(driver))));
  CHECK_OK(migrate(*database, known));
  return database;
}

Result<std::unique_ptr<Database>> Database::open_as_it_is(const DatabaseOptions& options) {
  TRY(auto driver, make_driver(options));
  return std::unique_ptr<Database>(
      new Database(std::make_unique<Inside>(options, store::migrations(), std::move(driver))));
}

Engine Database::engine() const { return inside_->driver->engine(); }
std::string Database::location() const { return inside_->driver->location(); }
std::span<const Migration> Database::migrations() const { return inside_->migrations; }

Status Database::transact(Mode mode, const std::function<bool(Transaction&)>& work) {
  const bool write = mode == Mode::write;
  Driver& driver = *inside_->driver;
  const TimePoint deadline = std::chrono::steady_clock::now() + inside_->options.busy_max;
  TRY(SessionPool::Loan loan,
      inside_->pool.borrow(write ? SessionPool::Use::write : SessionPool::Use::read, deadline));
  for (int tries = 1;; ++tries) {
    try {
      begin(driver, loan, write, until(deadline));
      Transaction transaction(loan.session(), driver.engine());
      const bool keep = work(transaction);
      if (!keep || !write) {
        roll_back(driver, loan);
        return {};
      }
      if (transaction.touched()) bump_revision(transaction);
      driver.commit(loan.session());
      return {};
    } catch (const soci::soci_error& error) {
      Fault fault = driver.explain(error, loan.current());
      if (fault.connection_lost) {
        loan.drop();
      } else {
        roll_back(driver, loan);
      }
      if (!fault.again || tries == tries_max) return std::unexpected(std::move(fault.error));
      log::debug("transaction.repeated tries={}", tries);
    } catch (...) {
      roll_back(driver, loan);
      throw;
    }
  }
}

}  // namespace sluice::store

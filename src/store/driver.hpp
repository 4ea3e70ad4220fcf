#pragma once
/// What differs between the two engines: how to reach them, how a transaction begins, what their errors mean.

#include <memory>
#include <string>

#include "store/transaction.hpp"

namespace soci {
class session;
class soci_error;
}  // namespace soci

namespace sluice::store {

/// An error of the engine, understood.
struct Fault {
  Error error;
  bool connection_lost = false;  // the session is of no use any more
  bool again = false;  // given up in favour of another transaction: the same work may succeed now
};

class Driver {
 public:
  virtual ~Driver() = default;
  [[nodiscard]] virtual Engine engine() const = 0;
  /// For people, without a password.
  [[nodiscard]] virtual const std::string& location() const = 0;

  // These throw soci::soci_error.
  [[nodiscard]] virtual std::unique_ptr<soci::session> connect() = 0;
  /// One state of the store, nothing can be changed.
  virtual void begin_read(soci::session& session) = 0;
  /// Writers come one after the other: waits for the others, at most `wait`.
  virtual void begin_write(soci::session& session, Milliseconds wait) = 0;
  virtual void commit(soci::session& session) = 0;
  virtual void roll_back(soci::session& session) = 0;

  /// `session` may be null: it never came to be.
  [[nodiscard]] virtual Fault explain(const soci::soci_error& error,
                                      soci::session* session) const = 0;
};

/// By the scheme of the URL; makes the folder and the file of an SQLite store. Errors  invalid_config, io.
[[nodiscard]] Result<std::unique_ptr<Driver>> make_driver(const DatabaseOptions& options);

[[nodiscard]] Result<std::unique_ptr<Driver>> make_sqlite_driver(const DatabaseOptions& options);
[[nodiscard]] Result<std::unique_ptr<Driver>> make_postgresql_driver(
    const DatabaseOptions& options);

}  // namespace sluice::store

#pragma once
/// The store: one database, SQLite or PostgreSQL, opened by any number of processes at once.
///
///     TRY(auto database, store::Database::open({.url = config.store.url, .data_dir = config.store.data_dir}));
///     TRY(auto row, database->read<Object>([&](Transaction& t) { return Objects(t, Kind::account).find(id); }));
///
/// Thread   any; a call blocks, so I/O threads go through a BlockingPool.
/// Errors   store_unavailable (not reachable, busy past `busy_max`, disk full: the message says what to do),
///          invalid_config (a URL or file that isn't one, a schema newer than this program), and whatever `work` returns.

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace sluice::store {

class Transaction;
struct Migration;

enum class Engine : std::uint8_t { sqlite, postgresql };

struct DatabaseOptions {
  /// "sqlite://" = DATA/sluice.db, "sqlite://PATH", "postgresql://USER:PASSWORD@HOST/DATABASE".
  Secret url{"sqlite://"};
  std::string data_dir = {};
  std::size_t connections = 4;
  Milliseconds busy_max{5000};     // for a lock or a free connection
  Milliseconds connect_max{5000};  // PostgreSQL
};

class Database {
 public:
  /// Creates what isn't there (folder 0700, file 0600), and applies the migrations that are missing.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  /// With other migrations than the program's own; they outlive the Database.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options,
                                                              std::span<const Migration> known);
  /// As it is, whatever its schema: to look at it, not to work with it.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open_as_it_is(
      const DatabaseOptions& options);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  [[nodiscard]] Engine engine() const;
  /// For people: the path, or the URL without its password.
  [[nodiscard]] std::string location() const;
  [[nodiscard]] std::span<const Migration> migrations() const;

  /// `work` sees one state of the store and changes nothing.
  template <class T>
  [[nodiscard]] Result<T> read(const std::function<Result<T>(Transaction&)>& work) {
    return run<T>(Mode::read, work);
  }
  /// All of `work` or nothing of it: kept when it returns a value, taken back when it returns an error or throws. Writers
  /// come one after the other. A transaction that the engine gave up for another (serialization) runs again.
  template <class T>
  [[nodiscard]] Result<T> write(const std::function<Result<T>(Transaction&)>& work) {
    return run<T>(Mode::write, work);
  }

 private:
  enum class Mode : std::uint8_t { read, write };
  struct Inside;
  explicit Database(std::unique_ptr<Inside> inside);
  /// Runs `work` inside a transaction; `work` puts its own result away and says whether to keep what it did.
  [[nodiscard]] Status transact(Mode mode, const std::function<bool(Transaction&)>& work);

  template <class T>
  Result<T> run(Mode mode, const std::function<Result<T>(Transaction&)>& work) {
    Result<T> result = fail(Errc::internal, Side::gateway, "the transaction did not run");
    CHECK_OK(transact(mode, [&](Transaction& transaction) {
      result = work(transaction);
      return result.has_value();
    }));
    return result;
  }

  friend class Watcher;
  std::unique_ptr<Inside> inside_;
};

}  // namespace sluice::store

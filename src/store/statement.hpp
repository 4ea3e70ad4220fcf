#pragma once
/// One SQL statement with bound values. It owns what is bound, as SOCI only keeps references.
///
///     Statement(transaction, "SELECT name FROM keys WHERE owner = :owner")
///         .text("owner", owner)
///         .each([&](const Row& row) { names.push_back(row.text("name")); });
///
/// Errors  throws soci::soci_error, see Transaction::session().

#include <soci/soci.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "store/transaction.hpp"

namespace sluice::store {

/// Times are microseconds since the epoch in the store.
[[nodiscard]] std::int64_t to_micros(WallTime time);
[[nodiscard]] WallTime from_micros(std::int64_t micros);

class Row {
 public:
  explicit Row(const soci::row& row) : row_(row) {}
  /// Empty for NULL.
  [[nodiscard]] std::string text(const char* column) const;
  [[nodiscard]] std::int64_t number(const char* column) const;
  [[nodiscard]] WallTime time(const char* column) const;
  [[nodiscard]] std::optional<WallTime> optional_time(const char* column) const;
  [[nodiscard]] const soci::row& columns() const { return row_; }

 private:
  const soci::row& row_;
};

class Statement {
 public:
  Statement(Transaction& transaction, std::string_view sql)
      : transaction_(transaction), sql_(sql) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& text(std::string_view name, std::string_view value);
  /// NULL if it is empty.
  Statement& text_or_null(std::string_view name, std::string_view value);
  Statement& number(std::string_view name, std::int64_t value);
  Statement& null_number(std::string_view name);
  Statement& time(std::string_view name, WallTime value);
  Statement& time(std::string_view name, std::optional<WallTime> value);

  /// The number of rows that it changed.
  std::int64_t run();
  void each(const std::function<void(const Row&)>& visit);
  /// The first column of the first row.
  [[nodiscard]] std::optional<std::int64_t> one_number();

 private:
  struct Value {
    std::string name;
    bool is_text = false;
    std::string text;
    long long number = 0;
    soci::indicator indicator = soci::i_ok;
  };
  void bind(soci::statement& statement);

  Transaction& transaction_;
  std::string sql_;
  std::deque<Value> values_;  // never moved: SOCI points into it
};

/// All rows, each through `make`.
template <class Make>
[[nodiscard]] auto collect(Statement& statement, Make make) {
  std::vector<decltype(make(std::declval<const Row&>()))> out;
  statement.each([&](const Row& row) { out.push_back(make(row)); });
  return out;
}
/// The first row through `make`, or nullopt.
template <class Make>
[[nodiscard]] auto first(Statement& statement, Make make) {
  std::optional<decltype(make(std::declval<const Row&>()))> out;
  statement.each([&](const Row& row) {
    if (!out) out = make(row);
  });
  return out;
}

}  // namespace sluice::store

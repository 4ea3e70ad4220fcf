#include "store/statement.hpp"

#include "store/storable_text.hpp"

namespace sluice::store {

std::int64_t to_micros(WallTime time) {
  return std::chrono::floor<std::chrono::microseconds>(time).time_since_epoch().count();
}

WallTime from_micros(std::int64_t micros) { return WallTime(std::chrono::microseconds(micros)); }

std::string Row::text(const char* column) const {
  return row_.get_indicator(column) == soci::i_null ? std::string() : row_.get<std::string>(column);
}

std::int64_t Row::number(const char* column) const { return row_.get<long long>(column); }

WallTime Row::time(const char* column) const { return from_micros(number(column)); }

std::optional<WallTime> Row::optional_time(const char* column) const {
  if (row_.get_indicator(column) == soci::i_null) return std::nullopt;
  return time(column);
}

Statement& Statement::text(std::string_view name, std::string_view value) {
  values_.push_back({.name = std::string(name), .is_text = true, .text = storable_text(value)});
  return *this;
}

Statement& Statement::text_or_null(std::string_view name, std::string_view value) {
  text(name, value);
  if (value.empty()) values_.back().indicator = soci::i_null;
  return *this;
}

Statement& Statement::number(std::string_view name, std::int64_t value) {
  values_.push_back({.name = std::string(name), .text = {}, .number = value});
  return *this;
}

Statement& Statement::null_number(std::string_view name) {
  number(name, 0);
  values_.back().indicator = soci::i_null;
  return *this;
}

Statement& Statement::time(std::string_view name, WallTime value) {
  return number(name, to_micros(value));
}

Statement& Statement::time(std::string_view name, std::optional<WallTime> value) {
  return value ? time(name, *value) : null_number(name);
}

void Statement::bind(soci::statement& statement) {
  for (Value& value : values_) {
    if (value.is_text) {
      statement.exchange(soci::use(value.text, value.indicator, value.name));
    } else {
      statement.exchange(soci::use(value.number, value.indicator, value.name));
    }
  }
  statement.alloc();
  // One trip to the server: prepared statements of PostgreSQL would cost three.
  statement.prepare(sql_, soci::details::st_one_time_query);
  statement.define_and_bind();
}

std::int64_t Statement::run() {
  soci::statement statement(transaction_.session());
  bind(statement);
  statement.execute(true);
  return statement.get_affected_rows();
}

void Statement::each(const std::function<void(const Row&)>& visit) {
  soci::statement statement(transaction_.session());
  soci::row row;
  statement.exchange(soci::into(row));
  bind(statement);
  statement.execute();
  while (statement.fetch()) visit(Row(row));
}

std::optional<std::int64_t> Statement::one_number() {
  soci::statement statement(transaction_.session());
  long long number = 0;
  soci::indicator indicator = soci::i_null;
  statement.exchange(soci::into(number, indicator));
  bind(statement);
  if (!statement.execute(true) || indicator == soci::i_null) return std::nullopt;
  return number;
}

}  // namespace sluice::store

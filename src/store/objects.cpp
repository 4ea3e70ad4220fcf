#include "store/objects.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/log.hpp"
#include "store/account_rests.hpp"
#include "store/sealed_secrets.hpp"
#include "store/statement.hpp"

namespace sluice::store {

namespace {

constexpr std::string_view columns =
    "id, name, owner, version, document, created_at, updated_at, removed_at";

/// The only text that is ever put into SQL other than as a bound value.
std::string_view table_of(Kind kind) {
  switch (kind) {
    case Kind::account: return "accounts";
    case Kind::pool: return "pools";
    case Kind::key: return "keys";
    case Kind::user: return "users";
    case Kind::token: return "tokens";
  }
  return {};
}

std::string select(Kind kind, std::string_view rest) {
  return fmt::format("SELECT {} FROM {} {}", columns, table_of(kind), rest);
}

Object object_of(const Row& row) {
  return {.id = row.text("id"),
          .name = row.text("name"),
          .owner = row.text("owner"),
          .version = row.number("version"),
          .document = row.text("document"),
          .created = row.time("created_at"),
          .updated = row.time("updated_at"),
          .removed = row.optional_time("removed_at")};
}

std::unexpected<Error> missing(Kind kind, std::string_view which) {
  return fail(Errc::not_found, Side::client,
              fmt::format("there is no {} {}", to_string(kind), log::quoted(which)));
}

std::unexpected<Error> taken(Kind kind, std::string_view name) {
  return fail(
      Errc::already_exists, Side::client,
      fmt::format("there is already a {} with the name {}", to_string(kind), log::quoted(name)));
}

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::account: return "account";
    case Kind::pool: return "pool";
    case Kind::key: return "key";
    case Kind::user: return "user";
    case Kind::token: return "token";
  }
  return {};
}

Status Objects::insert(const Object& object) {
  Statement statement(transaction_,
                      fmt::format("INSERT INTO {} ({}) VALUES (:id, :name, :owner, :version, "
                                  ":document, :created, :updated, :removed) "
                                  "ON CONFLICT DO NOTHING",
                                  table_of(kind_), columns));
  statement.text("id", object.id)
      .text("name", object.name)
      .text_or_null("owner", object.owner)
      .number("version", object.version)
      .text("document", object.document)
      .time("created", object.created)
      .time("updated", object.updated)
      .time("removed", object.removed);
  return statement.run() == 1 ? Status() : taken(kind_, object.name);
}

Result<Object> Objects::find(std::string_view id) {
  Statement statement(transaction_, select(kind_, "WHERE id = :id"));
  auto found = first(statement.text("id", id), object_of);
  if (!found) return missing(kind_, id);
  return *std::move(found);
}

Result<Object> Objects::find_by_name(std::string_view name) {
  Statement statement(transaction_, select(kind_, "WHERE name = :name AND removed_at IS NULL"));
  auto found = first(statement.text("name", name), object_of);
  if (!found) return missing(kind_, name);
  return *std::move(found);
}

Result<std::int64_t> Objects::update(const Object& object) {
  TRY(const Object before, find(object.id));
  if (before.version != object.version) {
    return fail(Errc::version_conflict, Side::client,
                fmt::format("the {} {} is at version {} by now, not {}", to_string(kind_),
                            log::quoted(before.name), before.version, object.version));
  }
  if (!object.removed) {
    // Asked for beforehand: an error of PostgreSQL would end the transaction. Nobody else writes meanwhile.
    const auto other = find_by_name(object.name);
    if (other && other->id != before.id) return taken(kind_, object.name);
  }
  const std::int64_t version = object.version + 1;
  Statement statement(
      transaction_,
      fmt::format(
          "UPDATE {} SET name = :name, owner = :owner, version = :version, document = :document, "
          "updated_at = :updated, removed_at = :removed WHERE id = :id",
          table_of(kind_)));
  statement.text("name", object.name)
      .text_or_null("owner", object.owner)
      .number("version", version)
      .text("document", object.document)
      .time("updated", object.updated)
      .time("removed", object.removed)
      .text("id", object.id)
      .run();
  return version;
}

Status Objects::erase(std::string_view id) {
  SealedSecrets(transaction_).drop_all(id);
  if (kind_ == Kind::account) AccountRests(transaction_).drop_all(id);
  const std::int64_t gone =
      Statement(transaction_, fmt::format("DELETE FROM {} WHERE id = :id", table_of(kind_)))
          .text("id", id)
          .run();
  return gone == 1 ? Status() : missing(kind_, id);
}

std::vector<Object> Objects::page(const PageRequest& request) {
  std::string where = "WHERE id > :after";
  if (!request.with_removed) where += " AND removed_at IS NULL";
  if (!request.owner.empty()) where += " AND owner = :owner";
  // Both engines can search without wildcards, but call it by different names; replacing they both can.
  if (!request.text.empty()) where += " AND replace(lower(name), :text, '') <> lower(name)";
  Statement statement(transaction_, select(kind_, where + " ORDER BY id LIMIT :limit"));
  statement.text("after", request.after);
  if (!request.owner.empty()) statement.text("owner", request.owner);
  if (!request.text.empty()) statement.text("text", ascii::to_lower(request.text));
  statement.number("limit",
                   static_cast<std::int64_t>(std::clamp<std::size_t>(request.limit, 1, 1000)));
  return collect(statement, object_of);
}

std::vector<Object> Objects::all() {
  Statement statement(transaction_, select(kind_, "WHERE removed_at IS NULL ORDER BY id"));
  return collect(statement, object_of);
}

std::int64_t Objects::count() {
  return Statement(transaction_,
                   fmt::format("SELECT count(*) FROM {} WHERE removed_at IS NULL", table_of(kind_)))
      .one_number()
      .value_or(0);
}

}  // namespace sluice::store

#include "store/hashed_secrets.hpp"

#include <fmt/format.h>

#include "store/statement.hpp"

namespace sluice::store {

namespace {

std::string_view table_of(Kind kind) { return kind == Kind::key ? "key_secrets" : "token_secrets"; }

std::string hex(const Sha256& hash) {
  return to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

HashedSecret secret_of(const Row& row) {
  HashedSecret secret{.owner = row.text("owner"),
                      .hint = row.text("hint"),
                      .created = row.time("created_at"),
                      .valid_until = row.optional_time("valid_until")};
  (void)from_hex(row.text("hash"), secret.hash);
  return secret;
}

std::string select(Kind kind, std::string_view rest) {
  return fmt::format("SELECT hash, owner, hint, created_at, valid_until FROM {} {}", table_of(kind),
                     rest);
}

}  // namespace

Status HashedSecrets::insert(const HashedSecret& secret) {
  Statement statement(
      transaction_,
      fmt::format(
          "INSERT INTO {} (hash, owner, hint, created_at, valid_until) VALUES (:hash, :owner, "
          ":hint, :created, :until) ON CONFLICT DO NOTHING",
          table_of(kind_)));
  statement.text("hash", hex(secret.hash))
      .text("owner", secret.owner)
      .text("hint", secret.hint)
      .time("created", secret.created)
      .time("until", secret.valid_until);
  if (statement.run() == 1) return {};
  return fail(Errc::already_exists, Side::client,
              fmt::format("this secret of a {} is known already", to_string(kind_)));
}

void HashedSecrets::end(std::string_view owner, WallTime valid_until) {
  Statement(
      transaction_,
      fmt::format("UPDATE {} SET valid_until = :until WHERE owner = :owner AND valid_until IS NULL",
                  table_of(kind_)))
      .time("until", valid_until)
      .text("owner", owner)
      .run();
}

void HashedSecrets::drop(std::string_view owner, std::optional<WallTime> now) {
  Statement statement(transaction_,
                      fmt::format("DELETE FROM {} WHERE owner = :owner{}", table_of(kind_),
                                  now ? " AND valid_until <= :now" : ""));
  statement.text("owner", owner);
  if (now) statement.time("now", *now);
  statement.run();
}

std::vector<HashedSecret> HashedSecrets::of(std::string_view owner) {
  Statement statement(transaction_,
                      select(kind_, "WHERE owner = :owner ORDER BY created_at, hash"));
  return collect(statement.text("owner", owner), secret_of);
}

std::vector<HashedSecret> HashedSecrets::all() {
  Statement statement(transaction_, select(kind_, "ORDER BY owner, created_at, hash"));
  return collect(statement, secret_of);
}

std::optional<HashedSecret> HashedSecrets::find(const Sha256& hash) {
  Statement statement(transaction_, select(kind_, "WHERE hash = :hash"));
  return first(statement.text("hash", hex(hash)), secret_of);
}

}  // namespace sluice::store

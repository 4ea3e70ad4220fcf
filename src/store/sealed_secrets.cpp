#include "store/sealed_secrets.hpp"

#include <charconv>

#include "base/secret.hpp"
#include "store/statement.hpp"

namespace sluice::store {

namespace {

constexpr std::string_view all_columns =
    "SELECT owner, name, sealed, hint, updated_at, expires_at FROM sealed_secrets ";

std::string bytes_of(const std::string& hex) {
  std::string bytes(hex.size() / 2, '\0');
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    unsigned value = 0;
    std::from_chars(hex.data() + 2 * at, hex.data() + 2 * at + 2, value, 16);
    bytes[at] = static_cast<char>(value);
  }
  return bytes;
}

SealedSecret secret_of(const Row& row) {
  return {.owner = row.text("owner"),
          .name = row.text("name"),
          .sealed = bytes_of(row.text("sealed")),
          .hint = row.text("hint"),
          .updated = row.time("updated_at"),
          .expires = row.optional_time("expires_at")};
}

std::string select(std::string_view rest) { return std::string(all_columns).append(rest); }

}  // namespace

void SealedSecrets::put(const SealedSecret& secret) {
  Statement(transaction_,
            "INSERT INTO sealed_secrets (owner, name, sealed, hint, updated_at, expires_at) "
            "VALUES (:owner, :name, :sealed, :hint, :updated, :expires) ON CONFLICT (owner, name) "
            "DO UPDATE SET "
            "sealed = excluded.sealed, hint = excluded.hint, updated_at = excluded.updated_at, "
            "expires_at = excluded.expires_at")
      .text("owner", secret.owner)
      .text("name", secret.name)
      .text("sealed", to_hex(secret.sealed))
      .text("hint", secret.hint)
      .time("updated", secret.updated)
      .time("expires", secret.expires)
      .run();
}

std::optional<SealedSecret> SealedSecrets::find(std::string_view owner, std::string_view name) {
  Statement statement(transaction_, select("WHERE owner = :owner AND name = :name"));
  return first(statement.text("owner", owner).text("name", name), secret_of);
}

std::vector<SealedSecret> SealedSecrets::of(std::string_view owner) {
  Statement statement(transaction_, select("WHERE owner = :owner ORDER BY name"));
  return collect(statement.text("owner", owner), secret_of);
}

std::vector<SealedSecret> SealedSecrets::all() {
  Statement statement(transaction_, select("ORDER BY owner, name"));
  return collect(statement, secret_of);
}

void SealedSecrets::drop(std::string_view owner, std::string_view name) {
  Statement(transaction_, "DELETE FROM sealed_secrets WHERE owner = :owner AND name = :name")
      .text("owner", owner)
      .text("name", name)
      .run();
}

void SealedSecrets::drop_all(std::string_view owner) {
  Statement(transaction_, "DELETE FROM sealed_secrets WHERE owner = :owner")
      .text("owner", owner)
      .run();
}

}  // namespace sluice::store

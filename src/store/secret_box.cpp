#include "store/secret_box.hpp"

#include "base/master_key.hpp"
#include "store/properties.hpp"

namespace sluice::store {
namespace {

/// The key that everything in the store is sealed under, as far as the last rotation knew: see base/master_key.hpp.
constexpr std::string_view master_key_property = "master_key";

}  // namespace

Result<std::unique_ptr<SecretBox>> SecretBox::open(Database& database,
                                                   std::string master_key_file) {
  TRY(const bool holds_secrets, database.read<bool>([](Transaction& transaction) -> Result<bool> {
    return !SealedSecrets(transaction).all().empty();
  }));
  TRY(auto keyring, holds_secrets ? load_master_key(master_key_file)
                                  : load_or_create_master_key(master_key_file));
  return std::unique_ptr<SecretBox>(new SecretBox(std::move(master_key_file), std::move(keyring)));
}

Keyring SecretBox::keyring() const {
  const std::lock_guard lock(mutex_);
  return keyring_;
}

void SecretBox::use(Keyring keyring) {
  const std::lock_guard lock(mutex_);
  keyring_ = std::move(keyring);
}

Result<Keyring> SecretBox::keyring_that(const std::function<bool(const Keyring&)>& suffices) {
  Keyring known = keyring();
  if (suffices(known)) return known;
  TRY(known, load_master_key(file_));
  use(known);
  return known;
}

Status SecretBox::put(Transaction& transaction, std::string_view owner, std::string_view name,
                      const Secret& secret, WallTime now, std::optional<WallTime> expires) {
  const auto current = Properties(transaction).find(master_key_property);
  const auto is_up_to_date = [&](const Keyring& known) {
    return !current || known.knows_id(*current);
  };
  TRY(const Keyring keyring, keyring_that(is_up_to_date));
  if (!is_up_to_date(keyring)) {
    return fail(Errc::invalid_config, Side::gateway,
                "the store is sealed under master key " + *current + ", which is not in " + file_ +
                    ": bring the file from where `sluice secrets rotate` ran");
  }
  SealedSecrets(transaction)
      .put({.owner = std::string(owner),
            .name = std::string(name),
            .sealed = keyring.seal(secret.reveal(), seal_context(owner, name)),
            .hint = secret.hint(),
            .updated = now,
            .expires = expires});
  return {};
}

Result<std::optional<OpenedSecret>> SecretBox::find(Transaction& transaction,
                                                    std::string_view owner, std::string_view name) {
  const auto sealed = SealedSecrets(transaction).find(owner, name);
  if (!sealed) return std::optional<OpenedSecret>();
  TRY(auto opened, open(*sealed));
  return std::optional<OpenedSecret>(std::move(opened));
}

Result<OpenedSecret> SecretBox::open(const SealedSecret& sealed) {
  TRY(const Keyring keyring,
      keyring_that([&](const Keyring& known) { return known.knows(sealed.sealed); }));
  TRY(Secret secret, keyring.open(sealed.sealed, seal_context(sealed.owner, sealed.name)));
  return OpenedSecret{.owner = sealed.owner,
                      .name = sealed.name,
                      .secret = std::move(secret),
                      .hint = sealed.hint,
                      .expires = sealed.expires};
}

Result<std::int64_t> SecretBox::rotate(Database& database) {
  TRY(const Keyring fresh, add_master_key(file_));
  use(fresh);
  const auto reseal = [&fresh](Transaction& transaction) -> Result<std::int64_t> {
    SealedSecrets table(transaction);
    std::int64_t count = 0;
    for (SealedSecret& sealed : table.all()) {
      if (!fresh.needs_reseal(sealed.sealed)) continue;
      const std::string context = seal_context(sealed.owner, sealed.name);
      TRY(const Secret secret, fresh.open(sealed.sealed, context));
      sealed.sealed = fresh.seal(secret.reveal(), context);
      table.put(sealed);
      ++count;
    }
    Properties(transaction).put(master_key_property, fresh.current().id_text());
    return count;
  };
  TRY(const std::int64_t count, database.write<std::int64_t>(reseal));
  TRY(auto left, drop_old_master_keys(file_, fresh.current()));
  use(std::move(left));
  return count;
}

}  // namespace sluice::store

#include "admin/entities.hpp"

#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>

#include "admin/account_document.hpp"
#include "admin/account_secrets.hpp"
#include "admin/key_document.hpp"
#include "admin/key_suffixes.hpp"
#include "admin/user_document.hpp"
#include "store/activity.hpp"
#include "store/hashed_secrets.hpp"
#include "store/watcher.hpp"

namespace sluice::admin {
namespace {

using store::Kind;
using store::Objects;
using store::Transaction;

template <class T>
using ByOwner = std::unordered_map<std::string, std::vector<T>>;

template <class T>
ByOwner<T> by_owner(std::vector<T> all) {
  ByOwner<T> out;
  for (T& one : all) out[one.owner].push_back(std::move(one));
  return out;
}

void load_accounts(Transaction& transaction, store::SecretBox& secrets, Entities& out) {
  auto sealed = by_owner(store::SealedSecrets(transaction).all());
  for (const store::Object& object : Objects(transaction, Kind::account).all()) {
    auto account = read_account(object);
    if (!account) {
      out.faults.push_back(std::move(account.error().context));
      continue;
    }
    // One that is switched off may be waiting for its secrets, and isn't used anyway.
    const Status placed = place_secrets(*account, sealed[object.id], secrets);
    if (!placed && !account->disabled) {
      out.faults.push_back(placed.error().context);
      continue;
    }
    out.accounts.push_back(*std::move(account));
  }
}

/// Users whose keys are served.
std::unordered_set<std::string> active_users(Transaction& transaction, Entities& out) {
  std::unordered_set<std::string> active;
  for (const store::Object& object : Objects(transaction, Kind::user).all()) {
    const auto user = read_user(object);
    if (!user) {
      out.faults.push_back(user.error().context);
    } else if (!user->disabled) {
      active.insert(object.id);
    }
  }
  return active;
}

void set_hashes(identity::Key& key, const std::vector<store::HashedSecret>& secrets) {
  for (const store::HashedSecret& secret : secrets) {
    if (secret.valid_until) {
      key.previous.push_back({.hash = secret.hash, .valid_until = *secret.valid_until});
    } else {
      key.hash = secret.hash;
    }
  }
}

std::unordered_map<std::string, WallTime> first_uses(Transaction& transaction) {
  std::unordered_map<std::string, WallTime> out;
  for (const store::KeyActivity& activity : store::Activity(transaction).keys()) {
    if (activity.first_used) out.emplace(activity.key, *activity.first_used);
  }
  return out;
}

void load_keys(Transaction& transaction, Entities& out) {
  const auto users = active_users(transaction, out);
  const auto used = first_uses(transaction);
  auto secrets = by_owner(store::HashedSecrets(transaction, Kind::key).all());
  for (const store::Object& object : Objects(transaction, Kind::key).all()) {
    if (!object.owner.empty() && !users.contains(object.owner)) continue;
    auto key = read_key(object);
    if (!key) {
      out.faults.push_back(std::move(key.error().context));
      continue;
    }
    set_hashes(*key, secrets[object.id]);
    if (const auto first = used.find(object.id); first != used.end()) {
      key->expiry.first_used = first->second;
    }
    if (key->hash == Sha256{}) {
      out.faults.push_back(
          fmt::format("key \"{}\" ({}) has no secret; rotate it", object.name, object.id));
      continue;
    }
    out.keys.push_back(*std::move(key));
  }
}

void load_suffixes(Transaction& transaction, store::SecretBox& secrets, Entities& out) {
  auto suffixes = load_key_suffixes(transaction, secrets);
  if (suffixes) {
    out.key_suffixes = *std::move(suffixes);
  } else {
    out.faults.push_back("keys of another relay: " + suffixes.error().context);
  }
}

}  // namespace

Result<Entities> load_entities(store::Database& database, store::SecretBox& secrets) {
  return database.read<Entities>([&](Transaction& transaction) -> Result<Entities> {
    Entities out;
    out.revision = store::revision(transaction);
    load_accounts(transaction, secrets, out);
    out.rests = store::AccountRests(transaction).all();
    out.lifts = store::AccountRests(transaction).lifts();
    load_keys(transaction, out);
    load_suffixes(transaction, secrets, out);
    return out;
  });
}

}  // namespace sluice::admin

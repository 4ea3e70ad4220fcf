// The first start: a link that makes the first user, once.

#include <charconv>

#include "admin/document.hpp"
#include "admin/sign_in.hpp"
#include "admin/sign_in_person.hpp"
#include "admin/sign_in_tokens.hpp"
#include "admin/user_document.hpp"
#include "base/log.hpp"
#include "base/names.hpp"
#include "base/random.hpp"
#include "base/ulid.hpp"
#include "identity/password.hpp"
#include "store/properties.hpp"

namespace sluice::admin {
namespace {

using store::Transaction;

constexpr std::string_view property = "setup_link";  // "HASH EXPIRES": hex, seconds since 1970
constexpr std::chrono::hours link_life{1};

std::string property_text(const Secret& token, WallTime expires) {
  const Sha256 hash = sha256(token.reveal());
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(expires.time_since_epoch()).count();
  return to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()}) + ' ' +
         std::to_string(seconds);
}

bool is_the_link(std::string_view stored, std::string_view token, WallTime now) {
  const auto blank = stored.find(' ');
  if (blank == std::string_view::npos) return false;
  std::int64_t seconds = 0;
  const std::string_view digits = stored.substr(blank + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  const Sha256 hash = sha256(token);
  return equal_constant_time(stored.substr(0, blank),
                             to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()})) &&
         now < WallTime(std::chrono::seconds(seconds));
}

Outcome<void> check_link(Transaction& transaction, std::string_view token, WallTime now) {
  const auto stored = store::Properties(transaction).find(property);
  if (!stored || !is_the_link(*stored, token, now) ||
      store::Objects(transaction, store::Kind::user).count() > 0) {
    return refuse(Errc::not_allowed,
                  "this set-up link is used, expired or not the newest; start sluice again for a "
                  "new one, or use `sluice user add`");
  }
  return {};
}

Result<Person> add_admin(Transaction& transaction, store::SecretBox& secrets, std::string_view name,
                         const std::string& password_hash, WallTime now) {
  SeededRandom random = SeededRandom::from_system();
  User user;
  user.id = std::string(Ulid::make(now, random).str());
  user.name = std::string(name);
  user.role = identity::Role::admin;
  const store::Object object{.id = user.id,
                             .name = user.name,
                             .owner = {},
                             .document = serialized(user_document(user)),
                             .created = now,
                             .updated = now,
                             .removed = {}};
  CHECK_OK(store::Objects(transaction, store::Kind::user).insert(object));
  CHECK_OK(secrets.put(transaction, user.id, password_secret, Secret(password_hash), now));
  transaction.touch();
  return Person{.id = user.id, .name = user.name, .role = user.role};
}

Outcome<void> check_new_user(std::string_view name, const Secret& password) {
  if (!is_name(name)) {
    return refuse_field("user", "must be 1 to " + std::to_string(name_bytes_max) +
                                    " printable characters without quotes");
  }
  if (const Status good = identity::check_password(password, name); !good) {
    return refuse_field("password", good.error().context);
  }
  return {};
}

}  // namespace

Result<bool> SignIn::has_users() {
  return database_.read<bool>([](Transaction& transaction) -> Result<bool> {
    return store::Objects(transaction, store::Kind::user).count() > 0;
  });
}

Result<Secret> SignIn::make_setup_token() {
  Secret token = make_one_time_token();
  const std::string text = property_text(token, clock_.wall_now() + link_life);
  TRY(const bool done, database_.write<bool>([&](Transaction& transaction) -> Result<bool> {
    store::Properties(transaction).put(property, text);
    return true;
  }));
  (void)done;
  return token;
}

Outcome<SignedIn> SignIn::set_up(std::string_view token, std::string_view user,
                                 const Secret& password, const Visitor& visitor) {
  if (!visitor.tls && !visitor.loopback) {
    return refuse(Errc::not_allowed,
                  "the set-up link works over TLS, or from this machine without a proxy");
  }
  // Asked before the slow hash, so that strangers can't have us make one, and again where it counts.
  TRY(const auto known,
      database_.read<Outcome<void>>([&](Transaction& transaction) -> Result<Outcome<void>> {
        return check_link(transaction, token, clock_.wall_now());
      }));
  if (!known) return std::unexpected(known.error());
  CHECK_OK(check_new_user(user, password));
  TRY(const std::string hash, identity::hash_password(password));

  const auto create = [&](Transaction& transaction) -> Result<Outcome<SignedIn>> {
    const WallTime now = clock_.wall_now();
    if (auto still = check_link(transaction, token, now); !still) {
      return Outcome<SignedIn>(std::unexpected(still.error()));
    }
    TRY(const Person person, add_admin(transaction, secrets_, user, hash, now));
    store::Properties(transaction).drop(property);
    const Actor actor = actor_of(person, visitor);
    note_of_user(transaction, actor, "set_up", now);
    return begin_session(transaction, actor, visitor);
  };
  TRY(auto outcome, database_.write<Outcome<SignedIn>>(create));
  if (outcome) log::info("setup.done user={}", outcome->actor.user);
  return outcome;
}

Outcome<bool> SignIn::make_first_user(std::string_view user, const Secret& password) {
  CHECK_OK(check_new_user(user, password));
  TRY(const std::string hash, identity::hash_password(password));
  TRY(const bool made, database_.write<bool>([&](Transaction& transaction) -> Result<bool> {
    if (store::Objects(transaction, store::Kind::user).count() > 0) return false;
    const WallTime now = clock_.wall_now();
    TRY(const Person person, add_admin(transaction, secrets_, user, hash, now));
    store::Properties(transaction).drop(property);
    Actor system = actor_of(person, {.peer = {}, .user_agent = {}});
    system.id = "system";
    system.name = "system";
    note_of_user(transaction, system, "set_up", now);
    return true;
  }));
  return made;
}

}  // namespace sluice::admin

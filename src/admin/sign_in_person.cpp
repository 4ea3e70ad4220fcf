#include "admin/sign_in_person.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "admin/user_document.hpp"
#include "base/random.hpp"
#include "base/ulid.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

std::optional<json::object> object_of(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::unexpected<Error> unreadable(std::string_view user) {
  return fail(Errc::internal, Side::gateway,
              "the second factor of user " + std::string(user) + " can't be read");
}

Result<Factor> read_factor(const Secret& text, std::string_view user) {
  const auto object = object_of(text.reveal());
  if (!object) return unreadable(user);
  const json::value* seed = object->if_contains("seed");
  const json::value* step = object->if_contains("last_step");
  const json::value* recovery = object->if_contains("recovery");
  if (seed == nullptr || !seed->is_string() || step == nullptr || !step->is_int64() ||
      recovery == nullptr || !recovery->is_array()) {
    return unreadable(user);
  }
  Factor factor{.seed = Secret(std::string(seed->get_string())),
                .last_step = step->get_int64(),
                .recovery = {}};
  for (const json::value& hash : recovery->get_array()) {
    Sha256 digest{};
    if (!hash.is_string() || !from_hex(hash.get_string(), digest)) return unreadable(user);
    factor.recovery.push_back(digest);
  }
  return factor;
}

}  // namespace

std::optional<Person> person_of(const store::Object& object) {
  if (object.removed) return std::nullopt;
  const auto user = read_user(object);
  if (!user || user->disabled) return std::nullopt;
  return Person{.id = user->id, .name = user->name, .role = user->role};
}

std::optional<Person> find_person(store::Transaction& transaction, std::string_view id) {
  const auto user = store::Objects(transaction, store::Kind::user).find(id);
  return user ? person_of(*user) : std::nullopt;
}

std::optional<Person> find_person_by_name(store::Transaction& transaction, std::string_view name) {
  const auto user = store::Objects(transaction, store::Kind::user).find_by_name(name);
  return user ? person_of(*user) : std::nullopt;
}

Result<std::optional<Factor>> find_factor(store::Transaction& transaction,
                                          store::SecretBox& secrets, std::string_view user) {
  TRY(const auto opened, secrets.find(transaction, user, factor_secret));
  if (!opened) return std::optional<Factor>();
  TRY(Factor factor, read_factor(opened->secret, user));
  return std::optional(std::move(factor));
}

Status put_factor(store::Transaction& transaction, store::SecretBox& secrets, std::string_view user,
                  const Factor& factor, WallTime now) {
  json::array recovery;
  for (const Sha256& hash : factor.recovery) {
    recovery.emplace_back(to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()}));
  }
  const Secret text(json::serialize(json::object{{"seed", factor.seed.reveal()},
                                                 {"last_step", factor.last_step},
                                                 {"recovery", std::move(recovery)}}));
  return secrets.put(transaction, user, factor_secret, text, now);
}

Actor actor_of(const Person& person, const Visitor& visitor) {
  return {.id = "user:" + person.id,
          .name = person.name,
          .user = person.id,
          .peer = visitor.peer,
          .role = person.role,
          .scopes = identity::Scopes::all()};
}

void note_of_user(store::Transaction& transaction, const Actor& actor, std::string_view action,
                  WallTime now, std::string after) {
  SeededRandom random = SeededRandom::from_system();
  store::Audit(transaction)
      .write({.id = std::string(Ulid::make(now, random).str()),
              .at = now,
              .actor = actor.id,
              .actor_name = actor.name,
              .peer = actor.peer,
              .action = std::string(action),
              .kind = "user",
              .object = actor.user,
              .object_name = actor.name,
              .before = {},
              .after = std::move(after)});
}

}  // namespace sluice::admin

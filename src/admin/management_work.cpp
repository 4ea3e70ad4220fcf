#include "admin/management_work.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include "admin/declared.hpp"
#include "base/log.hpp"
#include "base/ulid.hpp"
#include "store/audit.hpp"

namespace sluice::admin {
namespace {

using identity::Reach;
using store::Object;

std::unexpected<Refusal> not_found(Kind kind, std::string_view which) {
  return refuse(Errc::not_found,
                fmt::format("there is no {} {}", to_string(kind), log::quoted(which)));
}

std::string text_of(const View& view) {
  return view.empty() ? std::string() : boost::json::serialize(view);
}

}  // namespace

Outcome<Object> find_object(const Desk& desk, Kind kind, std::string_view which, Reach reach) {
  auto object = desk.objects(kind).find(which);
  if (!object) object = desk.objects(kind).find_by_name(which);
  if (!object) {
    if (object.error().code == Errc::not_found) return not_found(kind, which);
    return std::unexpected(Refusal(object.error()));
  }
  // What isn't his, he isn't told of.
  const bool own = !desk.actor.user.empty() && object->owner == desk.actor.user;
  if (reach == Reach::own && !own) return not_found(kind, which);
  return *std::move(object);
}

Outcome<Object> find_to_change(const Desk& desk, Kind kind, std::string_view which, Reach reach,
                               std::optional<std::int64_t> version) {
  if (reach == Reach::everything) CHECK_OK(refuse_declared(desk.declared, kind, which, {}));
  TRY(Object object, find_object(desk, kind, which, reach));
  if (object.removed) {
    return refuse(Errc::not_found, fmt::format("the {} {} is removed; restore it first",
                                               to_string(kind), log::quoted(object.name)));
  }
  if (version && *version != object.version) {
    return refuse(Errc::version_conflict,
                  fmt::format("the {} {} is at version {} by now, not {}", to_string(kind),
                              log::quoted(object.name), object.version, *version));
  }
  return object;
}

Outcome<void> write_change(const Desk& desk, Kind kind, Subject& subject, const Object& before,
                           Object& after) {
  after.updated = desk.now;
  auto version = desk.objects(kind).update(after);
  if (!version) {
    Refusal refusal(version.error());
    if (refusal.code == Errc::already_exists) refusal.field = "name";
    return std::unexpected(std::move(refusal));
  }
  after.version = *version;
  CHECK_OK(subject.settle(desk, &before, after));
  desk.transaction.touch();
  return {};
}

void write_audit(const Desk& desk, Kind kind, std::string_view action, const Object& object,
                 const View& before, const View& after) {
  SeededRandom random = SeededRandom::from_system();
  store::Audit(desk.transaction)
      .write({.id = std::string(Ulid::make(desk.now, random).str()),
              .at = desk.now,
              .actor = desk.actor.id,
              .actor_name = desk.actor.name,
              .peer = desk.actor.peer,
              .action = std::string(action),
              .kind = std::string(to_string(kind)),
              .object = object.id,
              .object_name = object.name,
              .before = text_of(before),
              .after = text_of(after)});
}

}  // namespace sluice::admin

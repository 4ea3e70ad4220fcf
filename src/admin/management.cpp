#include "admin/management.hpp"

#include <fmt/format.h>

#include "admin/declared.hpp"
#include "admin/management_work.hpp"
#include "base/log.hpp"
#include "base/ulid.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using identity::Action;
using identity::Reach;
using store::Object;
using store::Transaction;

Object new_object(WallTime now) {
  SeededRandom random = SeededRandom::from_system();
  Object object;
  object.id = Ulid::make(now, random).str();
  object.created = object.updated = now;
  return object;
}

bool is_same(const Object& a, const Object& b) {
  return a.name == b.name && a.owner == b.owner && a.document == b.document;
}

}  // namespace

std::unique_ptr<Subject> make_subject(Kind kind) {
  switch (kind) {
    case Kind::account: return make_account_subject();
    case Kind::pool: return make_pool_subject();
    case Kind::key: return make_key_subject();
    case Kind::user: return make_user_subject();
    case Kind::token: return make_token_subject();
  }
  return make_pool_subject();
}

Management::Management(store::Database& database, store::SecretBox& secrets, const Clock& clock)
    : database_(database), secrets_(secrets), clock_(clock) {}

void Management::use(std::shared_ptr<const Declared> declared) {
  const std::lock_guard lock(mutex_);
  declared_ = std::move(declared);
}

std::shared_ptr<const Declared> Management::declared() const {
  const std::lock_guard lock(mutex_);
  return declared_;
}

Outcome<View> Management::create(const Actor& actor, Kind kind, const json::object& fields) {
  CHECK_OK(may(actor, kind, Action::create));
  const auto subject = make_subject(kind);
  json::object given = fields;
  CHECK_OK(subject->prepare(given, IsNew::yes));
  const auto declared = this->declared();
  const auto work = [&](Transaction& transaction) -> Outcome<View> {
    const Desk desk{transaction, secrets_, *declared, actor, clock_.wall_now()};
    Object object = new_object(desk.now);
    CHECK_OK(subject->apply(desk, given, object, IsNew::yes));
    CHECK_OK(refuse_declared(*declared, kind, object.name, "name"));
    if (const auto inserted = desk.objects(kind).insert(object); !inserted) {
      return std::unexpected(Refusal(inserted.error().code, "name", inserted.error().context));
    }
    CHECK_OK(subject->settle(desk, nullptr, object));
    transaction.touch();
    TRY(View view, view_of(desk, *subject, object));
    write_audit(desk, kind, "create", object, {}, view);
    subject->show_now(desk, view);
    return view;
  };
  TRY(View view, in_transaction<View>(database_, Access::write, work));
  subject->show_once(view);
  return view;
}

Outcome<View> Management::update(const Actor& actor, Kind kind, std::string_view which,
                                 std::optional<std::int64_t> version, const json::object& fields) {
  TRY(const Reach reach, may(actor, kind, Action::update));
  const auto subject = make_subject(kind);
  json::object given = fields;
  CHECK_OK(subject->prepare(given, IsNew::no));
  const auto declared = this->declared();
  const auto work = [&](Transaction& transaction) -> Outcome<View> {
    const Desk desk{transaction, secrets_, *declared, actor, clock_.wall_now()};
    TRY(const Object before, find_to_change(desk, kind, which, reach, version));
    TRY(View view_before, view_of(desk, *subject, before));
    Object after = before;
    CHECK_OK(subject->apply(desk, given, after, IsNew::no));
    if (is_same(before, after) && !subject->has_more()) {
      subject->show_now(desk, view_before);
      return view_before;
    }
    if (after.name != before.name) {
      CHECK_OK(refuse_declared(*declared, kind, after.name, "name"));
    }
    CHECK_OK(write_change(desk, kind, *subject, before, after));
    TRY(View view, view_of(desk, *subject, after));
    write_audit(desk, kind, "update", after, view_before, view);
    subject->show_now(desk, view);
    return view;
  };
  return in_transaction<View>(database_, Access::write, work);
}

Outcome<View> Management::remove(const Actor& actor, Kind kind, std::string_view which,
                                 std::optional<std::int64_t> version) {
  TRY(const Reach reach, may(actor, kind, Action::remove));
  const auto subject = make_subject(kind);
  const auto declared = this->declared();
  const auto work = [&](Transaction& transaction) -> Outcome<View> {
    const Desk desk{transaction, secrets_, *declared, actor, clock_.wall_now()};
    TRY(const Object before, find_to_change(desk, kind, which, reach, version));
    TRY(const View view_before, view_of(desk, *subject, before));
    Object after = before;
    after.removed = desk.now;
    CHECK_OK(write_change(desk, kind, *subject, before, after));
    TRY(View view, view_of(desk, *subject, after));
    write_audit(desk, kind, "remove", after, view_before, view);
    subject->show_now(desk, view);
    return view;
  };
  return in_transaction<View>(database_, Access::write, work);
}

Outcome<View> Management::restore(const Actor& actor, Kind kind, std::string_view id,
                                  std::optional<std::int64_t> version) {
  TRY(const Reach reach, may(actor, kind, Action::restore));
  const auto subject = make_subject(kind);
  const auto declared = this->declared();
  const auto work = [&](Transaction& transaction) -> Outcome<View> {
    const Desk desk{transaction, secrets_, *declared, actor, clock_.wall_now()};
    TRY(const Object before, find_object(desk, kind, id, reach));
    if (!before.removed) {
      return refuse(Errc::invalid_request, fmt::format("the {} {} isn't removed", to_string(kind),
                                                       log::quoted(before.name)));
    }
    CHECK_OK(refuse_declared(*declared, kind, before.name, "name"));
    TRY(const View view_before, view_of(desk, *subject, before));
    Object after = before;
    if (version) after.version = *version;
    after.removed.reset();
    CHECK_OK(write_change(desk, kind, *subject, before, after));
    TRY(View view, view_of(desk, *subject, after));
    write_audit(desk, kind, "restore", after, view_before, view);
    subject->show_now(desk, view);
    return view;
  };
  return in_transaction<View>(database_, Access::write, work);
}

}  // namespace sluice::admin

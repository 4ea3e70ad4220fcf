// Management: what is there.

#include <fmt/format.h>

#include "admin/declared.hpp"
#include "admin/management_work.hpp"
#include "admin/pool_use.hpp"
#include "base/ascii.hpp"

namespace sluice::admin {
namespace {

using identity::Action;
using identity::Reach;
using store::Object;
using store::Transaction;

constexpr std::size_t page_max = 1000;

/// The pools that are named in accounts and keys, and not described.
std::vector<View> implicit_pools(const Desk& desk, std::string_view text) {
  auto use = pool_use(desk);
  for (const Object& pool : desk.objects(Kind::pool).all()) use.erase(pool.name);
  std::vector<View> out;
  for (const auto& [name, count] : use) {
    if (ascii::to_lower(name).find(ascii::to_lower(text)) == std::string::npos) continue;
    out.push_back(implicit_pool_view(name, count));
  }
  return out;
}

std::optional<View> find_implicit_pool(const Desk& desk, std::string_view which) {
  constexpr std::string_view prefix = "implicit:";
  if (which.starts_with(prefix)) which.remove_prefix(prefix.size());
  const auto use = pool_use(desk);
  const auto found = use.find(std::string(which));
  if (found == use.end()) return {};
  return implicit_pool_view(found->first, found->second);
}

/// One object that can't be read, such as one of a newer version, must not hide the others.
View view_or_fault(const Desk& desk, Subject& subject, const Object& object) {
  auto view = view_of(desk, subject, object);
  if (view) {
    subject.show_now(desk, *view);
    return *std::move(view);
  }
  return {{"id", object.id},
          {"name", object.name},
          {"version", object.version},
          {"declared", false},
          {"fault", view.error().message}};
}

}  // namespace

Outcome<View> Management::get(const Actor& actor, Kind kind, std::string_view which) {
  TRY(const Reach reach, may(actor, kind, Action::read));
  const auto subject = make_subject(kind);
  const auto declared = this->declared();
  const auto work = [&](Transaction& transaction) -> Outcome<View> {
    const Desk desk{transaction, secrets_, *declared, actor, clock_.wall_now()};
    if (reach == Reach::everything) {
      if (auto view = find_declared(desk, kind, which)) return *std::move(view);
    }
    const auto object = find_object(desk, kind, which, reach);
    if (object) {
      TRY(View view, view_of(desk, *subject, *object));
      subject->show_now(desk, view);
      return view;
    }
    if (kind == Kind::pool && object.error().code == Errc::not_found) {
      if (auto view = find_implicit_pool(desk, which)) return *std::move(view);
    }
    return std::unexpected(object.error());
  };
  return in_transaction<View>(database_, Access::read, work);
}

Outcome<Page> Management::list(const Actor& actor, Kind kind, const ListQuery& query) {
  TRY(const Reach reach, may(actor, kind, Action::read));
  if (query.limit < 1 || query.limit > page_max) {
    return refuse_field("limit", fmt::format("must be a whole number from 1 to {}", page_max));
  }
  const auto subject = make_subject(kind);
  const auto declared = this->declared();
  const auto work = [&](Transaction& transaction) -> Outcome<Page> {
    const Desk desk{transaction, secrets_, *declared, actor, clock_.wall_now()};
    Page page;
    if (reach == Reach::own && actor.user.empty()) return page;
    if (reach == Reach::everything && query.cursor.empty()) {
      page.items = kind == Kind::pool ? implicit_pools(desk, query.text)
                                      : declared_views(desk, kind, query.text);
    }
    store::PageRequest request{.limit = query.limit,
                               .after = query.cursor,
                               .with_removed = query.with_removed,
                               .owner = reach == Reach::own ? actor.user : std::string(),
                               .text = query.text};
    const std::vector<Object> objects = desk.objects(kind).page(request);
    for (const Object& object : objects) {
      page.items.push_back(view_or_fault(desk, *subject, object));
    }
    if (objects.size() < query.limit) return page;
    request.after = objects.back().id;
    request.limit = 1;
    if (!desk.objects(kind).page(request).empty()) page.next_cursor = objects.back().id;
    return page;
  };
  return in_transaction<Page>(database_, Access::read, work);
}

}  // namespace sluice::admin

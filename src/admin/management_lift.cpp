// Management: accounts that rest are forgiven.

#include "admin/account_live.hpp"
#include "admin/declared.hpp"
#include "admin/management_work.hpp"

namespace sluice::admin {
namespace {

using identity::Action;
using identity::Reach;
using store::Object;
using store::Transaction;

/// The account as the lift leaves it: servers that have not noticed yet would say otherwise.
View lifted(View view, const Desk& desk, const std::string& id) {
  auto figures = store::AccountFigureTable(desk.transaction).of(id, desk.now);
  for (store::AccountFigures& row : figures) {
    auto live = parse_live(row.figures);
    if (!live) continue;
    live->rests.clear();
    row.figures = live_text(*live);
  }
  show_now(view, account_now({}, figures, desk.now));
  return view;
}

}  // namespace

Outcome<View> Management::lift(const Actor& actor, std::string_view which) {
  TRY(const Reach reach, may(actor, Kind::account, Action::update));
  const auto subject = make_account_subject();
  const auto declared = this->declared();
  const auto work = [&](Transaction& transaction) -> Outcome<View> {
    const Desk desk{transaction, secrets_, *declared, actor, clock_.wall_now()};
    Object object;
    const auto look = [&]() -> Outcome<View> {
      if (auto view = find_declared(desk, Kind::account, which)) return *std::move(view);
      return view_of(desk, *subject, object);
    };
    if (const auto* account = find_declared_account(*declared, which)) {
      object.id = account->id.str();
      object.name = account->name;
    } else {
      TRY(object, find_to_change(desk, Kind::account, which, reach, std::nullopt));
    }
    TRY(const View before, look());
    store::AccountRests(transaction).lift(object.id, desk.now);
    transaction.touch();
    TRY(View after, look());
    // Of a declared one the views hold what servers see.
    const auto state = [](const View& view) {
      return View{{"state", view.at("state")}, {"state_reason", view.at("state_reason")}};
    };
    View view = lifted(std::move(after), desk, object.id);
    write_audit(desk, Kind::account, "lift", object, state(before), state(view));
    return view;
  };
  return in_transaction<View>(database_, Access::write, work);
}

}  // namespace sluice::admin

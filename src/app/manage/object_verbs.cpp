/// The commands on accounts, pools, keys, users and tokens.

#include <fmt/format.h>

#include <charconv>

#include "app/manage/fields.hpp"
#include "app/manage/secrets_given.hpp"
#include "app/manage/terminal.hpp"
#include "app/manage/verbs.hpp"
#include "app/manage/views.hpp"
#include "app/manage/words.hpp"
#include "identity/key_grammar.hpp"

namespace sluice::app::manage {
namespace {

namespace json = boost::json;

constexpr std::size_t page_max = 1000;

admin::Kind kind_of(const Invocation& invocation) {
  switch (invocation.command->noun) {
    case Noun::account: return admin::Kind::account;
    case Noun::pool: return admin::Kind::pool;
    case Noun::key: return admin::Kind::key;
    case Noun::user: return admin::Kind::user;
    case Noun::token: return admin::Kind::token;
    case Noun::other: break;
  }
  return admin::Kind::account;
}

std::string noun_of(const Invocation& invocation) {
  return std::string(store::to_string(kind_of(invocation)));
}

template <class T>
Tried<T> taken(admin::Outcome<T> outcome, const Invocation& invocation) {
  if (!outcome) return std::unexpected(failure_of(outcome.error(), invocation));
  return *std::move(outcome);
}

/// The members of `view` that are there, alone.
json::object only(const admin::View& view, std::initializer_list<std::string_view> names) {
  json::object out;
  for (const std::string_view name : names) {
    if (const auto* value = view.if_contains(json::string_view(name.data(), name.size())))
      out[json::string_view(name.data(), name.size())] = *value;
  }
  return out;
}

/// What a change did, in a line or as JSON.
void tell(const Invocation& invocation, const admin::View& view, std::string_view what) {
  if (invocation.json) return print_json(view);
  print(fmt::format("{} {} {}", noun_of(invocation), printable(text_at(view, "name")), what));
}

/// A secret that is shown this once.
void tell_secret(const Invocation& invocation, const admin::View& view, std::string_view what,
                 std::string_view member) {
  if (invocation.json) return print_json(only(view, {"id", "name", member}));
  print(fmt::format("{} {} {} ({})\n\n  {}\n\nThis is the only time it is shown.",
                    noun_of(invocation), printable(text_at(view, "name")), what,
                    text_at(view, "id"), text_at(view, member)));
}

std::optional<std::int64_t> version_of(const Invocation& invocation) {
  if (!invocation.has("--if-version")) return {};
  const std::string text = invocation.value("--if-version");
  std::int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// What was given for a password, or typed twice; nullopt: one is to be made up.
Tried<std::optional<Secret>> new_password(const Invocation& invocation) {
  if (invocation.has("--password-file")) {
    auto given = read_password(invocation.value("--password-file"));
    if (!given) return give_up("--password-file: " + given.error());
    return *std::move(given);
  }
  if (!can_ask()) return std::nullopt;
  const auto first = ask_secret("New password (not shown; empty: one is made up): ");
  if (!first) return give_up("no password was typed; nothing was changed");
  if (first->empty()) return std::nullopt;
  const auto second = ask_secret("Once more: ");
  if (!second || !equal_constant_time(first->reveal(), second->reveal()))
    return give_up("the two passwords differ; nothing was changed");
  return *first;
}

Tried<std::vector<admin::View>> all_of(Desk& desk, const Invocation& invocation) {
  admin::ListQuery query{.limit = page_max,
                         .cursor = {},
                         .text = invocation.value("--search"),
                         .with_removed = invocation.has("--removed")};
  std::vector<admin::View> out;
  for (;;) {
    TRY(auto page,
        taken(desk.management->list(desk.actor, kind_of(invocation), query), invocation));
    for (admin::View& item : page.items) out.push_back(std::move(item));
    if (page.next_cursor.empty()) return out;
    query.cursor = std::move(page.next_cursor);
  }
}

}  // namespace

Done add(Desk& desk, const Invocation& invocation) {
  auto fields = fields_of(invocation, desk.environment);
  if (!fields) return wrong_usage_of(fields.error());
  const admin::Kind kind = kind_of(invocation);
  if (kind == admin::Kind::user) {
    TRY(const auto password, new_password(invocation));
    if (password) {
      const std::string_view text = password->reveal();
      (*fields)["password"] = json::string_view(text.data(), text.size());
    }
  }
  TRY(const auto view, taken(desk.management->create(desk.actor, kind, *fields), invocation));
  if (view.contains("secret")) {
    tell_secret(invocation, view, "created", "secret");
  } else if (view.contains("password")) {
    tell_secret(invocation, view, "added, with this password", "password");
  } else if (invocation.json) {
    print_json(only(view, {"id", "name"}));
  } else {
    tell(invocation, view, fmt::format("added ({})", text_at(view, "id")));
  }
  return {};
}

Done list(Desk& desk, const Invocation& invocation) {
  TRY(const auto views, all_of(desk, invocation));
  if (invocation.json) {
    json::array out;
    for (const admin::View& view : views) out.emplace_back(view);
    print_json(out);
  } else if (invocation.has("--names")) {
    for (const admin::View& view : views) print(printable(text_at(view, "name")));
  } else if (views.empty()) {
    print(fmt::format("no {}s in {}", noun_of(invocation), desk.database->location()));
  } else {
    print(list_of_views(kind_of(invocation), views, desk.clock.wall_now(), output_style()));
  }
  return {};
}

Done show(Desk& desk, const Invocation& invocation) {
  TRY(const auto view,
      taken(desk.management->get(desk.actor, kind_of(invocation), invocation.argument),
            invocation));
  if (invocation.json) {
    print_json(view);
  } else {
    print(view_text(view, desk.clock.wall_now(), output_style()));
  }
  return {};
}

Done set(Desk& desk, const Invocation& invocation) {
  auto fields = fields_of(invocation, desk.environment);
  if (!fields) return wrong_usage_of(fields.error());
  if (fields->empty()) return wrong_usage_of("nothing to change was named");
  TRY(const auto view,
      taken(desk.management->update(desk.actor, kind_of(invocation), invocation.argument,
                                    version_of(invocation), *fields),
            invocation));
  tell(invocation, view, fmt::format("changed (version {})", text_at(view, "version")));
  return {};
}

Done switch_to(Desk& desk, const Invocation& invocation, bool enabled) {
  const json::object fields = {{"disabled", !enabled}};
  TRY(const auto view, taken(desk.management->update(desk.actor, kind_of(invocation),
                                                     invocation.argument, std::nullopt, fields),
                             invocation));
  const bool key = invocation.command->noun == Noun::key;
  tell(invocation, view,
       enabled ? "is switched on"
       : key   ? "is revoked; running servers refuse it within a second"
               : "is switched off");
  return {};
}

Done lift(Desk& desk, const Invocation& invocation) {
  TRY(const auto view, taken(desk.management->lift(desk.actor, invocation.argument), invocation));
  const std::string state = text_at(view, "state");
  tell(invocation, view,
       state == "active" ? std::string("is used again; running servers notice within a second")
                         : fmt::format("rests no more, but it is {}", state));
  return {};
}

Done rotate(Desk& desk, const Invocation& invocation) {
  const std::string text = invocation.value("--grace", "24h");
  const auto grace =
      text == "0" || text == "0s" ? std::chrono::seconds(0) : identity::parse_window(text);
  if (!grace)
    return wrong_usage_of(fmt::format("--grace: must be as 0s, 1h or 7d, not \"{}\"", text));
  TRY(const auto view, taken(desk.management->rotate(desk.actor, kind_of(invocation),
                                                     invocation.argument, std::nullopt, *grace),
                             invocation));
  const std::string what =
      grace->count() == 0 ? "has a new secret, the old one ended"
                          : fmt::format("has a new secret, the old one works for {} more", text);
  tell_secret(invocation, view, what, "secret");
  return {};
}

Done remove(Desk& desk, const Invocation& invocation) {
  const admin::Kind kind = kind_of(invocation);
  if (!invocation.has("--yes") && can_ask()) {
    TRY(const auto view,
        taken(desk.management->get(desk.actor, kind, invocation.argument), invocation));
    const std::string question = fmt::format("Remove the {} {}? [y/N] ", noun_of(invocation),
                                             printable(text_at(view, "name")));
    if (!ask_yes(question)) return give_up("nothing was removed");
  }
  TRY(const auto view,
      taken(desk.management->remove(desk.actor, kind, invocation.argument, std::nullopt),
            invocation));
  const bool restorable = kind != admin::Kind::token && kind != admin::Kind::pool;
  tell(invocation, view,
       restorable ? fmt::format("removed; `sluice {} restore {}` brings it back",
                                noun_of(invocation), text_at(view, "id"))
                  : std::string("removed"));
  return {};
}

Done restore(Desk& desk, const Invocation& invocation) {
  TRY(const auto view, taken(desk.management->restore(desk.actor, kind_of(invocation),
                                                      invocation.argument, std::nullopt),
                             invocation));
  tell(invocation, view, "is back");
  return {};
}

Done reset_password(Desk& desk, const Invocation& invocation) {
  TRY(const auto password, new_password(invocation));
  std::optional<std::string> text;
  if (password) text = std::string(password->reveal());
  TRY(const auto view,
      taken(desk.management->reset_password(desk.actor, invocation.argument, text), invocation));
  if (view.contains("password")) {
    tell_secret(invocation, view, "has a new password", "password");
  } else if (invocation.json) {
    print_json(only(view, {"id", "name"}));
  } else {
    tell(invocation, view, "has a new password");
  }
  return {};
}

}  // namespace sluice::app::manage

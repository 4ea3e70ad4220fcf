/// `sluice account test`.

#include <fmt/format.h>

#include "app/manage/terminal.hpp"
#include "app/manage/verbs.hpp"
#include "app/stored_tokens.hpp"
#include "app/try_account.hpp"

namespace sluice::app::manage {
namespace {

std::string_view word_of(Grade grade) {
  switch (grade) {
    case Grade::ok: return "ok";
    case Grade::warn: return "unsure";
    case Grade::fail: return "failed";
  }
  return {};
}

Tone tone_of(Grade grade) {
  switch (grade) {
    case Grade::ok: return Tone::good;
    case Grade::warn: return Tone::plain;
    case Grade::fail: return Tone::bad;
  }
  return Tone::plain;
}

}  // namespace

Done test(Desk& desk, const Invocation& invocation) {
  auto found = desk.management->account(desk.actor, invocation.argument);
  if (!found) return std::unexpected(failure_of(found.error(), invocation));
  std::vector<provider::AccountSettings> accounts = {*std::move(found)};
  const Status filled =
      fill_access_tokens(*desk.database, *desk.secrets, accounts, desk.clock.wall_now());
  if (!filled) return std::unexpected(failure_of(filled.error()));
  const provider::AccountSettings& account = accounts.front();
  const auto steps =
      try_account(account, private_upstreams(desk.config), desk.config.relay.connect_timeout);
  const bool failed = any_failed(steps);
  if (invocation.json) {
    print_json(boost::json::object{{"id", account.id.str()},
                                   {"name", account.name},
                                   {"ok", !failed},
                                   {"steps", steps_json(steps)}});
  } else {
    std::vector<std::vector<Cell>> rows;
    for (const CheckLine& step : steps)
      rows.push_back({{step.subject},
                      {std::string(word_of(step.grade)), tone_of(step.grade)},
                      {step.message}});
    constexpr std::array<std::string_view, 3> titles = {"STEP", "RESULT", "FOUND"};
    TextStyle style = output_style();
    style.columns = 0;  // The end of a message says what to do.
    print(table_text(titles, rows, style));
  }
  if (!failed) return {};
  return give_up(fmt::format("account {} does not work: {}: {}", account.name, steps.back().subject,
                             steps.back().message));
}

}  // namespace sluice::app::manage

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "app/manage/completion.hpp"
#include "app/manage/verbs.hpp"
#include "app/verbs.hpp"
#include "base/log.hpp"

namespace sluice::app {
namespace {

using namespace manage;

Done dispatch(const Command& command) {
  const Invocation& invocation = command.manage;
  const auto with_store = [&](Done (*verb)(Desk&, const Invocation&)) -> Done {
    TRY(const auto desk, open_store(command));
    return verb(*desk, invocation);
  };
  const auto with_desk = [&](Done (*verb)(Desk&, const Invocation&)) -> Done {
    TRY(const auto desk, open_desk(command));
    return verb(*desk, invocation);
  };
  switch (invocation.command->action) {
    case Action::add: return with_desk(add);
    case Action::list: return with_desk(list);
    case Action::show: return with_desk(show);
    case Action::set: return with_desk(set);
    case Action::test: return with_desk(test);
    case Action::lift: return with_desk(lift);
    case Action::enable:
      return with_desk([](Desk& d, const Invocation& i) { return switch_to(d, i, true); });
    case Action::disable:
      return with_desk([](Desk& d, const Invocation& i) { return switch_to(d, i, false); });
    case Action::rotate: return with_desk(rotate);
    case Action::remove: return with_desk(manage::remove);
    case Action::restore: return with_desk(restore);
    case Action::reset_password: return with_desk(reset_password);
    case Action::rotate_secrets: return with_desk(rotate_secrets);
    case Action::back_up: return with_store(back_up);
    case Action::restore_store: return with_store(restore_store);
    case Action::export_: return with_desk(export_all);
    case Action::import_: return with_desk(import_all);
    case Action::import_crs: return with_desk(import_from_crs);
    case Action::list_audit: return with_desk(list_audit);
    case Action::complete: print(completion_script(invocation.argument)); return {};
  }
  return {};
}

}  // namespace

int run_manage(const Command& command) {
  // What goes wrong is told once, by us.
  log::configure(log::Level::off, log::Format::text);
  // A provider that hangs up while an account is tried must end in a line, not end us.
  std::signal(SIGPIPE, SIG_IGN);
  const Done done = dispatch(command);
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (done && written) return 0;
  std::string why = done ? "the output could not be written" : done.error().message;
  std::replace(why.begin(), why.end(), '\n', ' ');
  if (!why.empty()) std::fprintf(stderr, "sluice: %s\n", why.c_str());
  return done ? 1 : done.error().exit_code;
}

}  // namespace sluice::app

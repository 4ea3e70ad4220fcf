/// The table of commands as a tree of the command-line library, and back.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/manage/commands.hpp"

namespace sluice::app::manage {
namespace {

bool is_repeatable(Form form) {
  return form == Form::list || form == Form::pairs || form == Form::limits || form == Form::hours;
}

void add_flag(CLI::App& app, const FlagSpec& flag) {
  // The library would take a text that isn't const for a variable to fill.
  const std::string help = flag.choices.empty()
                               ? std::string(flag.help)
                               : fmt::format("{}: {}", flag.help, fmt::join(flag.choices, ", "));
  if (flag.form == Form::yes) {
    app.add_flag(std::string(flag.flag), help);
    return;
  }
  CLI::Option* option =
      app.add_option(std::string(flag.flag), [](const CLI::results_t&) { return true; }, help);
  option->type_name(std::string(flag.value))->type_size(1)->expected(1);
  if (is_repeatable(flag.form)) option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

/// The node of `path`, with those above it.
CLI::App& node_of(CLI::App& root, std::string_view path) {
  CLI::App* node = &root;
  while (!path.empty()) {
    const auto end = std::min(path.find(' '), path.size());
    const std::string name(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
    CLI::App* next = nullptr;
    for (CLI::App* sub :
         node->get_subcommands([&](CLI::App* sub) { return sub->get_name() == name; }))
      next = sub;
    if (next == nullptr) {
      next = node->add_subcommand(name, std::string(group_help(name)));
      // With room for one alone, a name that is also a command ("key show list") stays a name.
      next->require_subcommand(0, 1);
    }
    node = next;
  }
  return *node;
}

/// "NAME" of "[NAME]".
std::string_view word_of(std::string_view argument) {
  return argument.starts_with('[') ? argument.substr(1, argument.size() - 2) : argument;
}

std::string argument_help(const CommandSpec& command) {
  if (!command.choices.empty()) return fmt::format("{}", fmt::join(command.choices, " or "));
  if (command.argument == "[NAME]") return "Its name; the same as --name";
  if (command.argument == "NAME") return "Its name or id";
  if (command.argument == "ID") return "Its id";
  return command.action == Action::import_ || command.action == Action::import_crs
             ? "The file; - is the standard input"
             : "The file";
}

std::string footer_of(const CommandSpec& command) {
  std::string out = fmt::format("Example:\n  sluice {}\n", command.example);
  if (command.action == Action::set && command.noun != Noun::pool) {
    out +=
        "\nA flag that makes a list (--pool, --model, ...) replaces the whole list; --limit and "
        "--budget "
        "change what they name.";
  }
  return out;
}

}  // namespace

void add_commands(CLI::App& root, const std::function<void(CLI::App&)>& add_common) {
  const std::string json_help = "Machine-readable output";
  for (const CommandSpec& command : commands()) {
    CLI::App& app = node_of(root, command.path);
    app.description(std::string(command.help));
    if (!command.argument.empty()) {
      app.add_option(
             std::string(word_of(command.argument)), [](const CLI::results_t&) { return true; },
             argument_help(command))
          ->type_name("")
          ->type_size(1)
          ->expected(1);
    }
    for (const FlagSpec& flag : command.fields) add_flag(app, flag);
    for (const FlagSpec& flag : command.options) add_flag(app, flag);
    if (command.action != Action::complete) {
      if (command.action != Action::export_) app.add_flag("--json", json_help);
      add_common(app);
    }
    app.footer(footer_of(command));
  }
}

Invocation invocation_of(const CLI::App& root) {
  Invocation out;
  std::string path;
  const CLI::App* leaf = &root;
  while (!leaf->get_subcommands().empty()) {
    leaf = leaf->get_subcommands().front();
    path += path.empty() ? leaf->get_name() : " " + leaf->get_name();
  }
  out.command = find_command(path);
  if (out.command == nullptr) return out;
  for (const CLI::Option* option : leaf->get_options()) {
    if (option->count() == 0) continue;
    const std::string name = option->get_positional() ? "" : option->get_name();
    if (name == "--json") out.json = true;
    if (name.empty()) out.argument = option->results().front();
    if (const FlagSpec* flag = find_flag(*out.command, name))
      out.given.push_back({flag, option->results()});
  }
  return out;
}

std::string wrong_usage(const Invocation& invocation) {
  const CommandSpec& command = *invocation.command;
  for (const Given& given : invocation.given) {
    for (const std::string& value : given.values) {
      if (const std::string wrong = wrong_value(*given.flag, value); !wrong.empty())
        return fmt::format("{}: {}", long_name(*given.flag), wrong);
    }
  }
  if (command.argument.starts_with('[')) {
    if (!invocation.argument.empty() && invocation.has("--name"))
      return "the name is given twice, as an argument and with --name";
    if (invocation.argument.empty() && !invocation.has("--name")) return "--name NAME is needed";
  } else if (!command.argument.empty() && invocation.argument.empty()) {
    return fmt::format("{} is needed", command.argument);
  }
  if (!command.choices.empty() && std::find(command.choices.begin(), command.choices.end(),
                                            invocation.argument) == command.choices.end()) {
    return fmt::format("{} must be one of {}", command.argument, fmt::join(command.choices, ", "));
  }
  const auto credentials = [&](std::string_view prefix) {
    return std::any_of(invocation.given.begin(), invocation.given.end(),
                       [&](const Given& given) { return given.flag->field.starts_with(prefix); });
  };
  if (credentials("credential.api_key") + credentials("credential.bearer_token") +
          credentials("credential.oauth2") >
      1) {
    return "an account has one credential: --api-key, --bearer-token, or those of --oauth2";
  }
  const auto reads_stdin = [](const Given& given) {
    const bool can = given.flag->form == Form::secret || given.flag->form == Form::url ||
                     given.flag->form == Form::password;
    return can && given.values.front() == "-";
  };
  if (std::count_if(invocation.given.begin(), invocation.given.end(), reads_stdin) > 1)
    return "only one flag can be -, as there is one standard input";
  return {};
}

}  // namespace sluice::app::manage

#include "app/cli.hpp"
#include "base/names.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "app/config_schema.hpp"

namespace sluice::app {
namespace {

constexpr int wrong_usage = 2;

std::string_view name_of(Verb verb) {
  switch (verb) {
    case Verb::serve: return "serve";
    case Verb::demo: return "demo";
    case Verb::simulate: return "simulate";
    case Verb::check: return "check";
    case Verb::version: return "version";
    case Verb::manage: return {};
  }
  return {};
}

std::string help_of(Verb verb) {
  switch (verb) {
    case Verb::serve: return "Run the relay in the foreground; SIGTERM drains, SIGHUP reloads";
    case Verb::demo: return "Run on a throw-away data folder beside a simulated provider";
    case Verb::simulate: return "Run the simulated provider alone";
    case Verb::check:
      return "Verify the configuration, files and the reach of each account; bills nothing";
    case Verb::version: return "Print version, commit, compiler and libraries";
    case Verb::manage: return {};
  }
  return {};
}

std::string example_of(Verb verb) {
  switch (verb) {
    case Verb::serve: return "serve --listen 127.0.0.1:8080 --data /var/lib/sluice";
    case Verb::demo: return "demo --listen 127.0.0.1:8081";
    case Verb::simulate: return "simulate --port 9000 --x-sim 'events=50, rate=20'";
    case Verb::check: return "check --config sluice.toml";
    case Verb::version: return "version --json";
    case Verb::manage: return {};
  }
  return {};
}

void add_setting(CLI::App& app, Command& command, const KeySpec& key) {
  const std::string flag(key.flag);
  app.add_option_function<std::string>(
         flag,
         [&command, flag](const std::string& value) { command.flags.push_back({flag, value}); },
         fmt::format("{} ([{}] {})", key.help, key.section, key.name))
      ->type_name(flag == "--listen" ? "HOST:PORT"
                  : flag == "--data" ? "DIR"
                                     : "VALUE");
}

void add_settings(CLI::App& app, Command& command) {
  for (const KeySpec& key : config_keys()) {
    if (!key.flag.empty()) add_setting(app, command, key);
  }
}

void add_config(CLI::App& app, Command& command) {
  app.add_option_function<std::string>(
         "--config", [&command](const std::string& path) { command.config_file = path; },
         "Configuration file; else ./sluice.toml, else /etc/sluice/sluice.toml")
      ->type_name("FILE");
}

void add_simulate(CLI::App& app, SimulateOptions& options) {
  app.add_option("--port", options.port, "Port on 127.0.0.1; 0 = any free one")
      ->capture_default_str()
      ->type_name("PORT");
  app.add_option("--listen", options.listen, "Address instead of --port")->type_name("HOST:PORT");
  app.add_option("--threads", options.threads, "I/O threads")
      ->capture_default_str()
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  app.add_option("--seed", options.seed, "What is said; without it each request decides")
      ->type_name("N");
  app.add_option("--x-sim", options.parameters, "Parameters for all requests, see below")
      ->type_name("LIST")
      ->allow_extra_args(false);
  app.add_option("--golden", options.golden_directory, "Recordings to replay")->type_name("DIR");
  app.add_option("--expect-key", options.expected_keys, "Refuse and count all other keys")
      ->type_name("KEY")
      ->allow_extra_args(false);
  CLI::Option* certificate =
      app.add_option("--tls-cert", options.tls_certificate, "PEM; speak TLS")->type_name("FILE");
  app.add_option("--tls-key", options.tls_key, "PEM")->type_name("FILE")->needs(certificate);
  app.footer(
      fmt::format("{}\nExample:\n  sluice {}\n", simulate_help(), example_of(Verb::simulate)));
}

void add_verb(CLI::App& app, Verb verb, Command& command) {
  if (verb == Verb::manage) {
    manage::add_commands(app, [&command](CLI::App& sub) {
      add_config(sub, command);
      add_setting(sub, command, *find_key("store", "data_dir"));
    });
    return;
  }
  CLI::App* sub = app.add_subcommand(std::string(name_of(verb)), help_of(verb));
  sub->callback([&command, verb] { command.verb = verb; });
  sub->footer(fmt::format("Example:\n  sluice {}\n", example_of(verb)));
  switch (verb) {
    case Verb::serve:
      add_config(*sub, command);
      add_settings(*sub, command);
      break;
    case Verb::demo:
      add_settings(*sub, command);
      sub->add_option("--key-file", command.key_file,
                      "Also write the key to this file, for scripts; it goes with the demo")
          ->type_name("FILE");
      break;
    case Verb::simulate: add_simulate(*sub, command.simulate); break;
    case Verb::check:
      add_config(*sub, command);
      add_settings(*sub, command);
      sub->add_flag("--json", command.json, "Machine-readable output");
      sub->add_flag("--print-config", command.print_config,
                    "Print the settings in effect, secrets left out, and end");
      break;
    case Verb::version: sub->add_flag("--json", command.json, "Machine-readable output"); break;
    case Verb::manage: break;
  }
}

std::string words(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands({})) names.push_back(sub->get_name());
  return fmt::format("{}", fmt::join(names, ", "));
}

/// "account add": the commands that were named.
std::string path_of(const CLI::App& app) {
  std::string out;
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    out += out.empty() ? at->get_name() : " " + at->get_name();
  }
  return out;
}

/// The one that was named last.
const CLI::App& leaf_of(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

/// What nothing was done with. An argument may be a secret that went astray: only what is surely none is repeated.
std::string unexpected(const CLI::App& app) {
  const CLI::App& leaf = leaf_of(app);
  const std::vector<std::string> left = app.remaining(true);
  const std::string first = left.empty() ? "" : left.front();
  if (first.starts_with('-')) {
    const std::string flag = first.substr(0, first.find('='));
    std::vector<std::string> flags;
    for (const CLI::Option* option : leaf.get_options()) {
      for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    }
    std::string hint = did_you_mean(flag, flags);
    if (hint.ends_with('?')) hint.pop_back();
    return fmt::format("there is no flag {}{}", flag, hint);
  }
  std::vector<std::string> names;
  for (const CLI::App* sub : leaf.get_subcommands({})) names.push_back(sub->get_name());
  if (names.empty()) return "there is an argument too many; texts with blanks need quotes";
  std::string hint = did_you_mean(first, names);
  if (hint.ends_with('?')) hint.pop_back();
  if (hint.empty()) hint = fmt::format("; there are {}", fmt::join(names, ", "));
  const std::string path = path_of(app);
  const bool harmless = first.size() <= 20 && is_name(first);
  return fmt::format("there is no command \"{}{}{}\"{}", path, path.empty() ? "" : " ",
                     harmless ? first : "...", hint);
}

void describe(const CLI::App& app, const std::string& path, std::vector<OfferedCommand>& out) {
  OfferedCommand command;
  command.path = path;
  command.help = app.get_description();
  command.footer = app.get_footer();
  const manage::CommandSpec* spec = manage::find_command(path);
  if (spec != nullptr) {
    command.argument = spec->argument;
    command.choices.assign(spec->choices.begin(), spec->choices.end());
    if (spec->argument == "NAME") command.names_of = path.substr(0, path.find(' '));
  }
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) continue;
    OfferedFlag flag;
    for (const std::string& name : option->get_snames()) flag.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) flag.names.push_back("--" + name);
    if (option->get_items_expected_max() > 0) flag.value = option->get_type_name();
    flag.help = option->get_description();
    for (const KeySpec& key : config_keys()) {
      const auto* choice = std::get_if<ChoiceField>(&key.field);
      if (choice != nullptr && key.flag == flag.names.back())
        flag.choices.assign(choice->names.begin(), choice->names.end());
    }
    if (const auto* of = spec == nullptr ? nullptr : manage::find_flag(*spec, flag.names.back())) {
      flag.choices.assign(of->choices.begin(), of->choices.end());
      flag.names_of = of->names_of;
    }
    command.flags.push_back(std::move(flag));
  }
  const auto subs = app.get_subcommands({});
  for (const CLI::App* sub : subs) command.commands.push_back(sub->get_name());
  out.push_back(std::move(command));
  for (const CLI::App* sub : subs)
    describe(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), out);
}

CommandLine refuse(std::string why, std::string_view path) {
  CommandLine out;
  out.exit_code = wrong_usage;
  std::replace(why.begin(), why.end(), '\n', ' ');
  out.error =
      fmt::format("sluice: {}; see `sluice {}{}--help`", why, path, path.empty() ? "" : " ");
  return out;
}

/// A value that its setting refuses is wrong usage, told before anything else is looked at.
std::optional<std::string> wrong_flag(const Command& command) {
  Config scratch;
  for (const FlagValue& given : command.flags) {
    for (const KeySpec& key : config_keys()) {
      if (key.flag != given.flag) continue;
      if (auto problem = assign(key, scratch, from_text(key, given.value))) {
        return fmt::format("{}: {}", given.flag, *problem);
      }
    }
  }
  return {};
}

void build(CLI::App& app, std::span<const Verb> offered, Command& command, bool& version) {
  app.name("sluice");
  app.description("sluice: a self-hosted relay for LLM APIs");
  app.footer(
      "Example, from nothing to a first request:\n"
      "  sluice serve &\n"
      "  sluice account add --name main --provider anthropic --api-key env:ANTHROPIC_API_KEY\n"
      "  sluice key create --name me\n\n"
      "The management commands work on the store itself; a running server notices within a "
      "second.\n"
      "Exit codes: 0 done, 1 it failed, 2 wrong usage.\n"
      "Commands: docs/cli.md. Settings: docs/configuration.md");
  app.add_flag("--version", version, "The same as `sluice version`");
  app.require_subcommand(0, 1);
  for (const Verb verb : offered) add_verb(app, verb, command);
}

}  // namespace

std::vector<OfferedCommand> offered_commands(std::span<const Verb> offered) {
  Command command;
  CLI::App app;
  bool version = false;
  build(app, offered, command, version);
  std::vector<OfferedCommand> out;
  describe(app, "", out);
  return out;
}

ConfigSources Command::sources() const {
  ConfigSources out;
  out.file = config_file;
  out.environment = process_environment();
  out.flags = flags;
  return out;
}

CommandLine parse_command_line(const std::vector<std::string>& arguments,
                               std::span<const Verb> offered) {
  Command command;
  CLI::App app;
  bool version = false;
  build(app, offered, command, version);
  if (arguments.empty()) return refuse(fmt::format("a command is needed: {}", words(app)), "");
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {  // The library ends its parsing with exceptions.
    CommandLine out;
    out.output = app.help();
    return out;
  } catch (const CLI::ExtrasError&) {
    return refuse(unexpected(app), path_of(app));
  } catch (const CLI::ParseError& error) {
    return refuse(error.what(), path_of(app));
  }
  const std::string path = path_of(app);
  if (version) {
    command.verb = Verb::version;
  } else if (path.empty()) {
    return refuse(fmt::format("a command is needed: {}", words(app)), "");
  }
  command.manage = manage::invocation_of(app);
  if (command.manage.command != nullptr) {
    command.verb = Verb::manage;
    if (auto problem = manage::wrong_usage(command.manage); !problem.empty())
      return refuse(std::move(problem), path);
  } else if (!version && !leaf_of(app).get_subcommands({}).empty()) {
    return refuse(fmt::format("a command is needed behind {}: {}", path, words(leaf_of(app))),
                  path);
  }
  if (auto problem = wrong_flag(command)) return refuse(*problem, path);
  CommandLine out;
  out.command = std::move(command);
  return out;
}

}  // namespace sluice::app

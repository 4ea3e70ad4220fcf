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
  }
  return {};
}

void add_settings(CLI::App& app, Command& command) {
  for (const KeySpec& key : config_keys()) {
    if (key.flag.empty()) continue;
    const std::string flag(key.flag);
    app.add_option_function<std::string>(
           flag,
           [&command, flag](const std::string& value) { command.flags.push_back({flag, value}); },
           fmt::format("{} ([{}] {})", key.help, key.section, key.name))
        ->type_name(flag == "--listen" ? "HOST:PORT"
                    : flag == "--data" ? "DIR"
                                       : "VALUE");
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
  app.footer(simulate_help());
}

void add_verb(CLI::App& app, Verb verb, Command& command) {
  CLI::App* sub = app.add_subcommand(std::string(name_of(verb)), help_of(verb));
  sub->callback([&command, verb] { command.verb = verb; });
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
  }
}

CommandLine refuse(std::string why, std::string_view verb) {
  CommandLine out;
  out.exit_code = wrong_usage;
  std::replace(why.begin(), why.end(), '\n', ' ');
  out.error =
      fmt::format("sluice: {}; see `sluice {}{}--help`", why, verb, verb.empty() ? "" : " ");
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

}  // namespace

ConfigSources Command::sources() const {
  ConfigSources out;
  out.file = config_file;
  out.environment = process_environment();
  out.flags = flags;
  return out;
}

CommandLine parse_command_line(const std::vector<std::string>& arguments,
                               std::span<const Verb> offered) {
  std::vector<std::string> verbs;
  for (const Verb verb : offered) verbs.emplace_back(name_of(verb));
  const std::string first = arguments.empty() ? "" : arguments.front();
  if (first.empty())
    return refuse(fmt::format("a command is needed: {}", fmt::join(verbs, ", ")), "");
  if (!first.starts_with('-') && std::find(verbs.begin(), verbs.end(), first) == verbs.end()) {
    std::string hint = did_you_mean(first, verbs);
    if (hint.ends_with('?')) hint.pop_back();
    return refuse(fmt::format("there is no command \"{}\"{}", first, hint), "");
  }

  Command command;
  CLI::App app("sluice: a self-hosted relay for LLM APIs", "sluice");
  app.footer("Exit codes: 0 done, 1 it failed, 2 wrong usage.\nSettings: docs/configuration.md");
  bool version = false;
  app.add_flag("--version", version, "The same as `sluice version`");
  app.require_subcommand(0, 1);
  for (const Verb verb : offered) add_verb(app, verb, command);
  const std::string_view verb = first.starts_with('-') ? std::string_view() : first;
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {  // The library ends its parsing with exceptions.
    CommandLine out;
    out.output = app.help();
    return out;
  } catch (const CLI::ParseError& error) {
    return refuse(error.what(), verb);
  }
  if (version) command.verb = Verb::version;
  if (!version && verb.empty()) {
    return refuse(fmt::format("a command is needed: {}", fmt::join(verbs, ", ")), "");
  }
  if (auto problem = wrong_flag(command)) return refuse(*problem, verb);
  CommandLine out;
  out.command = std::move(command);
  return out;
}

}  // namespace sluice::app

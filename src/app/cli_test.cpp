#include "app/cli.hpp"

#include <gtest/gtest.h>

#include <array>

namespace sluice::app {
namespace {

constexpr std::array all = {Verb::serve, Verb::demo,    Verb::simulate,
                            Verb::check, Verb::version, Verb::manage};

CommandLine parse(std::vector<std::string> arguments) { return parse_command_line(arguments, all); }

void expect_wrong(std::vector<std::string> arguments, std::string_view error) {
  const CommandLine line = parse(std::move(arguments));
  EXPECT_FALSE(line.command);
  EXPECT_EQ(line.exit_code, 2);
  EXPECT_EQ(line.error, error);
  EXPECT_EQ(line.output, "");
}

TEST(CommandLine, ServeTakesItsFlagsAsSettings) {
  const CommandLine line = parse({"serve", "--config", "f.toml", "--listen", "127.0.0.1:1",
                                  "--data=/d", "--threads", "2", "--log-level", "debug"});
  ASSERT_TRUE(line.command) << line.error;
  EXPECT_EQ(line.command->verb, Verb::serve);
  EXPECT_EQ(line.command->config_file, "f.toml");
  ASSERT_EQ(line.command->flags.size(), 4U);
  const auto loaded = [&] {
    ConfigSources sources;
    sources.default_files.clear();
    sources.flags = line.command->flags;
    return load_config(sources);
  }();
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_EQ(loaded.config.server.listen, "127.0.0.1:1");
  EXPECT_EQ(loaded.config.store.data_dir, "/d");
  EXPECT_EQ(loaded.config.server.threads, 2);
  EXPECT_EQ(loaded.config.log.level, log::Level::debug);
  EXPECT_EQ(line.command->sources().file, "f.toml");
}

TEST(CommandLine, KnowsEachVerb) {
  EXPECT_EQ(parse({"demo"}).command->verb, Verb::demo);
  EXPECT_EQ(parse({"simulate", "--port", "9001"}).command->simulate.port, 9001);
  EXPECT_TRUE(parse({"check", "--json"}).command->json);
  EXPECT_TRUE(parse({"check", "--print-config"}).command->print_config);
  EXPECT_EQ(parse({"version"}).command->verb, Verb::version);
  EXPECT_EQ(parse({"--version"}).command->verb, Verb::version);
}

TEST(CommandLine, SimulateTakesParametersAndKeysMoreThanOnce) {
  const CommandLine line =
      parse({"simulate", "--x-sim", "events=5, rate=2", "--x-sim", "echo", "--expect-key", "a",
             "--expect-key", "b", "--seed", "7", "--threads", "2", "--golden", "d"});
  ASSERT_TRUE(line.command) << line.error;
  const SimulateOptions& options = line.command->simulate;
  EXPECT_EQ(options.parameters, (std::vector<std::string>{"events=5, rate=2", "echo"}));
  EXPECT_EQ(options.expected_keys, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options.seed, 7U);
  EXPECT_EQ(options.threads, 2U);
  EXPECT_NE(parse({"simulate", "--help"}).output.find("reset_at=N"), std::string::npos);
}

TEST(CommandLine, HelpIsCompleteAndEndsWithZero) {
  const CommandLine help = parse({"--help"});
  EXPECT_FALSE(help.command);
  EXPECT_EQ(help.exit_code, 0);
  for (const char* word : {"serve", "demo", "simulate", "check", "version", "Exit codes"}) {
    EXPECT_NE(help.output.find(word), std::string::npos) << word;
  }
  const CommandLine serve = parse({"serve", "--help"});
  EXPECT_EQ(serve.exit_code, 0);
  for (const char* flag : {"--config", "--listen", "--data", "--threads", "--log-level"}) {
    EXPECT_NE(serve.output.find(flag), std::string::npos) << flag;
  }
}

TEST(CommandLine, WrongUsageIsOneLineThatSaysWhatToDo) {
  expect_wrong(
      {},
      "sluice: a command is needed: serve, demo, simulate, check, version, account, key, pool, "
      "user, token, secrets, backup, restore, export, import, audit, completion; see `sluice "
      "--help`");
  expect_wrong({"key"},
               "sluice: a command is needed behind key: create, list, show, set, rotate, revoke, "
               "enable, remove, restore; see `sluice key --help`");
  expect_wrong(
      {"key", "creat"},
      "sluice: there is no command \"key creat\"; did you mean \"create\"; see `sluice key "
      "--help`");
  expect_wrong({"serv"},
               "sluice: there is no command \"serv\"; did you mean \"serve\"; see `sluice --help`");
  expect_wrong(
      {"serve", "--threads", "x"},
      "sluice: --threads: threads must be a whole number from 0 to 1024, not \"x\"; see `sluice "
      "serve --help`");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"serve", "--lisen", "x"},
        {"serve", "--listen"},
        {"serve", "extra"},
        {"check", "--jsn"},
        {"simulate", "--port", "70000"},
        {"--nope"},
        {"version", "serve"}}) {
    const CommandLine line = parse(arguments);
    EXPECT_FALSE(line.command) << arguments.back();
    EXPECT_EQ(line.exit_code, 2) << arguments.back();
    EXPECT_EQ(line.error.find('\n'), std::string::npos);
    EXPECT_NE(line.error.find("--help`"), std::string::npos) << line.error;
  }
}

TEST(CommandLine, ANameMayBeTheWordOfACommand) {
  for (const char* name : {"list", "test", "key", "serve", "01JD"}) {
    const CommandLine line = parse({"key", "show", name, "--json"});
    ASSERT_TRUE(line.command) << line.error;
    EXPECT_EQ(line.command->manage.command->path, "key show");
    EXPECT_EQ(line.command->manage.argument, name);
    EXPECT_TRUE(line.command->manage.json);
  }
  EXPECT_EQ(parse({"import", "f.json"}).command->manage.command->path, "import");
  EXPECT_EQ(parse({"import", "crs", "f.json"}).command->manage.command->path, "import crs");
}

TEST(CommandLine, EveryCommandHasHelpWithAnExample) {
  for (const OfferedCommand& command : offered_commands(all)) {
    std::vector<std::string> arguments;
    for (std::size_t at = 0; at < command.path.size();) {
      const auto end = std::min(command.path.find(' ', at), command.path.size());
      arguments.push_back(command.path.substr(at, end - at));
      at = end + 1;
    }
    arguments.emplace_back("--help");
    const CommandLine help = parse(arguments);
    EXPECT_EQ(help.exit_code, 0) << command.path;
    EXPECT_NE(help.output.find(command.help), std::string::npos) << help.output;
    for (const OfferedFlag& flag : command.flags)
      EXPECT_NE(help.output.find(flag.names.back()), std::string::npos) << command.path;
    if (!command.commands.empty() && command.argument.empty()) continue;
    EXPECT_NE(help.output.find("Example:\n  sluice " + command.path), std::string::npos)
        << help.output;
  }
}

TEST(CommandLine, EveryExampleIsOne) {
  for (const manage::CommandSpec& command : manage::commands()) {
    std::vector<std::string> arguments;
    std::string example(command.example.substr(0, command.example.find(" > ")));
    for (std::size_t at = 0; at < example.size();) {
      const char stop = example[at] == '\'' ? '\'' : ' ';
      const auto start = stop == '\'' ? at + 1 : at;
      const auto end = std::min(example.find(stop, start), example.size());
      arguments.push_back(example.substr(start, end - start));
      at = end + (stop == '\'' ? 2 : 1);
    }
    const CommandLine line = parse(arguments);
    ASSERT_TRUE(line.command) << command.example << ": " << line.error;
    EXPECT_EQ(line.command->manage.command->path, command.path);
  }
}

TEST(CommandLine, OffersOnlyTheVerbsOfThisBuild) {
  constexpr std::array some = {Verb::version};
  EXPECT_EQ(parse_command_line({"serve"}, some).exit_code, 2);
  EXPECT_EQ(parse_command_line({"--help"}, some).output.find("Run the relay"), std::string::npos);
}

}  // namespace
}  // namespace sluice::app

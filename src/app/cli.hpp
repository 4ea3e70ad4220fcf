#pragma once
/// The command line: what to do, and with which settings. Pure: it prints nothing and ends nothing.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/config_load.hpp"
#include "app/manage/commands.hpp"
#include "app/simulate.hpp"

namespace sluice::app {

/// `manage` stands for all of manage/commands.hpp.
enum class Verb : std::uint8_t { serve, demo, simulate, check, version, manage };

struct Command {
  Verb verb = Verb::serve;
  std::optional<std::string> config_file;  // --config
  std::vector<FlagValue> flags;            // of settings: --listen, --data, --threads, --log-level
  std::string key_file;                    // of demo
  SimulateOptions simulate;
  bool json = false;
  bool print_config = false;  // of check
  manage::Invocation manage;

  /// Where its configuration comes from, this process's environment included.
  [[nodiscard]] ConfigSources sources() const;
};

/// Either a command, or what to print before ending with `exit_code`.
struct CommandLine {
  std::optional<Command> command;
  int exit_code = 0;   // 0 after help, 2 for wrong usage
  std::string output;  // for stdout
  std::string error;   // for stderr, one line
};

/// `arguments` without the name of the program; `offered` are the verbs that this build has.
[[nodiscard]] CommandLine parse_command_line(const std::vector<std::string>& arguments,
                                             std::span<const Verb> offered);

/// What the command line offers, as data: completion and the reference in docs/ are made of it.
struct OfferedFlag {
  std::vector<std::string> names;  // "-o", "--output"
  std::string value;               // "FILE"; empty: it takes none
  std::string help;
  std::vector<std::string> choices;
  std::string names_of;  // "account": its values are names of these
};
struct OfferedCommand {
  std::string path;  // "account add"
  std::string help;
  std::string footer;  // examples and what else stands below the flags
  std::string argument;
  std::vector<std::string> choices;  // of the argument
  std::string names_of;              // of the argument
  std::vector<OfferedFlag> flags;
  std::vector<std::string> commands;  // words that may follow
};
/// The program itself first, with an empty path.
[[nodiscard]] std::vector<OfferedCommand> offered_commands(std::span<const Verb> offered);

}  // namespace sluice::app

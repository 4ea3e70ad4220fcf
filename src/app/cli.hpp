#pragma once
/// The command line: what to do, and with which settings. Pure: it prints nothing and ends nothing.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/config_load.hpp"
#include "app/simulate.hpp"

namespace sluice::app {

enum class Verb : std::uint8_t { serve, demo, simulate, check, version };

struct Command {
  Verb verb = Verb::serve;
  std::optional<std::string> config_file;  // --config
  std::vector<FlagValue> flags;            // of settings: --listen, --data, --threads, --log-level
  std::string key_file;                    // of demo
  SimulateOptions simulate;
  bool json = false;
  bool print_config = false;  // of check

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

}  // namespace sluice::app

/// The program: reads the command line and runs one verb.

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>

#include "app/cli.hpp"
#include "app/verbs.hpp"
#include "base/process_guard.hpp"

namespace {

using namespace sluice::app;

struct Entry {
  Verb verb;
  int (*run)(const Command&);
};

/// In the order of the help.
constexpr std::array entries = {
    Entry{Verb::serve, run_serve},
    Entry{Verb::demo, run_demo},
    Entry{Verb::manage, run_manage},
    Entry{Verb::check, run_check},
    Entry{Verb::simulate, [](const Command& command) { return run_simulate(command.simulate); }},
    Entry{Verb::version, run_version},
};

int run(const std::vector<std::string>& arguments) {
  std::array<Verb, entries.size()> offered;
  std::transform(entries.begin(), entries.end(), offered.begin(),
                 [](const Entry& entry) { return entry.verb; });
  const CommandLine line = parse_command_line(arguments, offered);
  if (!line.command) {
    std::fputs(line.output.c_str(), stdout);
    if (!line.error.empty()) std::fprintf(stderr, "%s\n", line.error.c_str());
    return line.exit_code;
  }
  const auto entry = std::find_if(entries.begin(), entries.end(), [&](const Entry& candidate) {
    return candidate.verb == line.command->verb;
  });
  return entry->run(*line.command);
}

}  // namespace

int main(int argc, char** argv) {
  sluice::guard_process_memory();
  try {
    return run(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sluice: %s\n", error.what());
    return 1;
  }
}

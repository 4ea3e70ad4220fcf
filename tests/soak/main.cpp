/// Runs one mode of the soak against a sluice program. `soak --help` tells how.

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "soak.hpp"
#include "sockets.hpp"
#include "text.hpp"

namespace {

using sluice::soak::Checks;
using sluice::soak::Options;

constexpr std::string_view usage =
    "Usage: soak MODE --sluice PROGRAM [OPTIONS]\n"
    "\n"
    "Is client and provider around a sluice of its own, and looks at every byte, ending and "
    "count.\n"
    "\n"
    "Modes:\n"
    "  bytes      streams and documents of every shape come byte for byte\n"
    "  endings    requests that end in every way are settled once, and leave nothing behind\n"
    "  drain      SIGTERM cuts no running stream\n"
    "  capacity   many paced streams at a time\n"
    "\n"
    "Options:\n"
    "  --streams N, --requests N   how many (bytes 100000, endings 10000, drain 500, capacity "
    "10000)\n"
    "  --seed N         what all chance follows from; 1\n"
    "  --only ID        this request of the run alone (bytes, endings)\n"
    "  --rounds N       of endings, each with so many requests; 2\n"
    "  --threads N      of sluice; 2, capacity 1\n"
    "  --connections N  at a time (bytes 128, endings 256)\n"
    "  --slowness X     stretches time limits, for slow builds; 1\n"
    "  --no-memory      does not judge the resident size, for builds whose allocator keeps what "
    "was freed\n";

int wrong(std::string_view what) {
  fmt::print(stderr, "soak: {}\n{}", what, usage);
  return 2;
}

}  // namespace

int main(int count, char** arguments) {
  using sluice::soak::number;
  std::signal(SIGPIPE, SIG_IGN);
  Options options;
  bool threads_given = false;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = arguments[i];
    if (word == "--help" || word == "-h") {
      fmt::print("{}", usage);
      return 0;
    }
    if (word == "--no-memory") {
      options.measures_memory = false;
      continue;
    }
    if (!word.starts_with("--")) {
      options.mode = word;
      continue;
    }
    if (i + 1 == count) return wrong(fmt::format("{} needs a value", word));
    const std::string_view value = arguments[++i];
    if (word == "--sluice") {
      options.program = value;
    } else if (word == "--streams" || word == "--requests") {
      options.count = number(value);
    } else if (word == "--seed") {
      options.seed = number(value);
    } else if (word == "--only") {
      options.only = number(value);
    } else if (word == "--threads") {
      options.threads = static_cast<unsigned>(number(value));
      threads_given = true;
    } else if (word == "--rounds") {
      options.rounds = std::max<std::size_t>(2, number(value));
    } else if (word == "--connections") {
      options.connections = number(value);
    } else if (word == "--slowness") {
      options.slowness = std::strtod(value.data(), nullptr);
    } else {
      return wrong(fmt::format("unknown option {}", word));
    }
  }
  if (options.program.empty()) return wrong("--sluice is missing");
  struct Mode {
    std::string_view name;
    void (*run)(const Options&, Checks&);
    std::size_t count;
    std::size_t connections;
    unsigned threads;
  };
  constexpr Mode modes[] = {{"bytes", sluice::soak::soak_bytes, 100000, 128, 2},
                            {"endings", sluice::soak::soak_endings, 10000, 256, 2},
                            {"drain", sluice::soak::soak_drain, 500, 0, 2},
                            {"capacity", sluice::soak::soak_capacity, 10000, 0, 1}};
  for (const Mode& mode : modes) {
    if (mode.name != options.mode) continue;
    if (options.count == 0) options.count = mode.count;
    if (options.connections == 0) options.connections = mode.connections;
    if (!threads_given) options.threads = mode.threads;
    (void)sluice::soak::raise_descriptor_limit();
    Checks checks;
    try {
      mode.run(options, checks);
    } catch (const std::exception& error) {
      checks.check(false, fmt::format("{}: {}", mode.name, error.what()));
    }
    fmt::print("# pass {}\n# fail {}\n", checks.passed(), checks.failed());
    return checks.failed() == 0 ? 0 : 1;
  }
  return wrong("no such mode: " + options.mode);
}

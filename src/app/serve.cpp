#include <cstdio>

#include "app/program.hpp"
#include "app/serve_config.hpp"
#include "app/verbs.hpp"

namespace sluice::app {

int run_serve(const Command& command) {
  ControlEvents::block_signals();
  auto config = read_config(command.sources(), ReadFor::start);
  if (!config) return 1;
  Program program(std::move(*config));
  if (const Status started = program.start(); !started) {
    std::fprintf(stderr, "sluice: %s\n", started.error().context.c_str());
    return 1;
  }
  program.run([&command] { return read_config(command.sources(), ReadFor::reload); });
  return 0;
}

}  // namespace sluice::app

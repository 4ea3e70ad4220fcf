#pragma once
/// What `main` can be told to do. Each returns the exit code of the process and prints its own one-line error.

#include "app/cli.hpp"

namespace sluice::app {

[[nodiscard]] int run_serve(const Command& command);
[[nodiscard]] int run_demo(const Command& command);
[[nodiscard]] int run_check(const Command& command);
[[nodiscard]] int run_version(const Command& command);
[[nodiscard]] int run_manage(const Command& command);

}  // namespace sluice::app

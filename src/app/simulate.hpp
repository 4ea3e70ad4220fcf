#pragma once
/// `sluice simulate`: the simulated provider alone.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::app {

struct SimulateOptions {
  std::string listen;         // "host:port"; empty: `port` on 127.0.0.1
  std::uint16_t port = 9100;  // 0: any free one
  std::size_t threads = 1;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> parameters;  // --x-sim, the later wins
  std::string golden_directory;
  std::vector<std::string> expected_keys;
  std::string tls_certificate;
  std::string tls_key;
};

/// Prints `simulate.listening address=127.0.0.1:9100` once it answers, and runs until SIGTERM or SIGINT.
[[nodiscard]] int run_simulate(const SimulateOptions& options);

/// The parameters of --x-sim, for the help.
[[nodiscard]] std::string simulate_help();

}  // namespace sluice::app

#pragma once
/// A provider that isn't one: real sockets, real streams, no model, and faults on demand.
///
///     SimulatedProvider provider;
///     TRY(const net::Address address, provider.start(loopback));   // port 0: any free one
///     ...                                                          // POST http://ADDRESS/v1/messages
///     provider.stop();

#include <memory>
#include <string>
#include <vector>

#include "net/address.hpp"
#include "sim/parameters.hpp"

namespace sluice::sim {

struct SimulatedProviderOptions {
  std::size_t threads = 1;
  Parameters defaults{};
  std::string golden_directory{};            // empty: no recordings
  std::vector<std::string> expected_keys{};  // empty: any key will do
  std::string tls_certificate{};             // PEM files; both empty: plain
  std::string tls_key{};
};

/// Runs on threads of its own. start() and stop() are called from one thread.
class SimulatedProvider {
 public:
  explicit SimulatedProvider(SimulatedProviderOptions options = {});
  SimulatedProvider(const SimulatedProvider&) = delete;
  SimulatedProvider& operator=(const SimulatedProvider&) = delete;
  ~SimulatedProvider();  // stops

  /// Listens when this returns. Errors: io (address, files), invalid_config.
  [[nodiscard]] Result<net::Address> start(const net::Address& address);
  /// Cuts what is left.
  void stop();
  /// What GET /sim/stats says.
  [[nodiscard]] std::string stats_json() const;

 private:
  struct State;
  SimulatedProviderOptions options_;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::sim

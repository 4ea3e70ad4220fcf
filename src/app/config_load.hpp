#pragma once
/// Reads the configuration: defaults, then the file, then the environment, then flags; later ones win. Everything
/// that is wrong is told at once, each with its place and, where a name is near, what was probably meant:
///
///     sluice.toml:12: unknown key "lisen" in [server]; did you mean "listen"?
///     SLUICE_SERVER_THREADS: threads must be a whole number from 0 to 1024, not "many"

#include <optional>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "app/config_values.hpp"

namespace sluice::app {

struct FlagValue {
  std::string flag;  // "--listen"
  std::string value;
};

/// What becomes of "env:NAME" and "file:PATH" that lead nowhere.
enum class AbsentSecrets : std::uint8_t {
  refused,
  allowed,  // left empty, but for the store's URL: for commands that run beside the server, without its environment
};

struct ConfigSources {
  std::optional<std::string> file;  // of --config: must exist
  /// Tried in this order when no file is named; none of them need exist.
  std::vector<std::string> default_files = {"./sluice.toml", "/etc/sluice/sluice.toml"};
  Environment environment;
  std::vector<FlagValue> flags;
  AbsentSecrets absent_secrets = AbsentSecrets::refused;
};

/// The environment of this process.
[[nodiscard]] Environment process_environment();

struct LoadedConfig {
  Config config;
  std::string file;                   // that was read; empty: none
  std::vector<std::string> problems;  // any: the configuration must not be used
  std::vector<std::string> warnings;  // for the log
};

/// Never throws; no message holds a secret.
[[nodiscard]] LoadedConfig load_config(const ConfigSources& sources);

}  // namespace sluice::app

#include "app/serve_config.hpp"

#include <cstdio>

namespace sluice::app {

std::optional<Config> read_config(const ConfigSources& sources, ReadFor purpose) {
  LoadedConfig loaded = load_config(sources);
  if (!loaded.problems.empty()) {
    for (const std::string& problem : loaded.problems) {
      if (purpose == ReadFor::start) {
        std::fprintf(stderr, "%s\n", problem.c_str());
      } else {
        log::error("config.refused reason={}", log::quoted(problem));
      }
    }
    return std::nullopt;
  }
  log::configure(loaded.config.log.level, loaded.config.log.format);
  for (const std::string& warning : loaded.warnings) {
    log::warn("config.doubtful reason={}", log::quoted(warning));
  }
  log::info("config.read file={}", log::quoted(loaded.file.empty() ? "none" : loaded.file));
  return std::move(loaded.config);
}

}  // namespace sluice::app

#pragma once
/// The configuration for a running program: read, reported, and put into effect where it concerns the process.

#include <optional>

#include "app/config_load.hpp"

namespace sluice::app {

enum class ReadFor : std::uint8_t { start, reload };

/// Nothing when it must not be used: the problems are on stderr then (start) or in the log (reload).
[[nodiscard]] std::optional<Config> read_config(const ConfigSources& sources, ReadFor purpose);

}  // namespace sluice::app

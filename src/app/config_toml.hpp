#pragma once
/// The configuration file. Inside the loader only.

#include <string>
#include <string_view>

#include "app/config_findings.hpp"
#include "app/config_values.hpp"

namespace sluice::app {

/// Reads `text`, called `name` in messages, into `config`.
void read_toml(std::string_view text, std::string_view name, const Environment& environment,
               Config& config, Findings& findings);

}  // namespace sluice::app

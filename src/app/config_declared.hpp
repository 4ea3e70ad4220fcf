#pragma once
/// `[[account]]`, `[[key]]` and `[[webhook]]` of the file. Inside the loader only.

#include <string_view>

#include "app/toml_table.hpp"

namespace sluice::app {

void read_accounts(const toml::array& accounts, TomlContext& context, Config& config);
void read_webhooks(const toml::array& webhooks, TomlContext& context, Config& config);
void read_keys(const toml::array& keys, TomlContext& context, Config& config);

}  // namespace sluice::app

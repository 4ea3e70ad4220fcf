#include "app/config_toml.hpp"
#include "base/names.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/config_declared.hpp"
#include "app/toml_table.hpp"

namespace sluice::app {
namespace {

std::vector<std::string> top_level_names() {
  std::vector<std::string> out = {"account", "key", "webhook"};
  for (const std::string_view section : config_sections()) out.emplace_back(section);
  return out;
}

/// "; it belongs in [relay]" when another section has a key of that name.
std::string other_home(std::string_view name) {
  for (const KeySpec& key : config_keys()) {
    if (key.name == name) return fmt::format("; it belongs in [{}]", key.section);
  }
  return {};
}

void read_section(std::string_view section, const toml::table& table, TomlContext& context,
                  Config& config) {
  std::vector<std::string> names;
  for (const KeySpec& key : config_keys()) {
    if (key.section == section) names.emplace_back(key.name);
  }
  for (const auto& [name, node] : table) {
    const KeySpec* key = find_key(section, name.str());
    if (key == nullptr) {
      const std::string home = other_home(name.str());
      context.findings.problem(origin_of(context, name),
                               fmt::format("unknown key \"{}\" in [{}]{}", name.str(), section,
                                           home.empty() ? did_you_mean(name.str(), names) : home));
      continue;
    }
    const Origin at = origin_of(context, node);
    const auto value = raw_value(node);
    const auto problem = value ? assign(*key, config, *value)
                               : fmt::format("{} has a value of the wrong kind", key->name);
    if (problem) context.findings.problem(at, fmt::format("[{}] {}", section, *problem));
    context.findings.origins[key] = at;
  }
}

void refuse_top_level(const toml::key& name, const toml::node& node, TomlContext& context) {
  const std::string home = other_home(name.str());
  std::string what;
  if (!node.is_table() && !node.is_array_of_tables() && !home.empty()) {
    what = fmt::format("\"{}\" stands outside of a section{}", name.str(), home);
  } else {
    what = fmt::format("unknown section \"{}\"{}", name.str(),
                       did_you_mean(name.str(), top_level_names()));
  }
  context.findings.problem(origin_of(context, name), std::move(what));
}

/// The parser quotes pieces of the line in its message, and the line may hold a secret.
std::string without_quotations(std::string_view description) {
  std::string out;
  bool quoted = false;
  for (const char c : description) {
    if (c == '\'' || c == '"') {
      if (!quoted) out += "'...'";
      quoted = !quoted;
    } else if (!quoted) {
      out += c;
    }
  }
  return out;
}

void read_document(const toml::table& document, TomlContext& context, Config& config) {
  const auto sections = config_sections();
  for (const auto& [name, node] : document) {
    const bool declared = name.str() == "account" || name.str() == "key" || name.str() == "webhook";
    if (declared) {
      if (!node.is_array()) {
        context.findings.problem(
            origin_of(context, name),
            fmt::format("write [[{0}]] with two brackets: there can be several", name.str()));
      }
    } else if (std::find(sections.begin(), sections.end(), name.str()) == sections.end()) {
      refuse_top_level(name, node, context);
    } else if (const auto* section = node.as_table()) {
      read_section(name.str(), *section, context, config);
    } else {
      context.findings.problem(origin_of(context, name),
                               fmt::format("\"{0}\" is a section: write [{0}]", name.str()));
    }
  }
}

}  // namespace

void read_toml(std::string_view text, std::string_view name, const Environment& environment,
               Config& config, Findings& findings) {
  toml::table document;
  try {
    document = toml::parse(text);
  } catch (const toml::parse_error& error) {  // The library's way to say that it is no TOML.
    findings.problem({std::string(name), error.source().begin.line},
                     fmt::format("not TOML: {}", without_quotations(error.description())));
    return;
  }
  TomlContext context{.name = name, .environment = environment, .findings = findings};
  read_document(document, context, config);
  if (const auto* accounts = document["account"].as_array())
    read_accounts(*accounts, context, config);
  if (const auto* webhooks = document["webhook"].as_array())
    read_webhooks(*webhooks, context, config);
  if (const auto* keys = document["key"].as_array()) read_keys(*keys, context, config);
}

}  // namespace sluice::app

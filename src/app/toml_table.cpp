#include "app/toml_table.hpp"
#include "base/names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::app {

Origin origin_of(const TomlContext& context, const toml::node& node) {
  return {std::string(context.name), node.source().begin.line};
}

Origin origin_of(const TomlContext& context, const toml::key& key) {
  return {std::string(context.name), key.source().begin.line};
}

std::optional<RawValue> raw_value(const toml::node& node) {
  if (const auto* text = node.as_string()) return RawValue(text->get());
  if (const auto* integer = node.as_integer()) return RawValue(integer->get());
  if (const auto* boolean = node.as_boolean()) return RawValue(boolean->get());
  if (const auto* number = node.as_floating_point()) return RawValue(number->get());
  if (const auto* array = node.as_array()) {
    std::vector<std::string> list;
    for (const toml::node& element : *array) {
      const auto* text = element.as_string();
      if (text == nullptr) return {};
      list.push_back(text->get());
    }
    return RawValue(std::move(list));
  }
  return {};
}

const toml::node* TomlTable::get(std::string_view name) {
  known_.emplace_back(name);
  return table_.get(name);
}

std::string TomlTable::text(std::string_view name, std::string fallback) {
  const toml::node* node = get(name);
  if (node == nullptr) return fallback;
  if (const auto* value = node->as_string()) return value->get();
  problem(name, "must be a text");
  return fallback;
}

std::int64_t TomlTable::integer(std::string_view name, std::int64_t fallback, std::int64_t min,
                                std::int64_t max) {
  const toml::node* node = get(name);
  if (node == nullptr) return fallback;
  const auto* value = node->as_integer();
  if (value != nullptr && value->get() >= min && value->get() <= max) return value->get();
  problem(name, fmt::format("must be a whole number from {} to {}", min, max));
  return fallback;
}

bool TomlTable::boolean(std::string_view name, bool fallback) {
  const toml::node* node = get(name);
  if (node == nullptr) return fallback;
  if (const auto* value = node->as_boolean()) return value->get();
  problem(name, "must be true or false");
  return fallback;
}

std::vector<std::string> TomlTable::texts(std::string_view name,
                                          std::vector<std::string> fallback) {
  const toml::node* node = get(name);
  if (node == nullptr) return fallback;
  if (node->is_array()) {
    if (auto value = raw_value(*node)) return std::get<std::vector<std::string>>(std::move(*value));
  }
  problem(name, "must be a list of texts");
  return fallback;
}

std::optional<Secret> TomlTable::secret(std::string_view name) {
  const toml::node* node = get(name);
  if (node == nullptr) return {};
  const auto* value = node->as_string();
  if (value == nullptr || value->get().empty()) {
    problem(name, "must be \"env:NAME\", \"file:PATH\" or the secret itself");
    return {};
  }
  auto resolved = resolve_secret(value->get(), context_.environment);
  if (!resolved && context_.findings.absent_secrets_allowed) return Secret();
  if (!resolved) {
    problem(name, resolved.error().context);
    return {};
  }
  if (!resolved->variable.empty()) context_.findings.secret_variables.push_back(resolved->variable);
  if (resolved->literal) {
    context_.findings.warn_of_literal(origin(name), fmt::format("{} of {}", name, label_));
  }
  return std::move(resolved->secret);
}

const toml::table* TomlTable::table(std::string_view name) {
  const toml::node* node = get(name);
  if (node == nullptr) return nullptr;
  if (const auto* value = node->as_table()) return value;
  problem(name, "must be a table: { name = value }");
  return nullptr;
}

Origin TomlTable::origin(std::string_view name) const {
  const toml::node* node = table_.get(name);
  return origin_of(context_, node != nullptr ? *node : table_);
}

void TomlTable::problem(std::string_view name, std::string_view what) {
  context_.findings.problem(origin(name), fmt::format("{} of {}: {}", name, label_, what));
}

void TomlTable::warn(std::string_view name, std::string_view what) {
  context_.findings.warn(origin(name), fmt::format("{} of {}: {}", name, label_, what));
}

void TomlTable::refuse_unknown() {
  for (const auto& [key, node] : table_) {
    if (std::find(known_.begin(), known_.end(), key.str()) != known_.end()) continue;
    context_.findings.problem(origin_of(context_, key),
                              fmt::format("unknown key \"{}\" in {}{}", key.str(), label_,
                                          did_you_mean(key.str(), known_)));
  }
}

}  // namespace sluice::app

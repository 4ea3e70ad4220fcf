#pragma once
/// One table of the file, read key by key: wrong types and unknown names become findings. Inside the loader only.

#include <toml++/toml.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config_findings.hpp"
#include "app/config_values.hpp"

namespace sluice::app {

/// What every table of one file shares.
struct TomlContext {
  std::string_view name;  // of the file
  const Environment& environment;
  Findings& findings;
};

[[nodiscard]] Origin origin_of(const TomlContext& context, const toml::node& node);
[[nodiscard]] Origin origin_of(const TomlContext& context, const toml::key& key);
/// Strings, whole numbers, numbers, booleans and lists of strings; nullopt for all else.
[[nodiscard]] std::optional<RawValue> raw_value(const toml::node& node);

///     TomlTable table(context, node, "[[key]] \"ci\"");
///     key.name = table.text("name");
///     table.refuse_unknown();
class TomlTable {
 public:
  TomlTable(TomlContext& context, const toml::table& table, std::string label)
      : context_(context), table_(table), label_(std::move(label)) {}

  [[nodiscard]] std::string text(std::string_view name, std::string fallback = {});
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t fallback, std::int64_t min,
                                     std::int64_t max);
  [[nodiscard]] bool boolean(std::string_view name, bool fallback);
  [[nodiscard]] std::vector<std::string> texts(std::string_view name,
                                               std::vector<std::string> fallback = {});
  /// Resolved; warns once a file when the value itself stands in a file that others may read.
  [[nodiscard]] std::optional<Secret> secret(std::string_view name);
  /// nullptr when absent or no table.
  [[nodiscard]] const toml::table* table(std::string_view name);
  /// Of a value that was read before; of the table when it is absent.
  [[nodiscard]] Origin origin(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return table_.contains(name); }

  void problem(std::string_view name, std::string_view what);
  void warn(std::string_view name, std::string_view what);
  /// After everything known was asked for.
  void refuse_unknown();

 private:
  const toml::node* get(std::string_view name);

  TomlContext& context_;
  const toml::table& table_;
  std::string label_;
  std::vector<std::string> known_;
};

}  // namespace sluice::app

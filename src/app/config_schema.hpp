#pragma once
/// The one table of configuration keys. The file, the environment, the command line, the printed configuration and
/// the reference in `docs/` all come from it.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/config.hpp"

namespace sluice::app {

/// A duration is written as a whole number of `unit` and held in milliseconds.
struct DurationField {
  Milliseconds& (*ref)(Config&);
  Milliseconds unit;
};

/// One of a few words.
struct ChoiceField {
  std::span<const std::string_view> names;
  void (*set)(Config&, std::size_t index);
  std::size_t (*get)(const Config&);
};

/// Where a value lives in a `Config`; the alternative is its type.
using Field = std::variant<bool& (*)(Config&), int& (*)(Config&), std::size_t& (*)(Config&),
                           std::string& (*)(Config&), Secret& (*)(Config&),
                           std::vector<std::string>& (*)(Config&),
                           std::vector<net::Network>& (*)(Config&), DurationField, ChoiceField>;

struct KeySpec {
  std::string_view section;
  std::string_view name;
  Field field;
  std::string_view help;
  std::int64_t min = 0;  // of numbers, in the unit of the key
  std::int64_t max = 0;
  std::string_view flag = {};  // "--listen", empty for keys without one
  /// What is wrong with a text or an element of a list; empty: nothing.
  std::string (*check)(std::string_view) = nullptr;

  [[nodiscard]] std::string environment_name() const;  // "SLUICE_SERVER_LISTEN"
};

[[nodiscard]] std::span<const KeySpec> config_keys();
[[nodiscard]] const KeySpec* find_key(std::string_view section, std::string_view name);
/// "server", "store", ... in the order of the table.
[[nodiscard]] std::vector<std::string_view> config_sections();

/// A value as a source gave it.
using RawValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

/// The text of a variable or a flag in the type that `key` wants: lists are cut at commas. What can't be read as
/// that type stays a text, and `assign` says so.
[[nodiscard]] RawValue from_text(const KeySpec& key, std::string_view text);

/// Puts `value` into `config`. Returns what is wrong with it, as "threads must be ..., not ..."; the value of a
/// secret is never repeated. A Secret takes "env:NAME" and "file:PATH" as they are: see `resolve_secret`.
[[nodiscard]] std::optional<std::string> assign(const KeySpec& key, Config& config,
                                                const RawValue& value);

/// The value as TOML; secrets as a hint, URLs without their password.
[[nodiscard]] std::string render(const KeySpec& key, const Config& config);
/// The whole configuration as TOML for people to read.
[[nodiscard]] std::string render(const Config& config);

}  // namespace sluice::app

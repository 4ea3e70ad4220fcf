#pragma once
/// The management commands as a table, and one of them as it was called. Pure: nothing is opened or printed here.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/manage/flags.hpp"

namespace CLI {
class App;
}

namespace sluice::app::manage {

/// What a command is about: how its name begins.
enum class Noun : std::uint8_t { account, pool, key, user, token, other };
enum class Action : std::uint8_t {
  add,
  list,
  show,
  set,
  test,
  lift,
  enable,
  disable,
  rotate,
  remove,
  restore,
  reset_password,
  rotate_secrets,
  back_up,
  restore_store,
  export_,
  import_,
  import_crs,
  list_audit,
  complete,
};

struct CommandSpec {
  std::string_view path;  // "account add"
  Noun noun = Noun::other;
  Action action = Action::list;
  std::string_view argument = {};  // "NAME", "[NAME]", "FILE"; empty: none
  std::string_view help;
  std::string_view example;  // what stands behind "sluice "
  std::span<const FlagSpec> fields = {};
  std::span<const FlagSpec> options = {};
  std::span<const std::string_view> choices = {};  // all that `argument` can be
};

/// In the order of the help.
[[nodiscard]] std::span<const CommandSpec> commands();
/// What stands beside a group's name in the help.
[[nodiscard]] std::string_view group_help(std::string_view group);

[[nodiscard]] const CommandSpec* find_command(std::string_view path);
/// Of its fields and options, by its long name.
[[nodiscard]] const FlagSpec* find_flag(const CommandSpec& command, std::string_view name);

struct Given {
  const FlagSpec* flag = nullptr;
  std::vector<std::string> values;
};

struct Invocation {
  const CommandSpec* command = nullptr;
  std::string argument;
  std::vector<Given> given;
  bool json = false;

  [[nodiscard]] const Given* find(std::string_view flag) const;
  [[nodiscard]] bool has(std::string_view flag) const { return find(flag) != nullptr; }
  /// Of a flag that is given once.
  [[nodiscard]] std::string value(std::string_view flag, std::string fallback = {}) const;
};

/// Adds all commands; `--config` and `--data` are added by whoever reads them, through `add_common`.
void add_commands(CLI::App& root, const std::function<void(CLI::App&)>& add_common);
/// What `root` was told, after it parsed; `command` is null when it was none of these.
[[nodiscard]] Invocation invocation_of(const CLI::App& root);
/// What is wrong with it, told before anything is opened; empty: nothing.
[[nodiscard]] std::string wrong_usage(const Invocation& invocation);

}  // namespace sluice::app::manage

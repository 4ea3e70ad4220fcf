#pragma once
/// The flags of the management commands. One table says which field of which kind a flag stands for and how its text is read;
/// parsing, help, completion, documentation and messages all come from it.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::app::manage {

enum class Form : std::uint8_t {
  text,      // as it is
  number,    // a whole number
  list,      // once for each element
  pairs,     // NAME=VALUE, once for each; NAME= is null
  limits,    // as pairs, where "concurrency" is a number
  hours,     // "mon,tue 09:00-17:00", once for each
  yes,       // takes no value
  secret,    // env:NAME, file:PATH, or - for the standard input; never the secret itself
  url,       // as a secret, or as it is where no password is in it
  password,  // a file, or - for the standard input
};

struct FlagSpec {
  std::string_view flag;  // "--api-key", "-o,--output"
  std::string_view field =
      {};  // "credential.api_key"; empty: an option of the command, not a field of an object
  Form form = Form::text;
  std::string_view value = {};  // what the help calls its value
  std::string_view help;
  std::span<const std::string_view> choices = {};  // all that it takes
  std::string_view names_of = {};  // "account": it takes a name of these, for completion
};

/// "--output" of "-o,--output".
[[nodiscard]] std::string_view long_name(const FlagSpec& flag);

// The fields of each kind, in the order of the help.
[[nodiscard]] std::span<const FlagSpec> account_flags();
[[nodiscard]] std::span<const FlagSpec> key_flags();
[[nodiscard]] std::span<const FlagSpec> user_flags();
[[nodiscard]] std::span<const FlagSpec> pool_flags();
[[nodiscard]] std::span<const FlagSpec> token_flags();

/// What is wrong with a value as it was given, in words that never hold it where it may be a secret; empty: nothing.
[[nodiscard]] std::string wrong_value(const FlagSpec& flag, std::string_view text);

}  // namespace sluice::app::manage

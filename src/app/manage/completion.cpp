#include "app/manage/completion.hpp"

#include <fmt/format.h>

#include <array>

namespace sluice::app::manage {
namespace {

constexpr std::array offered = {Verb::serve, Verb::demo,     Verb::manage,
                                Verb::check, Verb::simulate, Verb::version};

/// What may stand where a value is wanted, as `_sluice_values` reads it: words, "@account" for names, "@file", "@none".
std::string values_of(const std::vector<std::string>& choices, std::string_view names_of,
                      std::string_view type) {
  if (!choices.empty()) return fmt::format("{}", fmt::join(choices, " "));
  if (!names_of.empty()) return fmt::format("@{}", names_of);
  const bool file = type.find("FILE") != std::string_view::npos || type == "DIR";
  if (file) return "@file";
  return "@none";
}

/// "account add|--provider" -> "anthropic openai ...": the table that both scripts look into.
std::string table() {
  std::string words;
  std::string values;
  for (const OfferedCommand& command : offered_commands(offered)) {
    std::vector<std::string> flags;
    for (const OfferedFlag& flag : command.flags) {
      for (const std::string& name : flag.names) {
        if (name.starts_with("--")) flags.push_back(name);
        if (flag.value.empty()) continue;
        values += fmt::format("    '{}|{}') echo '{}' ;;\n", command.path, name,
                              values_of(flag.choices, flag.names_of, flag.value));
      }
    }
    words +=
        fmt::format("    '{}') echo '{}' ;;\n", command.path, fmt::join(command.commands, " "));
    values += fmt::format("    '{}|--') echo '{}' ;;\n", command.path, fmt::join(flags, " "));
    if (!command.argument.empty()) {
      values += fmt::format("    '{}|') echo '{}' ;;\n", command.path,
                            values_of(command.choices, command.names_of, command.argument));
    }
  }
  return fmt::format(
      "# The commands that may follow a command.\n"
      "_sluice_commands() {{\n  case $1 in\n{}  esac\n}}\n\n"
      "# What \"COMMAND|FLAG\" takes; \"COMMAND|\" is its argument, \"COMMAND|--\" its flags.\n"
      "_sluice_values() {{\n  case $1 in\n{}  esac\n}}\n\n",
      words, values);
}

/// In words[@] the line so far without the program, in `current` the word at the cursor; sets `candidates`.
constexpr std::string_view choose = R"sh(_sluice_candidates() {
  local program=$1 current=$2 path='' before='' word kind
  shift 2
  local place=() wanted=''
  for word in "$@"; do
    if [ -n "$before" ]; then
      case $before in --config | --data) place+=("$before" "$word") ;; esac
      before=''
      continue
    fi
    case $word in
      -*)
        wanted=$(_sluice_values "$path|$word")
        [ -z "$wanted" ] || before=$word
        ;;
      *)
        case " $(_sluice_commands "$path") " in
          *" $word "*) path="$path${path:+ }$word" ;;
        esac
        ;;
    esac
  done
  if [ -n "$before" ]; then
    wanted=$(_sluice_values "$path|$before")
  elif [ "${current#-}" != "$current" ]; then
    wanted=$(_sluice_values "$path|--")
  else
    wanted="$(_sluice_commands "$path") $(_sluice_values "$path|")"
  fi
  for word in $(echo "$wanted"); do
    case $word in
      @file) echo @file ;;
      @none) ;;
      @*) "$program" "${word#@}" list --names "${place[@]}" 2>/dev/null ;;
      *) echo "$word" ;;
    esac
  done
}
)sh";

constexpr std::string_view bash_head =
    R"sh(# Completion of sluice for bash: eval "$(sluice completion bash)"

)sh";
constexpr std::string_view bash_tail = R"sh(
_sluice() {
  local current=${COMP_WORDS[COMP_CWORD]} line
  COMPREPLY=()
  while IFS= read -r line; do
    if [ "$line" = @file ]; then
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
    elif [[ $line == "$current"* ]]; then
      COMPREPLY+=("$(printf '%q' "$line")")
    fi
  done < <(_sluice_candidates "${COMP_WORDS[0]}" "$current" "${COMP_WORDS[@]:1:COMP_CWORD-1}")
}
complete -F _sluice sluice
)sh";

constexpr std::string_view zsh_head = R"sh(#compdef sluice
# Completion of sluice for zsh: a file named _sluice in $fpath, or: source <(sluice completion zsh)

)sh";
constexpr std::string_view zsh_tail = R"sh(
_sluice_words() {
  emulate -L sh
  _sluice_candidates "$@"
}

_sluice() {
  local line
  local -a found
  while IFS= read -r line; do
    if [[ $line == @file ]]; then _files; else found+=("$line"); fi
  done < <(_sluice_words "${words[1]}" "${words[CURRENT]}" "${(@)words[2,CURRENT-1]}")
  compadd -a found
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _sluice "$@"; else compdef _sluice sluice; fi
)sh";

}  // namespace

std::string completion_script(std::string_view shell) {
  const bool bash = shell == "bash";
  return fmt::format("{}{}{}{}", bash ? bash_head : zsh_head, table(), choose,
                     bash ? bash_tail : zsh_tail);
}

}  // namespace sluice::app::manage

#include "app/manage/commands.hpp"

#include <algorithm>
#include <array>

namespace sluice::app::manage {
namespace {

using Flags = std::span<const FlagSpec>;

constexpr std::array list_options = {
    FlagSpec{.flag = "--search", .value = "TEXT", .help = "Only names that contain it"},
    FlagSpec{.flag = "--removed", .form = Form::yes, .help = "Also removed ones"},
    FlagSpec{.flag = "--names", .form = Form::yes, .help = "Names alone, one a line"},
};
constexpr std::array clear_options = {
    FlagSpec{.flag = "--clear",
             .form = Form::list,
             .value = "FLAG",
             .help = "Put what this flag sets back to its default; repeatable"},
    FlagSpec{.flag = "--if-version",
             .form = Form::number,
             .value = "N",
             .help = "Only if nobody changed it since `show` said this version"},
};
constexpr std::array remove_options = {
    FlagSpec{.flag = "-y,--yes", .form = Form::yes, .help = "Don't ask"},
};
constexpr std::array key_create_options = {
    FlagSpec{.flag = "--secret",
             .field = "secret",
             .form = Form::secret,
             .value = "env:NAME|file:PATH|-",
             .help = "A secret that stands already, instead of a new one"},
    FlagSpec{.flag = "--sha256",
             .field = "sha256",
             .value = "HEX",
             .help = "The same, where only its SHA-256 is to be known here"},
};
constexpr std::array rotate_options = {
    FlagSpec{
        .flag = "--grace",
        .value = "DURATION",
        .help = "How long the old secret works beside the new one, as 0s, 1h or 7d; default 24h"},
};
constexpr FlagSpec password_file = {
    .flag = "--password-file",
    .form = Form::password,
    .value = "FILE|-",
    .help =
        "Where the password is read from; - is the standard input; without it a "
        "terminal is asked, else one is made up and shown once"};
constexpr std::array password_options = {password_file};
constexpr std::array restore_store_options = {
    FlagSpec{.flag = "--replace", .form = Form::yes, .help = "Also over a store that isn't empty"},
};
constexpr FlagSpec passphrase_file = {
    .flag = "--passphrase-file",
    .form = Form::password,
    .value = "FILE|-",
    .help =
        "Where the passphrase for the secrets is read from; - is the standard "
        "input; without it a terminal is asked"};
constexpr std::array export_options = {
    passphrase_file,
    FlagSpec{
        .flag = "--without-secrets", .form = Form::yes, .help = "Leave provider credentials out"},
    FlagSpec{.flag = "-o,--output",
             .value = "FILE",
             .help = "Where to (0600); without it the standard output"},
};
constexpr std::array<std::string_view, 3> conflicts = {"refuse", "skip", "replace"};
constexpr FlagSpec on_conflict = {.flag = "--on-conflict",
                                  .value = "HOW",
                                  .help = "Where there is one of that name already; default refuse",
                                  .choices = conflicts};
constexpr FlagSpec dry_run = {
    .flag = "--dry-run", .form = Form::yes, .help = "Tell what would come over, change nothing"};
constexpr std::array import_options = {passphrase_file, on_conflict, dry_run};
constexpr std::array crs_options = {
    FlagSpec{.flag = "--encryption-key",
             .form = Form::secret,
             .value = "env:NAME|file:PATH|-",
             .help = "ENCRYPTION_KEY of the claude-relay-service: its keys go on working with it, "
                     "and only with it"},
    FlagSpec{.flag = "--time-zone",
             .value = "ZONE",
             .help = "Where its daily limits begin; default Asia/Shanghai, as there"},
    on_conflict,
    dry_run,
};
constexpr std::array<std::string_view, 5> audit_kinds = {"account", "pool", "key", "user", "token"};
constexpr std::array audit_options = {
    FlagSpec{
        .flag = "--kind", .value = "KIND", .help = "Only changes of these", .choices = audit_kinds},
    FlagSpec{.flag = "--object",
             .value = "NAME",
             .help = "Only changes of this one; a name needs --kind, an id does not"},
    FlagSpec{.flag = "--actor", .value = "ID", .help = "Only what this one did, as user:01H..."},
    FlagSpec{.flag = "--last",
             .form = Form::number,
             .value = "N",
             .help = "The newest N; without it all"},
};
constexpr std::array<std::string_view, 2> shells = {"bash", "zsh"};

std::vector<CommandSpec> make_commands() {
  using enum Action;
  return {
      {.path = "account add",
       .noun = Noun::account,
       .action = add,
       .argument = "[NAME]",
       .help = "Add an account at a provider",
       .example = "account add --name main --provider anthropic --api-key env:ANTHROPIC_API_KEY",
       .fields = account_flags()},
      {.path = "account list",
       .noun = Noun::account,
       .action = list,
       .help = "List the accounts",
       .example = "account list --json",
       .options = list_options},
      {.path = "account show",
       .noun = Noun::account,
       .action = show,
       .argument = "NAME",
       .help = "Show all of an account, but for its secrets",
       .example = "account show main"},
      {.path = "account set",
       .noun = Noun::account,
       .action = set,
       .argument = "NAME",
       .help = "Change an account; what a flag names is replaced, the rest stays",
       .example = "account set main --priority 5 --model 'claude-*' --clear proxy",
       .fields = account_flags(),
       .options = clear_options},
      {.path = "account test",
       .noun = Noun::account,
       .action = test,
       .argument = "NAME",
       .help = "Try an account step by step: name, connection, TLS, credential; bills nothing",
       .example = "account test main"},
      {.path = "account lift",
       .noun = Noun::account,
       .action = lift,
       .argument = "NAME",
       .help = "Use an account again that cools down or is blocked; running servers do within a "
               "second",
       .example = "account lift main"},
      {.path = "account enable",
       .noun = Noun::account,
       .action = enable,
       .argument = "NAME",
       .help = "Switch an account on",
       .example = "account enable main"},
      {.path = "account disable",
       .noun = Noun::account,
       .action = disable,
       .argument = "NAME",
       .help = "Switch an account off; what runs on it goes on to its end",
       .example = "account disable main"},
      {.path = "account remove",
       .noun = Noun::account,
       .action = remove,
       .argument = "NAME",
       .help = "Remove an account; `restore` brings it back",
       .example = "account remove main --yes",
       .options = remove_options},
      {.path = "account restore",
       .noun = Noun::account,
       .action = restore,
       .argument = "ID",
       .help = "Bring a removed account back; its id is in `account list --removed`",
       .example = "account restore 01JD0000000000000000000000"},
      {.path = "key create",
       .noun = Noun::key,
       .action = add,
       .argument = "[NAME]",
       .help = "Create a client key and print its secret, once",
       .example =
           "key create --name ci --limit requests=60/1m --limit concurrency=10 --budget day=10",
       .fields = key_flags(),
       .options = key_create_options},
      {.path = "key list",
       .noun = Noun::key,
       .action = list,
       .help = "List the client keys",
       .example = "key list --search team-",
       .options = list_options},
      {.path = "key show",
       .noun = Noun::key,
       .action = show,
       .argument = "NAME",
       .help = "Show all of a key, but for its secret",
       .example = "key show ci"},
      {.path = "key set",
       .noun = Noun::key,
       .action = set,
       .argument = "NAME",
       .help = "Change a key; what a flag names is replaced, the rest stays",
       .example = "key set ci --pool default --pool spare --clear expires",
       .fields = key_flags(),
       .options = clear_options},
      {.path = "key rotate",
       .noun = Noun::key,
       .action = rotate,
       .argument = "NAME",
       .help = "Give a key a new secret and print it, once; the old one works for a while",
       .example = "key rotate ci --grace 1h",
       .options = rotate_options},
      {.path = "key revoke",
       .noun = Noun::key,
       .action = disable,
       .argument = "NAME",
       .help = "Switch a key off; running servers refuse it within a second",
       .example = "key revoke ci"},
      {.path = "key enable",
       .noun = Noun::key,
       .action = enable,
       .argument = "NAME",
       .help = "Switch a key on again",
       .example = "key enable ci"},
      {.path = "key remove",
       .noun = Noun::key,
       .action = remove,
       .argument = "NAME",
       .help = "Remove a key; running servers refuse it within a second; `restore` brings it back",
       .example = "key remove ci --yes",
       .options = remove_options},
      {.path = "key restore",
       .noun = Noun::key,
       .action = restore,
       .argument = "ID",
       .help = "Bring a removed key back; its id is in `key list --removed`",
       .example = "key restore 01JD0000000000000000000000"},
      {.path = "pool list",
       .noun = Noun::pool,
       .action = list,
       .help = "List the pools that accounts and keys belong to",
       .example = "pool list",
       .options = list_options},
      {.path = "pool show",
       .noun = Noun::pool,
       .action = show,
       .argument = "NAME",
       .help = "Show all of a pool",
       .example = "pool show default"},
      {.path = "pool add",
       .noun = Noun::pool,
       .action = add,
       .argument = "[NAME]",
       .help = "Add a pool",
       .example = "pool add --name spare --note 'when the others are full'",
       .fields = pool_flags()},
      {.path = "pool set",
       .noun = Noun::pool,
       .action = set,
       .argument = "NAME",
       .help = "Change a pool",
       .example = "pool set spare --note 'nights only'",
       .fields = pool_flags(),
       .options = clear_options},
      {.path = "pool remove",
       .noun = Noun::pool,
       .action = remove,
       .argument = "NAME",
       .help = "Remove a pool",
       .example = "pool remove spare --yes",
       .options = remove_options},
      {.path = "user add",
       .noun = Noun::user,
       .action = add,
       .argument = "[NAME]",
       .help = "Add a person who may sign in to the admin side",
       .example = "user add --name ann --role operator --password-file ann.password",
       .fields = user_flags(),
       .options = password_options},
      {.path = "user list",
       .noun = Noun::user,
       .action = list,
       .help = "List the users",
       .example = "user list --json",
       .options = list_options},
      {.path = "user show",
       .noun = Noun::user,
       .action = show,
       .argument = "NAME",
       .help = "Show all of a user, but for the password",
       .example = "user show ann"},
      {.path = "user set",
       .noun = Noun::user,
       .action = set,
       .argument = "NAME",
       .help = "Change a user",
       .example = "user set ann --role admin",
       .fields = user_flags(),
       .options = clear_options},
      {.path = "user enable",
       .noun = Noun::user,
       .action = enable,
       .argument = "NAME",
       .help = "Let a user sign in again",
       .example = "user enable ann"},
      {.path = "user disable",
       .noun = Noun::user,
       .action = disable,
       .argument = "NAME",
       .help = "Keep a user from signing in",
       .example = "user disable ann"},
      {.path = "user reset-password",
       .noun = Noun::user,
       .action = reset_password,
       .argument = "NAME",
       .help = "Give a user a new password and take the second factor off; all sessions end",
       .example = "user reset-password ann --password-file -",
       .options = password_options},
      {.path = "user remove",
       .noun = Noun::user,
       .action = remove,
       .argument = "NAME",
       .help = "Remove a user",
       .example = "user remove ann --yes",
       .options = remove_options},
      {.path = "user restore",
       .noun = Noun::user,
       .action = restore,
       .argument = "ID",
       .help = "Bring a removed user back; the id is in `user list --removed`",
       .example = "user restore 01JD0000000000000000000000"},
      {.path = "token create",
       .noun = Noun::token,
       .action = add,
       .argument = "[NAME]",
       .help = "Create a token for the admin API and print it, once",
       .example = "token create --name deploy --role operator --scope keys:read --scope keys:write",
       .fields = token_flags()},
      {.path = "token list",
       .noun = Noun::token,
       .action = list,
       .help = "List the tokens of the admin API",
       .example = "token list",
       .options = list_options},
      {.path = "token show",
       .noun = Noun::token,
       .action = show,
       .argument = "NAME",
       .help = "Show all of a token, but for its secret",
       .example = "token show deploy"},
      {.path = "token revoke",
       .noun = Noun::token,
       .action = remove,
       .argument = "NAME",
       .help = "End a token, at once and for good",
       .example = "token revoke deploy --yes",
       .options = remove_options},
      {.path = "secrets rotate",
       .action = rotate_secrets,
       .help = "Make a new master key, seal every secret with it, and drop the old one",
       .example = "secrets rotate"},
      {.path = "backup",
       .action = back_up,
       .argument = "FILE",
       .help = "Write the whole store to a file while servers run; secrets stay sealed in it",
       .example = "backup sluice-backup.jsonl"},
      {.path = "restore",
       .action = restore_store,
       .argument = "FILE",
       .help = "Read a backup into the store, all of it or nothing",
       .example = "restore sluice-backup.jsonl --replace",
       .options = restore_store_options},
      {.path = "export",
       .action = export_,
       .help =
           "Write the configuration as one JSON document, secrets under a passphrase or left out",
       .example = "export --passphrase-file passphrase.txt -o sluice.json",
       .options = export_options},
      {.path = "import",
       .action = import_,
       .argument = "FILE",
       .help = "Read what `export` wrote",
       .example = "import sluice.json --passphrase-file passphrase.txt",
       .options = import_options},
      {.path = "import crs",
       .action = import_crs,
       .argument = "FILE",
       .help = "Read what the data-transfer script of claude-relay-service wrote",
       .example = "import crs crs-export.json --encryption-key env:CRS_ENCRYPTION_KEY --dry-run",
       .options = crs_options},
      {.path = "audit list",
       .action = list_audit,
       .help = "List who changed what, the newest first",
       .example = "audit list --kind key --last 20",
       .options = audit_options},
      {.path = "completion",
       .action = complete,
       .argument = "SHELL",
       .help = "Print a completion script for bash or zsh",
       .example = "completion bash > ~/.local/share/bash-completion/completions/sluice",
       .choices = shells},
  };
}

}  // namespace

std::span<const CommandSpec> commands() {
  static const std::vector<CommandSpec> all = make_commands();
  return all;
}

std::string_view group_help(std::string_view group) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> groups = {{
      {"account",
       "Accounts at providers: add, list, show, set, test, enable, disable, remove, restore"},
      {"key", "Client keys: create, list, show, set, rotate, revoke, enable, remove, restore"},
      {"pool", "Pools that accounts and keys belong to: list, show, add, set, remove"},
      {"user",
       "People who may sign in to the admin side: add, list, show, set, enable, disable, "
       "reset-password, remove, restore"},
      {"token", "Tokens of the admin API: create, list, show, revoke"},
      {"secrets", "The master key that secrets are sealed with: rotate"},
      {"audit", "Who changed what: list"},
      {"import", "Read a configuration that was exported, here or elsewhere"},
  }};
  const auto found = std::find_if(groups.begin(), groups.end(),
                                  [&](const auto& entry) { return entry.first == group; });
  return found == groups.end() ? std::string_view() : found->second;
}

const CommandSpec* find_command(std::string_view path) {
  const auto all = commands();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const CommandSpec& command) { return command.path == path; });
  return found == all.end() ? nullptr : &*found;
}

const FlagSpec* find_flag(const CommandSpec& command, std::string_view name) {
  for (const auto& flags : {command.fields, command.options}) {
    for (const FlagSpec& flag : flags) {
      if (long_name(flag) == name) return &flag;
    }
  }
  return nullptr;
}

const Given* Invocation::find(std::string_view flag) const {
  const auto found = std::find_if(given.begin(), given.end(), [&](const Given& candidate) {
    return long_name(*candidate.flag) == flag;
  });
  return found == given.end() ? nullptr : &*found;
}

std::string Invocation::value(std::string_view flag, std::string fallback) const {
  const Given* found = find(flag);
  return found == nullptr || found->values.empty() ? std::move(fallback) : found->values.front();
}

}  // namespace sluice::app::manage

#include "app/admin_host.hpp"

#include <boost/json/parse.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "app/config_schema.hpp"
#include "app/try_account.hpp"
#include "base/log.hpp"

namespace sluice::app {
namespace {

namespace json = boost::json;

/// As many passwords are hashed at once: 64 MiB each.
constexpr std::size_t threads = 4;
constexpr Milliseconds step_max{5000};  // of an account's test
constexpr const char* password_file_variable = "SLUICE_ADMIN_PASSWORD_FILE";
constexpr std::string_view first_user = "admin";

std::shared_ptr<const admin::Declared> declared_of(const Config& config) {
  auto declared = std::make_shared<admin::Declared>();
  declared->accounts = config.accounts;
  declared->keys = config.keys;
  if (config.security.allow_private_upstreams) {
    declared->private_upstreams = provider::PrivateUpstreams::allowed;
  }
  return declared;
}

/// By section and name, as `sluice check` shows them: secrets as hints.
json::object settings_of(const Config& config) {
  json::object sections;
  for (const KeySpec& key : config_keys()) {
    json::value& section = sections[key.section];
    if (!section.is_object()) section.emplace_object();
    const std::string text = render(key, config);
    boost::system::error_code error;
    json::value value =
        json::parse(text, error);  // what TOML and JSON write alike, and that is all of ours
    section.get_object()[key.name] = error ? json::value(text) : std::move(value);
  }
  return sections;
}

Result<Secret> read_password(const char* path) {
  std::ifstream file(path);
  std::string text;
  if (!std::getline(file, text)) {
    return fail(Errc::invalid_config, Side::gateway,
                std::string(password_file_variable) + ": " + path + " can't be read or is empty");
  }
  if (text.ends_with('\r')) text.pop_back();
  return Secret(std::move(text));
}

}  // namespace

AdminHost::AdminHost(store::Database& database, store::SecretBox& secrets, const Clock& clock,
                     const Config& config, Health health)
    : config_(std::make_shared<Config>(config)),
      management_(database, secrets, clock),
      sign_in_(database, secrets, clock, config.security.session),
      api_(management_, sign_in_, database, clock, facts(std::move(health))),
      pool_(threads),
      side_(api_, pool_) {
  management_.use(declared_of(config));
}

AdminHost::~AdminHost() { stop(); }

std::shared_ptr<const Config> AdminHost::config() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

admin::ProgramFacts AdminHost::facts(Health health) {
  return {.health = std::move(health),
          .settings = [this] { return settings_of(*config()); },
          .test_account =
              [this](const provider::AccountSettings& account) {
                const auto private_upstreams = config()->security.allow_private_upstreams
                                                   ? provider::PrivateUpstreams::allowed
                                                   : provider::PrivateUpstreams::refused;
                return steps_json(try_account(account, private_upstreams, step_max));
              }};
}

void AdminHost::use(const Config& config) {
  management_.use(declared_of(config));
  const std::lock_guard lock(mutex_);
  config_ = std::make_shared<Config>(config);
}

Status AdminHost::make_first_user() {
  const char* const path = std::getenv(password_file_variable);
  if (path == nullptr || *path == '\0') return {};
  TRY(const bool users, sign_in_.has_users());
  if (users) return {};
  TRY(const Secret password, read_password(path));
  const auto made = sign_in_.make_first_user(first_user, password);
  if (!made) {
    return fail(Errc::invalid_config, Side::gateway,
                std::string(password_file_variable) + ": " + made.error().message);
  }
  if (*made) log::info("setup.done user={} by={}", first_user, password_file_variable);
  return {};
}

Status AdminHost::welcome(const std::string& base_url) {
  TRY(const bool users, sign_in_.has_users());
  if (users) return {};
  TRY(const Secret token, sign_in_.make_setup_token());
  // The one secret that is printed: it works once, for an hour, and only to make the first user of an empty store.
  const std::string link = base_url + "/setup#" + std::string(token.reveal());
  log::warn("setup.waiting link={}", link);
  std::printf(
      "\nThere is no user yet. Open this link within an hour to create the first:\n  %s\n\n",
      link.c_str());
  std::fflush(stdout);
  return {};
}

}  // namespace sluice::app

#include "app/manage/desk.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <cstdio>

#include "app/manage/fields.hpp"

namespace sluice::app::manage {
namespace {

Tried<std::unique_ptr<Desk>> read_configuration(const Command& command) {
  ConfigSources sources = command.sources();
  sources.absent_secrets = AbsentSecrets::allowed;
  LoadedConfig loaded = load_config(sources);
  if (!loaded.problems.empty()) {
    const std::size_t more = loaded.problems.size() - 1;
    return give_up(more == 0 ? loaded.problems.front()
                             : fmt::format("{} (and {} more: see `sluice check`)",
                                           loaded.problems.front(), more));
  }
  auto desk = std::make_unique<Desk>();
  desk->config = std::move(loaded.config);
  desk->config_file = std::move(loaded.file);
  desk->environment = std::move(sources.environment);
  return desk;
}

Done open_database(Desk& desk) {
  auto database = store::Database::open(
      {.url = desk.config.store.url, .data_dir = desk.config.store.data_dir, .connections = 1});
  if (!database) return std::unexpected(failure_of(database.error()));
  desk.database = std::move(*database);
  return {};
}

}  // namespace

Tried<std::unique_ptr<Desk>> open_store(const Command& command) {
  TRY(auto desk, read_configuration(command));
  CHECK_OK(open_database(*desk));
  return desk;
}

Tried<std::unique_ptr<Desk>> open_desk(const Command& command) {
  TRY(auto desk, open_store(command));
  auto secrets = store::SecretBox::open(*desk->database, desk->config.security.master_key_file);
  if (!secrets) return std::unexpected(failure_of(secrets.error()));
  desk->secrets = std::move(*secrets);
  desk->management =
      std::make_unique<admin::Management>(*desk->database, *desk->secrets, desk->clock);
  desk->management->use(std::make_shared<const admin::Declared>(
      admin::Declared{.accounts = desk->config.accounts,
                      .keys = desk->config.keys,
                      .private_upstreams = private_upstreams(desk->config)}));
  return desk;
}

provider::PrivateUpstreams private_upstreams(const Config& config) {
  return config.security.allow_private_upstreams ? provider::PrivateUpstreams::allowed
                                                 : provider::PrivateUpstreams::refused;
}

Failure failure_of(const admin::Refusal& refusal, const Invocation& invocation) {
  if (refusal.field == "credential" && invocation.command->noun == Noun::account &&
      refusal.message.starts_with("is missing")) {
    return {
        "a credential is needed: --api-key env:NAME, file:PATH or - (or --bearer-token, or those "
        "of "
        "--oauth2)",
        2};
  }
  const std::string_view flag = flag_of_field(invocation, refusal.field);
  const bool usage = refusal.code == Errc::invalid_request && !flag.empty() && invocation.has(flag);
  if (!flag.empty()) return {fmt::format("{}: {}", flag, refusal.message), usage ? 2 : 1};
  if (!refusal.field.empty()) return {fmt::format("{}: {}", refusal.field, refusal.message), 1};
  return {refusal.message, 1};
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!text.ends_with('\n')) std::fputc('\n', stdout);
}

void print_json(const boost::json::value& value) { print(boost::json::serialize(value)); }

}  // namespace sluice::app::manage

#include "app/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <csignal>
#include <cstdio>

#include "app/config_schema.hpp"
#include "app/verbs.hpp"
#include "provider/providers.hpp"

namespace sluice::app {
namespace {

std::string_view to_string(Grade grade) {
  switch (grade) {
    case Grade::ok: return "ok";
    case Grade::warn: return "warn";
    case Grade::fail: return "fail";
  }
  return {};
}

CheckLine check_account(const provider::AccountSettings& account, const Config& config) {
  const std::string subject = fmt::format("account {}", account.name);
  if (account.disabled) return {Grade::ok, subject, "switched off; not tried"};
  const provider::ProviderSpec* provider = provider::find_provider(account.provider);
  if (provider == nullptr || !provider->served) {
    return {Grade::warn, subject,
            fmt::format("the provider {} is not served by this version; remove the account or wait "
                        "for a later one",
                        account.provider)};
  }
  return check_reach(account,
                     config.security.allow_private_upstreams ? provider::PrivateUpstreams::allowed
                                                             : provider::PrivateUpstreams::refused,
                     config.relay.connect_timeout);
}

}  // namespace

std::vector<CheckLine> check_all(const ConfigSources& sources) {
  std::vector<CheckLine> out;
  const LoadedConfig loaded = load_config(sources);
  for (const std::string& problem : loaded.problems)
    out.push_back({Grade::fail, "config", problem});
  for (const std::string& warning : loaded.warnings)
    out.push_back({Grade::warn, "config", warning});
  if (!loaded.problems.empty()) return out;
  const Config& config = loaded.config;
  out.push_back({Grade::ok, "config",
                 fmt::format("{}; {} accounts and {} keys declared, all secrets found",
                             loaded.file.empty() ? "no file, defaults" : loaded.file,
                             config.accounts.size(), config.keys.size())});
  out.push_back(check_data_folder(config.store.data_dir));
  out.push_back(check_master_key(config.security.master_key_file));
  if (!config.server.tls_certificate.empty()) {
    out.push_back(check_certificate(config.server.tls_certificate, config.server.tls_key,
                                    SystemClock().wall_now()));
  }
  std::vector<provider::AccountSettings> accounts = config.accounts;
  for (CheckLine& line : check_store(config, accounts)) out.push_back(std::move(line));
  for (const provider::AccountSettings& account : accounts)
    out.push_back(check_account(account, config));
  return out;
}

bool any_failed(const std::vector<CheckLine>& lines) {
  return std::any_of(lines.begin(), lines.end(),
                     [](const CheckLine& line) { return line.grade == Grade::fail; });
}

std::string check_text(const std::vector<CheckLine>& lines) {
  std::string out;
  for (const CheckLine& line : lines) {
    out += fmt::format("{:<5} {}: {}\n", to_string(line.grade), line.subject, line.message);
  }
  return out;
}

std::string check_json(const std::vector<CheckLine>& lines) {
  boost::json::array findings;
  for (const CheckLine& line : lines) {
    findings.push_back(boost::json::object{
        {"grade", to_string(line.grade)}, {"subject", line.subject}, {"message", line.message}});
  }
  const boost::json::object out = {{"ok", !any_failed(lines)}, {"findings", std::move(findings)}};
  return boost::json::serialize(out) + "\n";
}

int run_check(const Command& command) {
  const ConfigSources sources = command.sources();
  if (command.print_config) {
    const LoadedConfig loaded = load_config(sources);
    for (const std::string& problem : loaded.problems)
      std::fprintf(stderr, "%s\n", problem.c_str());
    if (!loaded.problems.empty()) return 1;
    std::fputs(render(loaded.config).c_str(), stdout);
    return 0;
  }
  // A provider that hangs up within the handshake must end in a line, not end us.
  std::signal(SIGPIPE, SIG_IGN);
  const auto lines = check_all(sources);
  std::fputs((command.json ? check_json(lines) : check_text(lines)).c_str(), stdout);
  if (!any_failed(lines)) return 0;
  std::fputs("sluice: check failed; each line marked fail says what to do\n", stderr);
  return 1;
}

}  // namespace sluice::app

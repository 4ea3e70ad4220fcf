#include "app/config_load.hpp"
#include "base/names.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <tuple>

#include "app/config_findings.hpp"
#include "app/config_toml.hpp"
#include "provider/oauth2.hpp"
#include "provider/upstream_url.hpp"

namespace sluice::app {
namespace {

constexpr std::size_t file_bytes_max = 16 << 20;

/// The first file of the sources that exists; a named one must.
std::string choose_file(const ConfigSources& sources, Findings& findings) {
  struct stat info{};
  if (sources.file) {
    if (stat(sources.file->c_str(), &info) == 0 && S_ISREG(info.st_mode)) return *sources.file;
    findings.problem({*sources.file, 0}, "there is no such file");
    return {};
  }
  for (const std::string& file : sources.default_files) {
    if (stat(file.c_str(), &info) == 0) return file;
  }
  return {};
}

void read_file(const std::string& path, const Environment& environment, Config& config,
               Findings& findings) {
  struct stat info{};
  std::ifstream file(path, std::ios::binary);
  if (!file || stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return findings.problem({path, 0}, "the file can't be read");
  }
  if (static_cast<std::size_t>(info.st_size) > file_bytes_max) {
    return findings.problem({path, 0},
                            fmt::format("the file is larger than {} bytes", file_bytes_max));
  }
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  findings.readable_by_others = (info.st_mode & (S_IRGRP | S_IROTH)) != 0;
  // "./" says nothing in a message.
  const std::string_view name = path.starts_with("./") ? std::string_view(path).substr(2) : path;
  read_toml(text, name, environment, config, findings);
}

void take(const KeySpec& key, std::string_view text, const Origin& at, Config& config,
          Findings& findings) {
  if (const auto problem = assign(key, config, from_text(key, text)))
    findings.problem(at, *problem);
  findings.origins[&key] = at;
}

void read_environment(const Environment& environment, Config& config, Findings& findings) {
  std::vector<std::string> names;
  for (const KeySpec& key : config_keys()) names.push_back(key.environment_name());
  std::vector<std::string> prefixes;
  for (const std::string_view section : config_sections()) {
    prefixes.push_back(KeySpec{.section = section, .name = "", .field = DurationField{}, .help = ""}
                           .environment_name());
  }
  for (const KeySpec& key : config_keys()) {
    const auto* field = std::get_if<Secret& (*)(Config&)>(&key.field);
    if (field == nullptr) continue;
    const std::string_view text = (*field)(config).reveal();
    if (text.starts_with("env:")) findings.secret_variables.emplace_back(text.substr(4));
  }
  for (const auto& [name, value] : environment) {
    const bool ours = std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) {
      return name.starts_with(prefix);
    });
    const auto& secrets = findings.secret_variables;
    if (!ours || std::find(secrets.begin(), secrets.end(), name) != secrets.end()) continue;
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      findings.problem({name, 0},
                       fmt::format("no setting has this name{}", did_you_mean(name, names)));
    } else {
      take(config_keys()[static_cast<std::size_t>(found - names.begin())], value, {name, 0}, config,
           findings);
    }
  }
}

void read_flags(const std::vector<FlagValue>& flags, Config& config, Findings& findings) {
  for (const FlagValue& given : flags) {
    for (const KeySpec& key : config_keys()) {
      if (key.flag == given.flag) take(key, given.value, {given.flag, 0}, config, findings);
    }
  }
}

Origin origin(const Findings& findings, std::string_view section, std::string_view name) {
  const auto found = findings.origins.find(find_key(section, name));
  return found == findings.origins.end() ? Origin{"defaults", 0} : found->second;
}

/// "env:NAME" and "file:PATH" of the secrets in sections.
void resolve_section_secrets(const ConfigSources& sources, Config& config, Findings& findings) {
  for (const KeySpec& key : config_keys()) {
    const auto* field = std::get_if<Secret& (*)(Config&)>(&key.field);
    if (field == nullptr || (*field)(config).empty()) continue;
    auto resolved = resolve_secret((*field)(config).reveal(), sources.environment);
    if (!resolved && findings.absent_secrets_allowed && key.section != "store") {
      (*field)(config) = Secret();
    } else if (!resolved) {
      findings.problem(origin(findings, key.section, key.name),
                       fmt::format("[{}] {}: {}", key.section, key.name, resolved.error().context));
    } else {
      const Origin at = origin(findings, key.section, key.name);
      const std::string_view text = resolved->secret.reveal();
      const bool confidential =
          text.find("://") == std::string_view::npos || redact_url(text) != text;
      if (resolved->literal && confidential && at.line != 0) {
        findings.warn_of_literal(at, fmt::format("[{}] {}", key.section, key.name));
      }
      (*field)(config) = std::move(resolved->secret);
    }
  }
}

void fill_paths(const Environment& environment, Config& config) {
  if (config.store.data_dir.empty()) {
    // systemd gives several folders with colons between; ours is the first.
    const std::string state = lookup(environment, "STATE_DIRECTORY").value_or("");
    config.store.data_dir = state.empty() ? "./sluice-data" : state.substr(0, state.find(':'));
  }
  if (config.security.master_key_file.empty()) {
    config.security.master_key_file = config.store.data_dir + "/master.key";
  }
}

void check_together(const Config& config, Findings& findings) {
  const ServerConfig& server = config.server;
  if (server.tls_certificate.empty() != server.tls_key.empty()) {
    const bool key_missing = server.tls_key.empty();
    findings.problem(origin(findings, "server", key_missing ? "tls_certificate" : "tls_key"),
                     fmt::format("[server] {} is set and {} is not; TLS needs both",
                                 key_missing ? "tls_certificate" : "tls_key",
                                 key_missing ? "tls_key" : "tls_certificate"));
  }
  if (!server.admin_listen.empty() && server.admin_listen == server.listen &&
      !server.listen.ends_with(":0")) {
    findings.problem(origin(findings, "server", "admin_listen"),
                     "[server] admin_listen is the same as listen; leave it empty or change it");
  }
  const std::string_view store = config.store.url.reveal();
  if (!store.starts_with("sqlite://") && !store.starts_with("postgresql://")) {
    findings.problem(origin(findings, "store", "url"),
                     "[store] url must start with sqlite:// or postgresql://");
  }
  const std::string_view redis = config.cluster.redis_url.reveal();
  if (!redis.empty() && !redis.starts_with("redis://") && !redis.starts_with("rediss://")) {
    findings.problem(origin(findings, "cluster", "redis_url"),
                     "[cluster] redis_url must start with redis:// or rediss://");
  }
  const auto rule = config.security.allow_private_upstreams ? provider::PrivateUpstreams::allowed
                                                            : provider::PrivateUpstreams::refused;
  for (std::size_t i = 0; i < config.accounts.size(); ++i) {
    const auto url = provider::parse_upstream_url(config.accounts[i].base_url);
    if (!url) continue;  // Told when it was read.
    if (const auto permitted = provider::permit_upstream(*url, rule); !permitted) {
      findings.problem(findings.base_urls[i],
                       fmt::format("base_url of [[account]] \"{}\": {}", config.accounts[i].name,
                                   permitted.error().context));
    }
  }
  for (const provider::AccountSettings& account : config.accounts) {
    const auto endpoint = provider::parse_token_url(account.credential.oauth2.token_url);
    const auto at = findings.token_urls.find(account.name);
    if (!endpoint || at == findings.token_urls.end()) continue;
    const net::Origin& to = endpoint->origin;
    const provider::UpstreamUrl url{.tls = to.tls, .host = to.host, .port = to.port, .path = ""};
    if (const auto permitted = provider::permit_upstream(url, rule); !permitted) {
      findings.problem(at->second, fmt::format("token_url of [[account]] \"{}\": {}", account.name,
                                               permitted.error().context));
    }
  }
  for (std::size_t i = 0; i < config.webhooks.size(); ++i) {
    const auto endpoint = provider::parse_token_url(config.webhooks[i].url.reveal());
    if (!endpoint) continue;  // Told when it was read.
    const net::Origin& to = endpoint->origin;
    const provider::UpstreamUrl url{.tls = to.tls, .host = to.host, .port = to.port, .path = ""};
    if (const auto permitted = provider::permit_upstream(url, rule); !permitted) {
      findings.problem(findings.webhook_urls[i],
                       fmt::format("url of [[webhook]] \"{}\": {}", config.webhooks[i].name,
                                   permitted.error().context));
    }
  }
}

}  // namespace

std::string Origin::str() const { return line == 0 ? source : fmt::format("{}:{}", source, line); }

void Findings::warn_of_literal(const Origin& at, std::string_view what) {
  if (!readable_by_others || warned_of_mode_) return;
  warned_of_mode_ = true;
  warn(at, fmt::format("{}: the secret stands in a file that others may read; chmod 600 it, or use "
                       "env:NAME or file:PATH",
                       what));
}

std::vector<std::string> Findings::listing(const std::vector<Finding>& findings) {
  // Tables come in the order of their names; people read from the top. Other sources keep their order.
  std::vector<std::string> sources;
  std::map<std::tuple<std::ptrdiff_t, unsigned, std::size_t>, const Finding*> sorted;
  for (const Finding& finding : findings) {
    const auto found = std::find(sources.begin(), sources.end(), finding.at.source);
    const auto rank = found - sources.begin();
    if (found == sources.end()) sources.push_back(finding.at.source);
    sorted.emplace(std::tuple(rank, finding.at.line, sorted.size()), &finding);
  }
  std::vector<std::string> out;
  for (const auto& [place, finding] : sorted) {
    out.push_back(fmt::format("{}: {}", finding->at.str(), finding->what));
  }
  return out;
}

Environment process_environment() {
  Environment out;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    out.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

LoadedConfig load_config(const ConfigSources& sources) {
  LoadedConfig out;
  Findings findings;
  findings.absent_secrets_allowed = sources.absent_secrets == AbsentSecrets::allowed;
  out.file = choose_file(sources, findings);
  if (!out.file.empty()) read_file(out.file, sources.environment, out.config, findings);
  read_environment(sources.environment, out.config, findings);
  read_flags(sources.flags, out.config, findings);
  resolve_section_secrets(sources, out.config, findings);
  fill_paths(sources.environment, out.config);
  check_together(out.config, findings);
  out.problems = findings.problems();
  out.warnings = findings.warnings();
  return out;
}

}  // namespace sluice::app

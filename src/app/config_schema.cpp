#include "app/config_schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "app/config_values.hpp"
#include "base/ascii.hpp"
#include "base/names.hpp"
#include "provider/upstream_url.hpp"

namespace sluice::app {
namespace {

template <auto section, auto field>
auto& ref(Config& config) {
  return config.*section.*field;
}

constexpr Milliseconds ms{1};
constexpr Milliseconds second{1000};
constexpr Milliseconds hour{3'600'000};
constexpr Milliseconds day{86'400'000};

template <auto section, auto field>
constexpr DurationField duration(Milliseconds unit) {
  return {&ref<section, field>, unit};
}

/// The enumerators of `field` are numbered as `names` are.
template <auto section, auto field>
ChoiceField choice(std::span<const std::string_view> names) {
  return {names,
          [](Config& config, std::size_t index) {
            auto& value = config.*section.*field;
            value = static_cast<std::remove_reference_t<decltype(value)>>(index);
          },
          [](const Config& config) { return static_cast<std::size_t>(config.*section.*field); }};
}

constexpr std::array<std::string_view, 2> client_gone_names = {"cancel", "drain"};
constexpr std::array<std::string_view, 2> durability_names = {"process", "power"};
constexpr std::array<std::string_view, 6> level_names = {"trace", "debug", "info",
                                                         "warn",  "error", "off"};
constexpr std::array<std::string_view, 2> format_names = {"text", "json"};

std::string check_listen(std::string_view text) {
  if (parse_listen_address(text)) return {};
  return "must be an address and a port such as \"127.0.0.1:8080\", \"0.0.0.0:8080\" or "
         "\"[::1]:8080\"";
}

std::string check_optional_listen(std::string_view text) {
  return text.empty() ? std::string() : check_listen(text);
}

std::string check_origin(std::string_view text) {
  if (text == "*") return {};
  const auto url = provider::parse_upstream_url(text);
  if (url && url->path.empty() && !text.ends_with('/')) return {};
  return "must be origins such as \"https://app.example.com\"";
}

std::string check_endpoint(std::string_view text) {
  if (text.empty() || provider::parse_upstream_url(text)) return {};
  return "must be a URL such as \"http://127.0.0.1:4318\"";
}

std::string check_node_name(std::string_view text) {
  const bool fine = text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
                      return c > 0x20 && c < 0x7f && c != '"' && c != '\\';
                    });
  return fine ? std::string() : "must be at most 64 characters of ASCII without blanks";
}

constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t gib = std::int64_t{1} << 30;

std::vector<KeySpec> build_table() {
  using C = Config;
  using S = ServerConfig;
  using R = RelayConfig;
  return {
      {"server", "listen", &ref<&C::server, &S::listen>,
       "Where clients, the admin API and the UI connect; loopback unless told otherwise.", 0, 0,
       "--listen", check_listen},
      {"server",
       "admin_listen",
       &ref<&C::server, &S::admin_listen>,
       "When set, the admin API, the UI and /metrics move to this address and leave `listen`.",
       0,
       0,
       {},
       check_optional_listen},
      {"server", "threads", &ref<&C::server, &S::threads>, "I/O threads; 0 = one per core.", 0,
       1024, "--threads"},
      {"server", "tls_certificate", &ref<&C::server, &S::tls_certificate>,
       "PEM file with the certificate chain; with `tls_key` set, the listener speaks TLS."},
      {"server", "tls_key", &ref<&C::server, &S::tls_key>, "PEM file with the private key."},
      {"server", "max_header_bytes", &ref<&C::server, &S::max_header_bytes>,
       "Bytes of a whole request head; more is answered with 431.", 1024, 1 << 20},
      {"server", "max_header_count", &ref<&C::server, &S::max_header_count>,
       "Header fields of a request; more is answered with 431.", 8, 1000},
      {"server", "max_body_bytes", &ref<&C::server, &S::max_body_bytes>,
       "Bytes of a request body; more is refused with 413 before it is read.", 1024, 4 * gib},
      {"server", "max_buffered_bytes", &ref<&C::server, &S::max_buffered_bytes>,
       "All request bodies in memory together; above it 503; 0 = a quarter of the memory.", 0,
       1024 * gib},
      {"server", "max_connections", &ref<&C::server, &S::max_connections>,
       "Client connections at a time; clipped to the limit of open files with a warning.", 1,
       10'000'000},
      {"server", "header_timeout_ms", duration<&C::server, &S::header_timeout>(ms),
       "For the whole head of a request, absolute.", 1, day_ms},
      {"server", "body_idle_timeout_ms", duration<&C::server, &S::body_idle_timeout>(ms),
       "Between two reads of a request body, which must also come at 1 KiB/s or faster.", 1,
       day_ms},
      {"server", "write_stall_timeout_ms", duration<&C::server, &S::write_stall_timeout>(ms),
       "How long a client may take nothing of what it is sent.", 1, day_ms},
      {"server", "keepalive_idle_ms", duration<&C::server, &S::keepalive_idle>(ms),
       "How long a client connection may stay open between two requests.", 1, day_ms},
      {"server", "tls_handshake_timeout_ms", duration<&C::server, &S::tls_handshake_timeout>(ms),
       "For the TLS handshake of a client.", 1, day_ms},
      {"server", "drain_seconds", duration<&C::server, &S::drain>(second),
       "How long running requests may go on after SIGTERM.", 0, 86'400},
      {"server", "trusted_proxies", &ref<&C::server, &S::trusted_proxies>,
       "CIDR blocks of proxies whose X-Forwarded-For is believed."},
      {"server",
       "cors_origins",
       &ref<&C::server, &S::cors_origins>,
       "Origins whose pages may call the relay from a browser; empty = none, \"*\" = all.",
       0,
       0,
       {},
       check_origin},

      {"store", "url", &ref<&C::store, &StoreConfig::url>,
       "sqlite:// = DATA/sluice.db, or postgresql://user:pw@host/db; also env:NAME, file:PATH."},
      {"store", "data_dir", &ref<&C::store, &StoreConfig::data_dir>,
       "Data folder; empty = ./sluice-data, or the STATE_DIRECTORY that systemd gives.", 0, 0,
       "--data"},

      {"cluster", "redis_url", &ref<&C::cluster, &ClusterConfig::redis_url>,
       "Shares limits, leases and sticky sessions between nodes; also env:NAME, file:PATH."},
      {"cluster",
       "node_name",
       &ref<&C::cluster, &ClusterConfig::node_name>,
       "Name of this node; empty = the host name.",
       0,
       0,
       {},
       check_node_name},

      {"relay", "connect_timeout_ms", duration<&C::relay, &R::connect_timeout>(ms),
       "For a connection to a provider: name, TCP, proxy and TLS.", 1, day_ms},
      {"relay", "first_byte_timeout_ms", duration<&C::relay, &R::first_byte_timeout>(ms),
       "Until the head of the provider's response.", 1, day_ms},
      {"relay", "idle_timeout_ms", duration<&C::relay, &R::idle_timeout>(ms),
       "Between two reads of a response.", 1, day_ms},
      {"relay", "total_timeout_ms", duration<&C::relay, &R::total_timeout>(ms),
       "For a whole request; 0 = none.", 0, 7 * day_ms},
      {"relay", "keepalive_ms", duration<&C::relay, &R::keepalive>(ms),
       "An SSE comment to the client whenever the provider is silent this long; 0 = off.", 0,
       day_ms},
      {"relay", "early_head_ms", duration<&C::relay, &R::early_head>(ms),
       "Above 0: a stream's 200 is sent when the provider's head takes longer than this.", 0,
       day_ms},
      {"relay", "max_attempts", &ref<&C::relay, &R::max_attempts>,
       "Attempts for one client request, over all accounts.", 1, 20},
      {"relay", "queue_timeout_ms", duration<&C::relay, &R::queue_timeout>(ms),
       "Wait so long for a free slot before 429; 0 = do not wait.", 0, day_ms},
      {"relay", "on_client_gone", choice<&C::relay, &R::on_client_gone>(client_gone_names),
       "cancel: stop the provider at once; drain: read on to the end for exact usage."},
      {"relay", "drain_limit_seconds", duration<&C::relay, &R::drain_limit>(second),
       "How long `drain` reads on.", 1, 86'400},

      {"ledger", "durability", choice<&C::ledger, &LedgerConfig::durability>(durability_names),
       "process: survives kill -9; power: on the disk before the response ends."},
      {"ledger", "retention_days", duration<&C::ledger, &LedgerConfig::retention>(day),
       "How long single requests are kept.", 1, 36'500},
      {"ledger", "store_bodies", &ref<&C::ledger, &LedgerConfig::store_bodies>,
       "Prompts and answers are never stored unless this is true."},

      {"security", "master_key_file", &ref<&C::security, &SecurityConfig::master_key_file>,
       "Key that encrypts stored credentials; empty = DATA/master.key, made at the first start."},
      {"security", "session_hours", duration<&C::security, &SecurityConfig::session>(hour),
       "How long a login to the admin side lasts.", 1, 8760},
      {"security", "allow_private_upstreams",
       &ref<&C::security, &SecurityConfig::allow_private_upstreams>,
       "Accounts may lead to private and link-local addresses, and use http there."},

      {"log", "level", choice<&C::log, &LogConfig::level>(level_names),
       "trace, debug, info, warn, error or off.", 0, 0, "--log-level"},
      {"log", "format", choice<&C::log, &LogConfig::format>(format_names), "text or json."},

      {"metrics", "enabled", &ref<&C::metrics, &MetricsConfig::enabled>, "Answer /metrics."},
      {"metrics", "token", &ref<&C::metrics, &MetricsConfig::token>,
       "Bearer token for /metrics; empty = loopback peers only; also env:NAME, file:PATH."},

      {"tracing",
       "otlp_endpoint",
       &ref<&C::tracing, &TracingConfig::otlp_endpoint>,
       "http://host:4318; empty = off.",
       0,
       0,
       {},
       check_endpoint},
  };
}

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

/// A text as it may stand in a message or in TOML.
std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, 200)) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string describe(const RawValue& value) {
  return std::visit(
      Overloaded{[](bool b) { return std::string(b ? "true" : "false"); },
                 [](std::int64_t i) { return std::to_string(i); },
                 [](double d) { return fmt::format("{}", d); },
                 [](const std::string& text) { return quote(text); },
                 [](const std::vector<std::string>&) { return std::string("a list"); }},
      value);
}

using Problem = std::optional<std::string>;

Problem wrong(const KeySpec& key, std::string_view wanted, const RawValue& value) {
  return fmt::format("{} {}, not {}", key.name, wanted, describe(value));
}

Problem number(const KeySpec& key, const RawValue& value, std::int64_t& out) {
  const auto* given = std::get_if<std::int64_t>(&value);
  if (given == nullptr || *given < key.min || *given > key.max) {
    return wrong(key, fmt::format("must be a whole number from {} to {}", key.min, key.max), value);
  }
  out = *given;
  return {};
}

template <class Number>
Problem assign_number(const KeySpec& key, const RawValue& value, Number& out) {
  std::int64_t given = 0;
  if (auto problem = number(key, value, given)) return problem;
  out = static_cast<Number>(given);
  return {};
}

Problem assign_list(const KeySpec& key, const RawValue& value, const auto& take) {
  const auto* list = std::get_if<std::vector<std::string>>(&value);
  if (list == nullptr) return wrong(key, "must be a list of texts", value);
  for (const std::string& element : *list) {
    if (auto problem = take(element)) return problem;
  }
  return {};
}

std::string render_list(const auto& list, const auto& text_of) {
  std::string out = "[";
  for (const auto& element : list) {
    if (out.size() > 1) out += ", ";
    out += quote(text_of(element));
  }
  return out + "]";
}

std::string render_secret(const Secret& secret) {
  if (secret.empty()) return "\"\"";
  const std::string_view text = secret.reveal();
  return quote(text.find("://") == std::string_view::npos ? secret.hint() : redact_url(text));
}

}  // namespace

std::string KeySpec::environment_name() const {
  std::string out = fmt::format("SLUICE_{}_{}", section, name);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return out;
}

std::span<const KeySpec> config_keys() {
  static const std::vector<KeySpec> table = build_table();
  return table;
}

const KeySpec* find_key(std::string_view section, std::string_view name) {
  for (const KeySpec& key : config_keys()) {
    if (key.section == section && key.name == name) return &key;
  }
  return nullptr;
}

std::vector<std::string_view> config_sections() {
  std::vector<std::string_view> out;
  for (const KeySpec& key : config_keys()) {
    if (out.empty() || out.back() != key.section) out.push_back(key.section);
  }
  return out;
}

RawValue from_text(const KeySpec& key, std::string_view text) {
  const auto as_number = [&]() -> RawValue {
    std::int64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size()) return std::string(text);
    return out;
  };
  const auto as_list = [&]() -> RawValue {
    std::vector<std::string> out;
    ascii::for_each_element(text, [&](std::string_view element) {
      if (!element.empty()) out.emplace_back(element);
    });
    return out;
  };
  return std::visit(Overloaded{[&](bool& (*)(Config&)) -> RawValue {
                                 if (text == "true" || text == "1") return true;
                                 if (text == "false" || text == "0") return false;
                                 return std::string(text);
                               },
                               [&](int& (*)(Config&)) { return as_number(); },
                               [&](std::size_t& (*)(Config&)) { return as_number(); },
                               [&](const DurationField&) { return as_number(); },
                               [&](std::vector<std::string>& (*)(Config&)) { return as_list(); },
                               [&](std::vector<net::Network>& (*)(Config&)) { return as_list(); },
                               [&](const auto&) -> RawValue { return std::string(text); }},
                    key.field);
}

std::optional<std::string> assign(const KeySpec& key, Config& config, const RawValue& value) {
  return std::visit(
      Overloaded{
          [&](bool& (*field)(Config&)) -> Problem {
            const bool* given = std::get_if<bool>(&value);
            if (given == nullptr) return wrong(key, "must be true or false", value);
            field(config) = *given;
            return {};
          },
          [&](int& (*field)(Config&)) { return assign_number(key, value, field(config)); },
          [&](std::size_t& (*field)(Config&)) { return assign_number(key, value, field(config)); },
          [&](const DurationField& field) -> Problem {
            std::int64_t count = 0;
            if (auto problem = number(key, value, count)) return problem;
            field.ref(config) = field.unit * count;
            return {};
          },
          [&](std::string& (*field)(Config&)) -> Problem {
            const auto* given = std::get_if<std::string>(&value);
            if (given == nullptr) return wrong(key, "must be a text", value);
            if (key.check != nullptr) {
              if (const auto why = key.check(*given); !why.empty()) return wrong(key, why, value);
            }
            field(config) = *given;
            return {};
          },
          [&](Secret& (*field)(Config&)) -> Problem {
            const auto* given = std::get_if<std::string>(&value);
            if (given == nullptr) return fmt::format("{} must be a text", key.name);
            field(config) = Secret(*given);
            return {};
          },
          [&](std::vector<std::string>& (*field)(Config&)) -> Problem {
            std::vector<std::string> out;
            auto problem = assign_list(key, value, [&](const std::string& element) -> Problem {
              if (key.check != nullptr) {
                if (const auto why = key.check(element); !why.empty()) {
                  return wrong(key, why, element);
                }
              }
              out.push_back(element);
              return {};
            });
            if (!problem) field(config) = std::move(out);
            return problem;
          },
          [&](std::vector<net::Network>& (*field)(Config&)) -> Problem {
            std::vector<net::Network> out;
            auto problem = assign_list(key, value, [&](const std::string& element) -> Problem {
              const auto network = net::Network::parse(element);
              if (!network)
                return wrong(key, "must be CIDR blocks such as \"10.0.0.0/8\"", element);
              out.push_back(*network);
              return {};
            });
            if (!problem) field(config) = std::move(out);
            return problem;
          },
          [&](const ChoiceField& field) -> Problem {
            const auto* given = std::get_if<std::string>(&value);
            const auto found = given == nullptr
                                   ? field.names.end()
                                   : std::find(field.names.begin(), field.names.end(), *given);
            if (found != field.names.end()) {
              field.set(config, static_cast<std::size_t>(found - field.names.begin()));
              return {};
            }
            const std::vector<std::string> names(field.names.begin(), field.names.end());
            return fmt::format("{} must be one of {}, not {}{}", key.name, fmt::join(names, ", "),
                               describe(value),
                               given == nullptr ? std::string() : did_you_mean(*given, names));
          }},
      key.field);
}

std::string render(const KeySpec& key, const Config& config) {
  Config copy = config;  // The table's accessors give writable references.
  const auto itself = [](const std::string& text) { return text; };
  return std::visit(
      Overloaded{
          [&](bool& (*field)(Config&)) { return std::string(field(copy) ? "true" : "false"); },
          [&](int& (*field)(Config&)) { return std::to_string(field(copy)); },
          [&](std::size_t& (*field)(Config&)) { return std::to_string(field(copy)); },
          [&](const DurationField& field) { return std::to_string(field.ref(copy) / field.unit); },
          [&](std::string& (*field)(Config&)) { return quote(redact_url(field(copy))); },
          [&](Secret& (*field)(Config&)) { return render_secret(field(copy)); },
          [&](std::vector<std::string>& (*field)(Config&)) {
            return render_list(field(copy), itself);
          },
          [&](std::vector<net::Network>& (*field)(Config&)) {
            return render_list(field(copy),
                               [](const net::Network& network) { return network.str(); });
          },
          [&](const ChoiceField& field) { return quote(field.names[field.get(copy)]); }},
      key.field);
}

std::string render(const Config& config) {
  std::string out;
  std::string_view section;
  for (const KeySpec& key : config_keys()) {
    if (key.section != section) {
      out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", key.section);
      section = key.section;
    }
    out += fmt::format("{} = {}\n", key.name, render(key, config));
  }
  for (const provider::AccountSettings& account : config.accounts) {
    out += fmt::format("\n[[account]]\nname = {}\nprovider = {}\nbase_url = {}\n",
                       quote(account.name), quote(account.provider), quote(account.base_url));
    if (account.disabled) out += "disabled = true\n";
  }
  for (const identity::Key& key : config.keys) {
    out += fmt::format("\n[[key]]\nname = {}\n", quote(key.name));
    if (key.disabled) out += "disabled = true\n";
  }
  return out;
}

}  // namespace sluice::app

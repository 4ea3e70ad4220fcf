/// `sluice demo`: the relay as it is, beside a provider that isn't one. Nothing leaves the machine, nothing is kept.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "app/program.hpp"
#include "app/serve_config.hpp"
#include "app/verbs.hpp"
#include "sim/simulated_provider.hpp"

namespace sluice::app {
namespace {

constexpr const char* demo_model = "claude-sonnet-4-5";

/// A folder that goes with the demo.
class ThrowAwayFolder {
 public:
  ThrowAwayFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-demo-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ThrowAwayFolder(const ThrowAwayFolder&) = delete;
  ThrowAwayFolder& operator=(const ThrowAwayFolder&) = delete;
  ~ThrowAwayFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// For scripts: the key alone, readable by its owner; goes with the demo.
class KeyFile {
 public:
  KeyFile() = default;
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;
  ~KeyFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  [[nodiscard]] bool write(const std::string& path, const Secret& key) {
    ::unlink(path.c_str());
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    path_ = path;
    const std::string_view text = key.reveal();
    const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(fd);
    return written;
  }

 private:
  std::string path_;
};

provider::AccountSettings demo_account(const net::Address& provider) {
  provider::AccountSettings account;
  account.id = AccountId("declared:demo-account");
  account.name = "demo-account";
  account.declared = true;
  account.provider = "anthropic";
  account.base_url = "http://" + provider.text();
  account.credential.kind = provider::Credential::Kind::api_key;
  account.credential.secret = Secret("sk-ant-simulated");
  return account;
}

void greet(const net::Address& address, const net::Address& provider, const Secret& key) {
  const std::string base = "http://" + address.text();
  fmt::print(
      "\nsluice demo: a relay at {0}, a simulated provider at http://{1}. Ctrl-C ends both.\n\n"
      "  export SLUICE_KEY={2}\n\n"
      "A stream, ready to paste:\n\n"
      "  curl -sN {0}/v1/messages -H 'x-api-key: {2}' -H 'anthropic-version: 2023-06-01' \\\n"
      "    -H 'content-type: application/json' -d '{{\"model\": \"{3}\", \"max_tokens\": 64, "
      "\"stream\": true, \"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}'\n\n"
      "Claude Code:\n\n"
      "  ANTHROPIC_BASE_URL={0} ANTHROPIC_AUTH_TOKEN={2} claude\n\n"
      "What it counts: {0}/metrics\n\n",
      base, provider.text(), key.reveal(), demo_model);
  std::fflush(stdout);
}

int complain(const std::string& what) {
  std::fprintf(stderr, "sluice: %s\n", what.c_str());
  return 1;
}

}  // namespace

int run_demo(const Command& command) {
  ControlEvents::block_signals();
  const ThrowAwayFolder folder;
  if (folder.path().empty())
    return complain("no folder could be made under the system's temporary one");
  // The demo is the same everywhere: no file and no environment, only its own flags.
  ConfigSources sources;
  sources.default_files.clear();
  sources.flags = command.flags;
  auto config = read_config(sources, ReadFor::start);
  if (!config) return 1;
  config->store.data_dir = folder.path();
  config->security.master_key_file = folder.path() + "/master.key";

  sim::SimulatedProviderOptions pace;
  pace.defaults.rate = 20;  // so that one sees it stream
  sim::SimulatedProvider provider(pace);
  const auto loopback = net::Address::literal("127.0.0.1", 0);
  const auto provider_address = provider.start(*loopback);
  if (!provider_address) return complain(provider_address.error().context);

  const Secret secret = make_client_key();
  identity::Key key;
  key.id = KeyId("declared:demo");
  key.declared = true;
  key.name = "demo";
  key.hash = sha256(secret.reveal());
  config->accounts = {demo_account(*provider_address)};
  config->keys = {key};
  const Config running = *config;
  Program program(std::move(*config));
  if (const Status started = program.start(); !started) return complain(started.error().context);
  KeyFile key_file;
  if (!command.key_file.empty() && !key_file.write(command.key_file, secret)) {
    return complain("the key could not be written to " + command.key_file);
  }
  greet(program.address(), *provider_address, secret);
  program.run([&running]() -> std::optional<Config> { return running; });
  return 0;
}

}  // namespace sluice::app

#include "app/config_load.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace sluice::app {
namespace {

class ConfigLoad : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "sluice_config_" + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
    sources_.default_files.clear();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, std::string_view text, mode_t mode = 0600) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }
  LoadedConfig load(std::string_view text, mode_t mode = 0600) {
    sources_.file = write("sluice.toml", text, mode);
    return without_folder(load_config(sources_));
  }
  LoadedConfig without_folder(LoadedConfig loaded) const {
    for (auto* list : {&loaded.problems, &loaded.warnings}) {
      for (std::string& line : *list) {
        if (line.starts_with(folder_)) line.erase(0, folder_.size() + 1);
      }
    }
    return loaded;
  }

  using Lines = std::vector<std::string>;
  std::string folder_;
  ConfigSources sources_;
};

TEST_F(ConfigLoad, WorksWithNoFileAtAll) {
  const auto loaded = load_config(sources_);
  EXPECT_EQ(loaded.problems, Lines{});
  EXPECT_EQ(loaded.file, "");
  EXPECT_EQ(loaded.config.server.listen, "127.0.0.1:8080");
  EXPECT_EQ(loaded.config.store.data_dir, "./sluice-data");
  EXPECT_EQ(loaded.config.security.master_key_file, "./sluice-data/master.key");
  EXPECT_EQ(loaded.config.store.url.reveal(), "sqlite://");
}

TEST_F(ConfigLoad, TakesTheDataFolderFromSystemd) {
  sources_.environment = {{"STATE_DIRECTORY", "/var/lib/sluice:/var/lib/other"}};
  EXPECT_EQ(load_config(sources_).config.store.data_dir, "/var/lib/sluice");
}

TEST_F(ConfigLoad, LaterSourcesWin) {
  const std::string text =
      "[server]\nlisten = \"127.0.0.1:1\"\nthreads = 1\n[log]\nlevel = \"warn\"\n";
  sources_.environment = {{"SLUICE_SERVER_LISTEN", "127.0.0.1:2"}, {"SLUICE_SERVER_THREADS", "2"}};
  sources_.flags = {{"--listen", "127.0.0.1:3"}, {"--data", "/d"}};
  const auto loaded = load(text);
  EXPECT_EQ(loaded.problems, Lines{});
  EXPECT_EQ(loaded.config.server.listen, "127.0.0.1:3");
  EXPECT_EQ(loaded.config.server.threads, 2);
  EXPECT_EQ(loaded.config.log.level, log::Level::warn);
  EXPECT_EQ(loaded.config.store.data_dir, "/d");
}

TEST_F(ConfigLoad, TakesTheFirstDefaultFileThatExists) {
  sources_.default_files = {folder_ + "/none.toml", write("two.toml", "[server]\nthreads = 2"),
                            write("three.toml", "[server]\nthreads = 3")};
  const auto loaded = load_config(sources_);
  EXPECT_EQ(loaded.config.server.threads, 2);
  EXPECT_EQ(loaded.file, sources_.default_files[1]);
}

TEST_F(ConfigLoad, ANamedFileMustExist) {
  sources_.file = folder_ + "/none.toml";
  EXPECT_EQ(without_folder(load_config(sources_)).problems,
            Lines{"none.toml: there is no such file"});
}

TEST_F(ConfigLoad, TellsEveryProblemWithItsLineAndTheNearestName) {
  const auto loaded = load(
      "[sever]\n"
      "x = 1\n"
      "[server]\n"
      "threads = \"four\"\n"
      "lisen = \"x\"\n"
      "max_attempts = 3\n"
      "[relay]\n"
      "idle_timeout = 5\n"
      "keepalive_ms = { a = 1 }\n"
      "[[accounts]]\n"
      "name = \"a\"\n");
  EXPECT_EQ(
      loaded.problems,
      (Lines{"sluice.toml:1: unknown section \"sever\"; did you mean \"server\"?",
             "sluice.toml:4: [server] threads must be a whole number from 0 to 1024, not \"four\"",
             "sluice.toml:5: unknown key \"lisen\" in [server]; did you mean \"listen\"?",
             "sluice.toml:6: unknown key \"max_attempts\" in [server]; it belongs in [relay]",
             "sluice.toml:8: unknown key \"idle_timeout\" in [relay]; did you mean "
             "\"idle_timeout_ms\"?",
             "sluice.toml:9: [relay] keepalive_ms has a value of the wrong kind",
             "sluice.toml:10: unknown section \"accounts\"; did you mean \"account\"?"}));
}

TEST_F(ConfigLoad, NamesKeysOutsideOfSectionsAndWrongBrackets) {
  const auto loaded = load("listen = \"x\"\nlog = 3\n[account]\nname = \"a\"\n");
  EXPECT_EQ(loaded.problems,
            (Lines{"sluice.toml:1: \"listen\" stands outside of a section; it belongs in [server]",
                   "sluice.toml:2: \"log\" is a section: write [log]",
                   "sluice.toml:3: write [[account]] with two brackets: there can be several"}));
}

TEST_F(ConfigLoad, NamesTheLineWhereItIsNoToml) {
  const auto loaded = load("[server]\nlisten = \n");
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_TRUE(loaded.problems[0].starts_with("sluice.toml:2: not TOML: ")) << loaded.problems[0];
}

TEST_F(ConfigLoad, BrokenTomlNeverShowsWhatStoodThere) {
  for (const char* text : {"[[key]]\nsecret = canary-sk\n", "[[key]]\nsecret = \"canary\n\"",
                           "[[key]]\nsecret \"canary\"\n", "[[key]]\nsecret = 'canary' canary\n",
                           "[[key]]\nsecret = 12canary\n", "secret = { canary = canary }", "canary",
                           "[[key]]\nsecret = \"canary\\q\"\n", "canary = 1\ncanary = 2\n",
                           "[canary\n", "a = 2020-canary", "a = [canary", "a = 0xcanary"}) {
    const auto loaded = load(text);
    ASSERT_EQ(loaded.problems.size(), 1U) << text;
    EXPECT_EQ(loaded.problems[0].find("canary"), std::string::npos) << loaded.problems[0];
  }
}

TEST_F(ConfigLoad, RefusesUnknownVariablesOfItsSectionsAndIgnoresOthers) {
  sources_.environment = {{"SLUICE_SERVER_LISTEM", "x"},
                          {"SLUICE_SHARED", "x"},
                          {"SLUICE_CI_KEY", "x"},
                          {"SLUICE_ADMIN_PASSWORD_FILE", "x"},
                          {"SLUICE_RELAY_KEEPALIVE_MS", "soon"}};
  EXPECT_EQ(
      load_config(sources_).problems,
      (Lines{
          "SLUICE_SERVER_LISTEM: no setting has this name; did you mean \"SLUICE_SERVER_LISTEN\"?",
          "SLUICE_RELAY_KEEPALIVE_MS: keepalive_ms must be a whole number from 0 to 86400000, "
          "not \"soon\""}));
}

TEST_F(ConfigLoad, AVariableThatHoldsASecretIsNoSetting) {
  sources_.environment = {{"SLUICE_SERVER_CI_SECRET", "sk-slc-0123456789abcdef"},
                          {"SLUICE_METRICS_SECRET", "canary"}};
  const auto loaded = load(
      "[[key]]\nname = \"ci\"\nsecret = \"env:SLUICE_SERVER_CI_SECRET\"\n"
      "[metrics]\ntoken = \"env:SLUICE_METRICS_SECRET\"\n");
  EXPECT_EQ(loaded.problems, Lines{});
  EXPECT_EQ(loaded.config.metrics.token.reveal(), "canary");
}

TEST_F(ConfigLoad, NamesTheFlagThatIsWrong) {
  sources_.flags = {{"--threads", "x"}, {"--log-level", "lout"}};
  EXPECT_EQ(
      load_config(sources_).problems,
      (Lines{
          "--threads: threads must be a whole number from 0 to 1024, not \"x\"",
          "--log-level: level must be one of trace, debug, info, warn, error, off, not \"lout\""}));
}

TEST_F(ConfigLoad, SettingsThatBelongTogetherAreCheckedTogether) {
  const auto loaded = load(
      "[server]\ntls_key = \"k\"\nadmin_listen = \"127.0.0.1:8080\"\n"
      "[store]\nurl = \"mysql://u:canary@h\"\n[cluster]\nredis_url = \"canary\"\n");
  EXPECT_EQ(
      loaded.problems,
      (Lines{
          "sluice.toml:2: [server] tls_key is set and tls_certificate is not; TLS needs both",
          "sluice.toml:3: [server] admin_listen is the same as listen; leave it empty or change it",
          "sluice.toml:5: [store] url must start with sqlite:// or postgresql://",
          "sluice.toml:7: [cluster] redis_url must start with redis:// or rediss://"}));
  sources_.environment = {{"SLUICE_SERVER_TLS_CERTIFICATE", "c"}};
  EXPECT_EQ(
      load("").problems,
      Lines{"SLUICE_SERVER_TLS_CERTIFICATE: [server] tls_certificate is set and tls_key is not; "
            "TLS needs both"});
}

TEST_F(ConfigLoad, PrivateUpstreamsCanBeAllowedByAnySource) {
  const std::string account =
      "[[account]]\nname = \"a\"\nprovider = \"anthropic-compatible\"\nbase_url = "
      "\"http://10.0.0.1\"\n";
  EXPECT_EQ(
      load(account).problems,
      Lines{"sluice.toml:4: base_url of [[account]] \"a\": 10.0.0.1 is a private address; set "
            "[security] allow_private_upstreams = true to use it"});
  sources_.environment = {{"SLUICE_SECURITY_ALLOW_PRIVATE_UPSTREAMS", "true"}};
  EXPECT_EQ(load(account).problems, Lines{});
}

TEST_F(ConfigLoad, WarnsOfASecretInAFileThatOthersMayRead) {
  const std::string text = "[metrics]\ntoken = \"canary\"\n";
  EXPECT_EQ(load(text).warnings, Lines{});
  EXPECT_EQ(
      load(text, 0640).warnings,
      Lines{"sluice.toml:2: [metrics] token: the secret stands in a file that others may read; "
            "chmod 600 it, or use env:NAME or file:PATH"});
  EXPECT_EQ(load("[store]\nurl = \"sqlite://\"\n", 0644).warnings, Lines{});
  EXPECT_EQ(load("[store]\nurl = \"postgresql://u:canary@h/d\"\n", 0644).warnings.size(), 1U);
}

}  // namespace
}  // namespace sluice::app

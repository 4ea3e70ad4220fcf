#include "app/check.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

/// A self-signed certificate for 127.0.0.1 and its key, as PEM files.
void write_certificate(const std::string& certificate_path, const std::string& key_path,
                       std::chrono::seconds ends_in) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -86400 * 10);
  X509_gmtime_adj(X509_getm_notAfter(certificate), ends_in.count());
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("sluice test"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  X509_sign(certificate, key, EVP_sha256());
  std::FILE* file = std::fopen(certificate_path.c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen(key_path.c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

/// A loopback port; with `serve_tls_once`, one visitor gets a handshake.
class Port {
 public:
  Port() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    listen(fd_, 4);
    socklen_t length = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
    number_ = ntohs(address.sin_port);
  }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  ~Port() {
    if (thread_.joinable()) thread_.join();
    close(fd_);
  }
  void serve_tls_once(const std::string& certificate, const std::string& key) {
    thread_ = std::thread([this, certificate, key] {
      SSL_CTX* context = SSL_CTX_new(TLS_server_method());
      SSL_CTX_use_certificate_chain_file(context, certificate.c_str());
      SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM);
      const int visitor = accept(fd_, nullptr, nullptr);
      SSL* tls = SSL_new(context);
      SSL_set_fd(tls, visitor);
      SSL_accept(tls);
      SSL_free(tls);
      close(visitor);
      SSL_CTX_free(context);
    });
  }
  void hang_up_once() {
    thread_ = std::thread([this] { close(accept(fd_, nullptr, nullptr)); });
  }
  [[nodiscard]] std::string url(std::string_view scheme) const {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(number_);
  }

 private:
  int fd_;
  std::uint16_t number_ = 0;
  std::thread thread_;
};

class Check : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    folder_ = testing::TempDir() + "sluice_check_" + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
    certificate_ = folder_ + "/cert.pem";
    key_ = folder_ + "/key.pem";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  CheckLine reach(const std::string& url, const std::string& ca_file = "") {
    provider::AccountSettings account;
    account.name = "a";
    account.base_url = url;
    account.ca_file = ca_file;
    return check_reach(account, provider::PrivateUpstreams::refused, 5s);
  }
  std::string folder_;
  std::string certificate_;
  std::string key_;
};

void expect_line(const CheckLine& line, Grade grade, std::string_view part) {
  EXPECT_EQ(line.grade, grade) << line.message;
  EXPECT_NE(line.message.find(part), std::string::npos) << line.message;
}

TEST_F(Check, TheDataFolderMustBeWritableOrMakable) {
  EXPECT_NE(check_data_folder(folder_).grade, Grade::fail);
  const CheckLine makable = check_data_folder(folder_ + "/a/b");
  EXPECT_NE(makable.message.find("can be made"), std::string::npos) << makable.message;
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/a"));
  std::ofstream(folder_ + "/file") << "x";
  expect_line(check_data_folder(folder_ + "/file"), Grade::fail, "is not a folder");
  expect_line(check_data_folder(folder_ + "/file/x"), Grade::fail, "is not a folder");
  expect_line(check_data_folder("/proc/sluice"), Grade::fail, "");
}

TEST_F(Check, TheMasterKeyIsItsOwnersAlone) {
  const std::string path = folder_ + "/master.key";
  expect_line(check_master_key(path), Grade::ok, "is made when first needed");
  std::ofstream(path) << "canary";
  chmod(path.c_str(), 0640);
  expect_line(check_master_key(path), Grade::fail, "chmod 600");
  chmod(path.c_str(), 0600);
  expect_line(check_master_key(path), Grade::ok, path);
}

TEST_F(Check, CertificateAndKeyMustLoadMatchAndLast) {
  const WallTime now = SystemClock().wall_now();
  write_certificate(certificate_, key_, 86400s * 100);
  expect_line(check_certificate(certificate_, key_, now), Grade::ok, "ends in 99 days");
  expect_line(check_certificate(certificate_, key_, now + 24h * 95), Grade::warn, "renew it");
  expect_line(check_certificate(certificate_, key_, now + 24h * 101), Grade::fail, "ended");
  expect_line(check_certificate(folder_ + "/none", key_, now), Grade::fail, "can't be loaded");
  const std::string other = folder_ + "/other.pem";
  write_certificate(folder_ + "/other_cert.pem", other, 86400s);
  expect_line(check_certificate(certificate_, other, now), Grade::fail,
              "can't be loaded as the key of");
}

TEST_F(Check, AnAccountIsReachedWhenItsCertificateIsTrusted) {
  write_certificate(certificate_, key_, 86400s);
  Port trusted;
  trusted.serve_tls_once(certificate_, key_);
  expect_line(reach(trusted.url("https"), certificate_), Grade::ok, "TLSv1.3, certificate trusted");
  Port strange;
  strange.serve_tls_once(certificate_, key_);
  expect_line(reach(strange.url("https")), Grade::fail, "set ca_file");
  Port ended;
  write_certificate(certificate_, key_, -86400s);
  ended.serve_tls_once(certificate_, key_);
  expect_line(reach(ended.url("https"), certificate_), Grade::fail, "expired");
}

TEST_F(Check, SaysHowFarItCame) {
  Port plain;
  expect_line(reach(plain.url("http")), Grade::ok, "answers");
  Port rude;
  rude.hang_up_once();
  expect_line(reach(rude.url("https")), Grade::fail, "no TLS");
  std::string closed;
  {
    closed = Port().url("http");
  }
  expect_line(reach(closed), Grade::fail, "Connection refused");
  expect_line(reach("https://" + std::string(70, 'a')), Grade::fail, "does not resolve");
  expect_line(reach("http://127.0.0.1:1", folder_), Grade::fail, "no connection");
  Port other;
  expect_line(reach(other.url("https"), folder_ + "/none.pem"), Grade::fail, "ca_file");
}

TEST_F(Check, AProxyIsNamedWithoutItsPassword) {
  provider::AccountSettings account;
  account.base_url = "https://api.example.com";
  account.proxy = Secret("http://u:canary@127.0.0.1:1");
  const CheckLine line = check_reach(account, provider::PrivateUpstreams::refused, 1s);
  expect_line(line, Grade::fail, "through http://127.0.0.1:1 (proxy: connect: Connection refused)");
  EXPECT_EQ(line.message.find("canary"), std::string::npos);
}

TEST_F(Check, ABrokenConfigurationEndsIt) {
  ConfigSources sources;
  sources.default_files.clear();
  sources.environment = {{"SLUICE_SERVER_THREADS", "x"}};
  const auto lines = check_all(sources);
  ASSERT_EQ(lines.size(), 1U);
  expect_line(lines[0], Grade::fail, "SLUICE_SERVER_THREADS: ");
  EXPECT_TRUE(any_failed(lines));
}

TEST_F(Check, TellsEverythingInOrderAsTextAndAsJson) {
  Port upstream;
  std::ofstream(folder_ + "/sluice.toml")
      << "[[account]]\nname = \"main\"\nprovider = \"anthropic-compatible\"\nbase_url = \""
      << upstream.url("http") << "\"\ncredential = { api_key = \"canary-canary-canary\" }\n"
      << "[[account]]\nname = \"off\"\nprovider = \"anthropic\"\ndisabled = true\n"
      << "credential = { api_key = \"canary\" }\n"
      << "[[account]]\nname = \"later\"\nprovider = \"openai\"\ncredential = { api_key = "
         "\"canary\" }\n";
  ConfigSources sources;
  sources.file = folder_ + "/sluice.toml";
  sources.flags = {{"--data", folder_ + "/data"}};
  const auto lines = check_all(sources);
  EXPECT_FALSE(any_failed(lines));
  const std::string text = check_text(lines);
  EXPECT_NE(text.find("ok    account main: http://127.0.0.1:"), std::string::npos) << text;
  EXPECT_NE(text.find("ok    account off: switched off"), std::string::npos) << text;
  EXPECT_NE(text.find("warn  account later: the provider openai is not served"), std::string::npos)
      << text;
  EXPECT_EQ(text.find("canary"), std::string::npos) << text;
  const auto json = boost::json::parse(check_json(lines)).as_object();
  EXPECT_TRUE(json.at("ok").as_bool());
  EXPECT_EQ(json.at("findings").as_array().size(), lines.size());
}

}  // namespace
}  // namespace sluice::app

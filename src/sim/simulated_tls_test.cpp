/// The simulator behind TLS, as a provider is.
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>

#include "sim/simulated_provider.hpp"
#include "sim/testing.hpp"

namespace sluice::sim {
namespace {

void write_certificate(const std::string& certificate_path, const std::string& key_path) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
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

TEST(SimulatedTls, StreamsOverTls) {
  const std::string base =
      (std::filesystem::temp_directory_path() / ("sluice-sim-" + std::to_string(::getpid())))
          .string();
  write_certificate(base + ".crt", base + ".key");
  SimulatedProvider provider({.tls_certificate = base + ".crt", .tls_key = base + ".key"});
  const auto address = provider.start(*net::Address::parse("127.0.0.1:0"));
  std::filesystem::remove(base + ".crt");
  std::filesystem::remove(base + ".key");
  ASSERT_TRUE(address) << address.error().context;

  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* session = SSL_new(context);
  const int fd = ::socket(address->family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::connect(fd, address->raw(), address->length), 0);
  SSL_set_fd(session, fd);
  ASSERT_EQ(SSL_connect(session), 1);
  const std::string request = testing::request_bytes({.x_sim = "events=200,split=random"});
  SSL_write(session, request.data(), static_cast<int>(request.size()));
  std::string bytes;
  char buffer[16384];
  for (int got = 0; (got = SSL_read(session, buffer, sizeof buffer)) > 0;) {
    bytes.append(buffer, static_cast<std::size_t>(got));
  }
  // The end is said: a cut would be SSL_ERROR_SSL or SSL_ERROR_SYSCALL.
  EXPECT_EQ(SSL_get_error(session, 0), SSL_ERROR_ZERO_RETURN);
  const auto answer = testing::parse_answer(bytes, true);
  EXPECT_TRUE(answer.whole);
  EXPECT_NE(answer.body.find("message_stop"), std::string::npos);
  SSL_free(session);
  SSL_CTX_free(context);
  ::close(fd);
}

TEST(SimulatedTls, SaysWhichFileCantBeRead) {
  SimulatedProvider provider(
      {.tls_certificate = "/nonexistent.crt", .tls_key = "/nonexistent.key"});
  const auto address = provider.start(*net::Address::parse("127.0.0.1:0"));

  ASSERT_FALSE(address);
  EXPECT_NE(address.error().context.find("nonexistent"), std::string::npos);
}

}  // namespace
}  // namespace sluice::sim

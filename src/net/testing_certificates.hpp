#pragma once
/// Certificates made on the spot, for tests of TLS: an authority, and what it signs, as PEM files in a folder of their own.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

namespace sluice::net::testing {

class TestAuthority {
 public:
  TestAuthority() {
    std::string pattern = std::filesystem::temp_directory_path() / "sluice-tls-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    key_.reset(EVP_EC_gen("P-256"));
    certificate_ = make("Test Authority", key_.get(), "critical,CA:TRUE", "");
    write_certificate(ca_file(), certificate_.get());
  }
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;
  ~TestAuthority() { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string ca_file() const { return folder_ / "ca.pem"; }
  struct Files {
    std::string certificate;
    std::string key;
  };
  /// `names` as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1".
  [[nodiscard]] Files issue(const std::string& names) {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate made = make("Test Server", key.get(), "critical,CA:FALSE", names);
    const std::string stem = folder_ / std::to_string(++serial_);
    Files files{.certificate = stem + ".pem", .key = stem + ".key"};
    write_certificate(files.certificate, made.get());
    const File file(std::fopen(files.key.c_str(), "w"));
    PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return files;
  }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using Key = std::unique_ptr<EVP_PKEY, Free>;
  using Certificate = std::unique_ptr<X509, Free>;
  using File = std::unique_ptr<std::FILE, Free>;

  Certificate make(const char* subject, EVP_PKEY* key, const char* constraints,
                   const std::string& names) {
    Certificate made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 86400);
    X509_set_pubkey(made.get(), key);
    X509_NAME* name = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(subject), -1, -1, 0);
    X509* const issuer = certificate_ ? certificate_.get() : made.get();
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
    add(made.get(), NID_basic_constraints, constraints);
    if (!names.empty()) add(made.get(), NID_subject_alt_name, names.c_str());
    X509_sign(made.get(), key_.get(), EVP_sha256());
    return made;
  }
  static void add(X509* certificate, int what, const char* value) {
    const std::unique_ptr<X509_EXTENSION, Free> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, what, value));
    X509_add_ext(certificate, extension.get(), -1);
  }
  static void write_certificate(const std::string& path, X509* certificate) {
    const File file(std::fopen(path.c_str(), "w"));
    PEM_write_X509(file.get(), certificate);
  }

  std::filesystem::path folder_;
  Key key_;
  Certificate certificate_;
  long serial_ = 0;
};

}  // namespace sluice::net::testing

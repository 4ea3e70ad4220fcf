/// `sluice check`, the part that looks at files.

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "app/check.hpp"

namespace sluice::app {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t free_bytes_min = 64 * mebibyte;
constexpr std::uint64_t free_bytes_low = 1024 * mebibyte;
constexpr std::chrono::days certificate_ends_soon{14};

/// The path itself, or the nearest folder above it that exists.
std::filesystem::path existing_part(std::filesystem::path path) {
  std::error_code error;
  path = std::filesystem::absolute(path, error);
  while (!std::filesystem::exists(path, error) && path.has_relative_path())
    path = path.parent_path();
  return path;
}

std::string last_openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  ERR_clear_error();
  return reason != nullptr ? reason : "unknown error";
}

WallTime end_of(const X509* certificate) {
  std::tm time{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return {};
  return WallTime(std::chrono::seconds(timegm(&time)));
}

}  // namespace

CheckLine check_data_folder(const std::string& path) {
  const std::string subject = "data folder";
  const std::filesystem::path existing = existing_part(path);
  std::error_code error;
  const bool there = std::filesystem::exists(path, error);
  if (!std::filesystem::is_directory(existing, error)) {
    return {Grade::fail, subject,
            fmt::format("{} is not a folder; name another with --data", existing.string())};
  }
  if (access(existing.c_str(), W_OK | X_OK) != 0) {
    return {
        Grade::fail, subject,
        fmt::format("{} can't be written: {}; change its owner or name another folder with --data",
                    existing.string(), std::strerror(errno))};
  }
  struct statvfs info{};
  if (statvfs(existing.c_str(), &info) != 0) {
    return {Grade::fail, subject,
            fmt::format("{} can't be measured: {}", existing.string(), std::strerror(errno))};
  }
  const std::uint64_t free_bytes = std::uint64_t{info.f_bavail} * info.f_frsize;
  const std::string what = fmt::format(
      "{} {}, {} MiB free", path, there ? "can be written" : "can be made", free_bytes / mebibyte);
  if (free_bytes < free_bytes_min) return {Grade::fail, subject, what + "; make room on this disk"};
  if (free_bytes < free_bytes_low)
    return {Grade::warn, subject, what + "; make room on this disk soon"};
  return {Grade::ok, subject, what};
}

CheckLine check_master_key(const std::string& path) {
  const std::string subject = "master key";
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT)
      return {Grade::ok, subject, fmt::format("{} is made when first needed", path)};
    return {Grade::fail, subject,
            fmt::format("{} can't be looked at: {}", path, std::strerror(errno))};
  }
  if (!S_ISREG(info.st_mode)) return {Grade::fail, subject, fmt::format("{} is not a file", path)};
  if ((info.st_mode & 077) != 0) {
    return {Grade::fail, subject, fmt::format("others may read {0}; run: chmod 600 {0}", path)};
  }
  if (access(path.c_str(), R_OK) != 0) {
    return {Grade::fail, subject,
            fmt::format("{} can't be read; give it to the user of sluice", path)};
  }
  return {Grade::ok, subject, path};
}

CheckLine check_certificate(const std::string& certificate, const std::string& key, WallTime now) {
  const std::string subject = "tls certificate";
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()),
                                                                  SSL_CTX_free);
  if (!context) return {Grade::fail, subject, last_openssl_error()};
  // A key under a passphrase would ask the terminal for it.
  SSL_CTX_set_default_passwd_cb(context.get(), [](char*, int, int, void*) { return 0; });
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1) {
    return {
        Grade::fail, subject,
        fmt::format("{} can't be loaded ({}); it must be PEM, the server's own certificate first",
                    certificate, last_openssl_error())};
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return {
        Grade::fail, subject,
        fmt::format("{} can't be loaded as the key of {} ({}); it must be its PEM key without a "
                    "passphrase",
                    key, certificate, last_openssl_error())};
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return {Grade::fail, subject, fmt::format("{} is not the key of {}", key, certificate)};
  }
  const auto left =
      std::chrono::floor<std::chrono::days>(end_of(SSL_CTX_get0_certificate(context.get())) - now);
  if (left.count() < 0) {
    return {Grade::fail, subject,
            fmt::format("{} ended {} days ago; renew it", certificate, -left.count())};
  }
  const std::string what = fmt::format("{} ends in {} days", certificate, left.count());
  if (left < certificate_ends_soon) return {Grade::warn, subject, what + "; renew it"};
  return {Grade::ok, subject, what};
}

}  // namespace sluice::app

#include "app/version.hpp"

#include <brotli/decode.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <simdjson.h>
#include <spdlog/version.h>
#include <toml++/toml.h>
#include <zlib.h>
#include <zstd.h>

#include <boost/json.hpp>
#include <boost/version.hpp>
#include <cstdio>

#include "app/verbs.hpp"

namespace sluice::app {
namespace {

std::string dotted(unsigned major, unsigned minor, unsigned patch) {
  return fmt::format("{}.{}.{}", major, minor, patch);
}

std::string brotli_version() {
  const std::uint32_t packed = BrotliDecoderVersion();
  return dotted(packed >> 24, packed >> 12 & 0xfff, packed & 0xfff);
}

}  // namespace

VersionInfo version_info() {
  VersionInfo out;
  out.version = SLUICE_VERSION;
  out.commit = SLUICE_COMMIT;
  out.compiler = fmt::format("clang {}", __clang_version__);
  while (out.compiler.ends_with(' ')) out.compiler.pop_back();
  out.libraries = {
      {"boost", dotted(BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100)},
      {"brotli", brotli_version()},
      {"fmt", dotted(FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
      {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)},
      {"simdjson", dotted(simdjson::SIMDJSON_VERSION_MAJOR, simdjson::SIMDJSON_VERSION_MINOR,
                          simdjson::SIMDJSON_VERSION_REVISION)},
      {"spdlog", dotted(SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH)},
      {"toml++", dotted(TOML_LIB_MAJOR, TOML_LIB_MINOR, TOML_LIB_PATCH)},
      {"zlib", zlibVersion()},
      {"zstd", ZSTD_versionString()},
  };
  return out;
}

std::string version_text(const VersionInfo& info) {
  std::string out = fmt::format("sluice {} ({})\n{}\n", info.version, info.commit, info.compiler);
  for (const auto& [name, version] : info.libraries) out += fmt::format("{} {}\n", name, version);
  return out;
}

std::string version_json(const VersionInfo& info) {
  boost::json::object libraries;
  for (const auto& [name, version] : info.libraries) libraries[name] = version;
  const boost::json::object out = {{"version", info.version},
                                   {"commit", info.commit},
                                   {"compiler", info.compiler},
                                   {"libraries", std::move(libraries)}};
  return boost::json::serialize(out) + "\n";
}

int run_version(const Command& command) {
  const VersionInfo info = version_info();
  std::fputs((command.json ? version_json(info) : version_text(info)).c_str(), stdout);
  return 0;
}

}  // namespace sluice::app

#pragma once
/// `sluice check`: what would keep the relay from working, told before it is started. Nothing is changed and nothing
/// is billed.

#include <cstdint>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "app/config_load.hpp"
#include "provider/upstream_url.hpp"

namespace sluice::app {

enum class Grade : std::uint8_t { ok, warn, fail };

struct CheckLine {
  Grade grade = Grade::ok;
  std::string subject;  // "config", "data folder", "account main"
  std::string message;  // what was found and, unless ok, what to do
};

/// Everything, in the order a start would meet it. After a broken configuration the rest is left out.
[[nodiscard]] std::vector<CheckLine> check_all(const ConfigSources& sources);

/// Exists or can be made, can be written, has room.
[[nodiscard]] CheckLine check_data_folder(const std::string& path);
/// Opens as it is, with which schema; the accounts in it, with their secrets where the master key opens them, go into
/// `accounts`. A line for each thing that is worth one.
[[nodiscard]] std::vector<CheckLine> check_store(const Config& config,
                                                 std::vector<provider::AccountSettings>& accounts);
/// When there, only its owner can read it.
[[nodiscard]] CheckLine check_master_key(const std::string& path);
/// Load, belong together, haven't ended.
[[nodiscard]] CheckLine check_certificate(const std::string& certificate, const std::string& key,
                                          WallTime now);
/// Name, TCP and TLS of an account's base URL, each a line ("dns", "connect", "tls") as far as it came; of an account with a
/// proxy all of the way through that, in one line ("proxy"). No request is sent.
/// Blocks for at most `timeout` an address.
[[nodiscard]] std::vector<CheckLine> reach_steps(const provider::AccountSettings& account,
                                                 provider::PrivateUpstreams private_upstreams,
                                                 Milliseconds timeout);
/// The same in one line.
[[nodiscard]] CheckLine check_reach(const provider::AccountSettings& account,
                                    provider::PrivateUpstreams private_upstreams,
                                    Milliseconds timeout);

[[nodiscard]] bool any_failed(const std::vector<CheckLine>& lines);
[[nodiscard]] std::string check_text(const std::vector<CheckLine>& lines);
[[nodiscard]] std::string check_json(const std::vector<CheckLine>& lines);

}  // namespace sluice::app

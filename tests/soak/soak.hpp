#pragma once
/// What the modes share: options, checks that are counted, and the configuration of the sluice under soak.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "poller.hpp"

namespace sluice::soak {

struct Options {
  std::string mode;
  std::string program;
  std::uint64_t seed = 1;
  std::size_t count = 0;  // streams or requests; 0: the mode's own
  std::optional<std::uint64_t> only;
  unsigned threads = 2;
  std::size_t rounds = 2;  // of endings
  std::size_t connections = 0;
  Milliseconds pace{1000};  // of a capacity stream
  double slowness = 1;      // of the program: sanitizers stretch the time limits
  bool measures_memory = true;
};

/// Counts what held and what didn't, and prints both.
class Checks {
 public:
  void check(bool good, std::string_view what);
  /// One of many failures of one kind: the first ones are printed.
  void complain(std::string_view what);
  [[nodiscard]] std::size_t complaints() const { return complaints_; }
  [[nodiscard]] std::size_t passed() const { return passed_; }
  [[nodiscard]] std::size_t failed() const { return failed_; }

 private:
  std::size_t passed_ = 0;
  std::size_t failed_ = 0;
  std::size_t complaints_ = 0;
};

inline constexpr std::string_view key_secret = "sk-slc-soaksoaksoaksoaksoaksoaksoaksoaksoaksoaksoa";

struct Limits {
  Milliseconds connect{10000};
  Milliseconds first_byte{60000};
  Milliseconds idle{60000};
  Milliseconds write_stall{60000};
};

/// `[server]`, `[relay]`, the key, and an account for `claude-*` at `port`.
[[nodiscard]] std::string configuration(std::uint16_t port, unsigned threads, const Limits& limits);
/// One more account.
[[nodiscard]] std::string account(std::string_view name, std::string_view models,
                                  std::uint16_t port);
/// A request for a stream or a document, with `text_bytes` of random text in it.
[[nodiscard]] std::string request_body(class Dice& dice, std::uint64_t id, std::string_view model,
                                       bool stream, std::size_t text_bytes);

void soak_bytes(const Options& options, Checks& checks);
void soak_endings(const Options& options, Checks& checks);
void soak_drain(const Options& options, Checks& checks);
void soak_capacity(const Options& options, Checks& checks);

}  // namespace sluice::soak

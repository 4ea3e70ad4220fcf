#pragma once
/// What a simulated answer shall look like and what shall go wrong with it.
///
///     x-sim: events=50, rate=20, reset_at=4096
///
/// The names are a contract: tests and demos rely on them. `sluice simulate --help` shows the same table.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace sluice::sim {

enum class Garbage : std::uint8_t { none, head, chunk, sse, json };
enum class Coding : std::uint8_t { none, gzip, br, zstd };
/// Which side of the prompt cache a marked prompt is on.
enum class CacheUse : std::uint8_t { growing, read, write };

struct Parameters {
  // The answer.
  std::optional<std::uint64_t> seed;
  std::optional<std::uint32_t> events;
  bool echo = false;
  CacheUse cache = CacheUse::growing;
  std::string golden;
  /// The account has this one container; empty: it looks at none.
  std::string container;
  /// The account takes back only thinking that it has signed itself.
  bool thinking_bound = false;
  Coding coding = Coding::none;
  bool crlf = false;
  bool no_length = false;
  bool close_after = false;
  // Its pace and its pieces.
  double rate = 0;  // events a second, 0: at once
  Milliseconds first{0};
  std::uint32_t drip_bytes = 0;
  Milliseconds drip_every{10};
  std::uint32_t split = 0;
  bool split_random = false;
  // Faults: what `n_of` switches on and off.
  int status = 200;
  std::optional<std::uint32_t> retry_after;
  std::string error_event;
  std::uint32_t error_at = 0;
  std::optional<std::uint64_t> reset_at, close_at, stall_at;
  Garbage garbage = Garbage::none;
  std::uint32_t head_bytes = 0;
  std::uint32_t big_line = 0;
  bool no_stop = false;
  bool hold = false;
  // Of every `of` requests, the first `fault` have the faults. 0: all.
  std::uint32_t n_of_fault = 0;
  std::uint32_t n_of = 0;

  /// The same answer, with nothing that goes wrong.
  [[nodiscard]] Parameters without_faults() const;
  /// Whether bytes are counted or cut into writes of their own.
  [[nodiscard]] bool shapes_bytes() const;
};

/// Sets what `list` ("a=1, b") names. Errors: invalid_request (Side::client); the context names the parameter.
[[nodiscard]] Status apply_parameters(std::string_view list, Parameters& onto);

/// The table of all parameters, a line each, for people.
[[nodiscard]] std::string parameters_help();

}  // namespace sluice::sim

#pragma once
/// Writes one response, byte by byte if need be: where a write ends, how fast bytes drip, and after which byte the
/// connection breaks.

#include <string>
#include <string_view>

#include "base/random.hpp"
#include "net/stream.hpp"
#include "sim/pacer.hpp"
#include "sim/parameters.hpp"

namespace sluice::sim {

enum class Sent : std::uint8_t {
  ok,
  blocked,  // only from `write_now`: give the rest to `write`
  client_left,
  fault,  // the fault has happened: the connection is closed or silent, nothing more can be sent
};

class FaultWriter {
 public:
  FaultWriter(net::Loop& loop, Pacer& pacer, net::Timer& timer, net::Stream& stream,
              const Parameters& parameters, std::uint64_t seed)
      : loop_(loop),
        pacer_(pacer),
        timer_(timer),
        stream_(stream),
        parameters_(parameters),
        random_(seed) {}

  /// Whether `write_now` may be used: nothing is counted or cut.
  [[nodiscard]] bool is_plain() const { return !parameters_.shapes_bytes(); }
  /// Tries once; takes from `bytes` what went.
  [[nodiscard]] Sent write_now(std::string_view& bytes);
  /// All of it, with whatever shall go wrong.
  [[nodiscard]] net::Task<Sent> write(std::string bytes);

  [[nodiscard]] std::uint64_t bytes_sent() const { return at_; }
  /// Silence until the client leaves.
  [[nodiscard]] net::Task<void> wait_for_client_to_leave();

 private:
  [[nodiscard]] std::size_t next_piece(std::size_t left);
  [[nodiscard]] net::Task<Sent> break_here();
  [[nodiscard]] net::Task<void> drain();

  net::Loop& loop_;
  Pacer& pacer_;
  net::Timer& timer_;
  net::Stream& stream_;
  const Parameters& parameters_;
  SeededRandom random_;
  std::uint64_t at_ = 0;
};

}  // namespace sluice::sim

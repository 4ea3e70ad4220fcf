#pragma once
/// Loopback sockets, non-blocking.

#include <cstddef>
#include <cstdint>

namespace sluice::soak {

/// Listens on a free port of 127.0.0.1, and tells it.
[[nodiscard]] int listen_on_loopback(std::uint16_t& port, int backlog);

struct Connecting {
  std::uint16_t port = 0;
  std::uint8_t source = 1;        // from 127.0.0.SOURCE: one address has 28,000 ports
  std::size_t receive_bytes = 0;  // SO_RCVBUF; 0: as the kernel has it
};
/// Negative where that can't be.
[[nodiscard]] int connect_to_loopback(const Connecting& to);

void set_no_delay(int fd);
/// The peer gets a reset instead of an end.
void close_with_reset(int fd);

/// Raises RLIMIT_NOFILE as far as it goes, and gives it.
[[nodiscard]] std::size_t raise_descriptor_limit();

}  // namespace sluice::soak

#pragma once
/// What the kernel knows about this process.

#include <cstdint>

#include "base/error.hpp"

namespace sluice::app {

struct ProcessStats {
  double cpu_seconds = 0;         // user and system
  double start_time_seconds = 0;  // since the epoch
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
};

/// From /proc/self; `io` where there is none.
[[nodiscard]] Result<ProcessStats> read_process_stats();

}  // namespace sluice::app

#include "app/process_stats.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace sluice::app {
namespace {

std::string read_file(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The fields of /proc/self/stat from the third on. The second is the program's name in
/// parentheses, which may hold anything.
std::vector<std::string> stat_fields() {
  const std::string text = read_file("/proc/self/stat");
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(text.substr(name_end + 1));
  return {std::istream_iterator<std::string>(rest), {}};
}

/// When the machine was started, in seconds since the epoch.
double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return 0;
}

}  // namespace

Result<ProcessStats> read_process_stats() {
  // Numbers as in proc(5), counted from 1; we have them from the third on.
  constexpr std::size_t utime = 14, stime = 15, start_time = 22, vsize = 23, rss = 24;
  const auto fields = stat_fields();
  if (fields.size() < rss - 2) return fail(Errc::io, Side::gateway, "/proc/self/stat: unreadable");
  const auto field = [&](std::size_t number) { return std::stoull(fields[number - 3]); };
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));

  ProcessStats stats;
  stats.cpu_seconds = static_cast<double>(field(utime) + field(stime)) / ticks_per_second;
  stats.start_time_seconds =
      boot_time() + static_cast<double>(field(start_time)) / ticks_per_second;
  stats.virtual_bytes = field(vsize);
  stats.resident_bytes = field(rss) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::error_code error;
  std::filesystem::directory_iterator fds("/proc/self/fd", error);
  if (!error) {
    // One of them is the descriptor that reads the list.
    stats.open_fds = static_cast<std::uint64_t>(std::distance(begin(fds), end(fds))) - 1;
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = limit.rlim_cur;
  return stats;
}

}  // namespace sluice::app

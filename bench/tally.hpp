#pragma once
/// What a run of the load generator saw, and how it is printed.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::bench {

/// Every sample is kept and sorted at the end: percentiles are exact, not those of a bucket.
class Latencies {
 public:
  void add(std::chrono::nanoseconds sample) { samples_.push_back(sample.count()); }

  /// {"p50":..,"p90":..,"p99":..,"p999":..,"max":..} in microseconds.
  [[nodiscard]] std::string json() {
    std::sort(samples_.begin(), samples_.end());
    char out[160];
    std::snprintf(out, sizeof out, R"({"p50":%.1f,"p90":%.1f,"p99":%.1f,"p999":%.1f,"max":%.1f})",
                  at(0.5), at(0.9), at(0.99), at(0.999), at(1));
    return out;
  }

 private:
  [[nodiscard]] double at(double share) const {
    if (samples_.empty()) return 0;
    const auto last = static_cast<double>(samples_.size() - 1);
    return static_cast<double>(samples_[static_cast<std::size_t>(share * last + 0.5)]) / 1000;
  }

  std::vector<std::int64_t> samples_;
};

struct Tally {
  std::size_t started = 0;
  std::size_t ok = 0;      // status 200, whole, and for streams: message_stop seen
  std::size_t errors = 0;  // everything else that was started and came to an end
  std::size_t events = 0;
  std::size_t deltas = 0;
  std::size_t reads = 0;  // that brought bytes: how far events arrived one by one
  std::string first_error;
  Latencies latency;      // from the intended start to the last byte
  Latencies first_bytes;  // from the intended start to the first byte

  void fail(std::string_view why) {
    ++errors;
    if (first_error.empty()) first_error = why;
  }
};

/// `text` as a JSON string.
[[nodiscard]] inline std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + '"';
}

}  // namespace sluice::bench

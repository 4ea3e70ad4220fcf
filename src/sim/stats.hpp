#pragma once
/// What the simulator saw and did, for tests to compare with. One object for all threads.

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "sim/claim.hpp"
#include "wire/http_head.hpp"

namespace sluice::sim {

/// How an answer's way ended.
enum class Ending : std::uint8_t { completed, cut_by_client, cut_by_fault };

class Stats {
 public:
  static constexpr std::size_t recent_max = 1000;
  static constexpr std::size_t names_max = 1000;  // of keys, models and routes each

  void on_connection();
  /// A request is here. Looks for headers that a relay must not pass on.
  void on_request(std::string_view route, std::string_view request_id, std::string_view key,
                  const wire::RequestHead& head);
  void on_wrong_key();
  void on_stream_started();
  /// It is answered, or not any more. `claim`: what was told to the client, null if nothing was.
  void on_end(bool stream, int status, Ending ending, const Claim* claim,
              std::uint64_t output_sent);

  [[nodiscard]] std::string json() const;
  /// All zero; what is in flight stays.
  void reset();

 private:
  struct Tokens {
    std::uint64_t requests = 0, input = 0, output = 0, cache_read = 0, cache_write_5m = 0,
                  cache_write_1h = 0;
    void add(const Claim& claim);
  };
  struct Counts {
    std::uint64_t connections = 0, requests = 0, leaked_headers = 0, wrong_keys = 0;
    std::uint64_t streams_started = 0, streams_completed = 0, streams_cut_by_client = 0,
                  streams_cut_by_fault = 0;
    std::uint64_t answers_completed = 0, answers_cut_by_client = 0, answers_cut_by_fault = 0;
    std::uint64_t output_sent = 0;
    Tokens tokens;
    std::map<std::string, Tokens, std::less<>> models;
    std::map<std::string, std::uint64_t, std::less<>> routes, leaked, keys;
    std::map<int, std::uint64_t> statuses;
    std::deque<std::string> recent;
  };
  mutable std::mutex mutex_;
  std::int64_t in_flight_ = 0;
  Counts counts_;
};

}  // namespace sluice::sim

#pragma once
/// What prompt caches did for an account: how often they were asked, how often they had something, and how much.

#include <atomic>
#include <cstdint>

namespace sluice::routing {

/// Since the start of the process. Hit rate: hits / requests. What it saved: a provider takes a tenth for a token that is read
/// and 1.25 (five minutes) or 2 (an hour) times the price of one that is written.
struct CacheFigures {
  std::uint64_t requests =
      0;  // answered ones that asked for something to be kept, or read what was
  std::uint64_t expected = 0;  // of these, whose beginning was thought to be there
  std::uint64_t hits = 0;      // and that read from it
  std::uint64_t tokens_read = 0;
  std::uint64_t tokens_written_5m = 0;
  std::uint64_t tokens_written_1h = 0;
};

/// The same, counted by all threads.
class CacheCounts {
 public:
  void add(const CacheFigures& more) {
    const auto count = [](std::atomic<std::uint64_t>& to, std::uint64_t by) {
      if (by > 0) to.fetch_add(by, std::memory_order_relaxed);
    };
    count(requests_, more.requests);
    count(expected_, more.expected);
    count(hits_, more.hits);
    count(tokens_read_, more.tokens_read);
    count(tokens_written_5m_, more.tokens_written_5m);
    count(tokens_written_1h_, more.tokens_written_1h);
  }
  [[nodiscard]] CacheFigures figures() const {
    const auto value = [](const std::atomic<std::uint64_t>& of) {
      return of.load(std::memory_order_relaxed);
    };
    return {.requests = value(requests_),
            .expected = value(expected_),
            .hits = value(hits_),
            .tokens_read = value(tokens_read_),
            .tokens_written_5m = value(tokens_written_5m_),
            .tokens_written_1h = value(tokens_written_1h_)};
  }

 private:
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> expected_{0};
  std::atomic<std::uint64_t> hits_{0};
  std::atomic<std::uint64_t> tokens_read_{0};
  std::atomic<std::uint64_t> tokens_written_5m_{0};
  std::atomic<std::uint64_t> tokens_written_1h_{0};
};

}  // namespace sluice::routing

#pragma once
/// What the bench upstream says: one Messages answer, or the events of a Messages stream, ready to
/// be sent.

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::bench {

/// How one stream goes, as the request asked for it.
///
///     x-bench: events=100,rate=20,tick=1000     a header, part of the query, or anywhere in the
///     body
///
/// events  content_block_delta events, about 150 bytes each.      burst  of them in one write, when
/// unpaced. rate    of them a second; 0 is unpaced.                        hold   after the deltas
/// stay silent for good. tick    microseconds; the due time of every event is rounded up to a
/// multiple of it. 0 is exact.
struct StreamPlan {
  std::size_t events = 10;
  double rate = 0;
  std::size_t burst = 1;
  bool hold = false;
  std::chrono::microseconds tick{1000};
};

/// The plan named in `request` (head and body), or the default one.
[[nodiscard]] StreamPlan plan_of(std::string_view request);

/// A whole answer with its head, about 600 bytes of JSON.
[[nodiscard]] const std::string& json_answer();
/// Head, message_start and content_block_start: they leave in one write.
[[nodiscard]] const std::string& stream_opening();
/// `count` deltas, each a chunk of its own.
[[nodiscard]] std::string_view stream_deltas(std::size_t count);
inline constexpr std::size_t deltas_per_write_max = 128;
/// content_block_stop, message_delta, message_stop and the last chunk: they leave in one write.
[[nodiscard]] const std::string& stream_ending();

}  // namespace sluice::bench

#pragma once
/// Gives memory back now. `text = {}` doesn't: libstdc++ keeps the buffer of a string that is assigned an empty one.
///
/// Buffers of the size that heads, bodies and first answers have are kept by the thread for the next request: a request
/// needs half a dozen of them for a moment, and an idle connection none.

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

namespace detail {
inline constexpr std::size_t spare_bytes_min = 2048;
inline constexpr std::size_t spare_bytes_max = 8192;
inline constexpr std::size_t spares_max = 256;  // at most 2 MiB a thread, mostly a quarter of it

inline std::vector<std::string>& spares() {
  thread_local std::vector<std::string> instance;
  return instance;
}
}  // namespace detail

/// `text` becomes empty and holds no memory. (libstdc++ leaves so what it moves from; a swap costs three times as much.)
inline void release(std::string& text) {
  auto& spares = detail::spares();
  if (text.capacity() < detail::spare_bytes_min || text.capacity() > detail::spare_bytes_max ||
      spares.size() >= detail::spares_max) {
    const std::string gone = std::move(text);
    return;
  }
  text.clear();
  spares.push_back(std::move(text));
}

/// Room for `bytes` in `text`, which is empty: from a spare buffer where one is large enough.
inline void reserve_spare(std::string& text, std::size_t bytes) {
  if (bytes <= detail::spare_bytes_max) {
    auto& spares = detail::spares();
    if (!spares.empty() && spares.back().capacity() >= bytes) {
      text = std::move(spares.back());
      spares.pop_back();
      return;
    }
    bytes = std::max(bytes, detail::spare_bytes_min);  // so that it can be a spare one
  }
  text.reserve(bytes);
}

}  // namespace sluice

#pragma once
/// Gives memory back now. `text = {}` doesn't: libstdc++ keeps the buffer of a string that is assigned an empty one.
///
/// Buffers of the size that heads, bodies and first answers have are kept by the thread for the next request: a request
/// needs half a dozen of them for a moment, and an idle connection none.

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace sluice {

namespace detail {
inline constexpr std::size_t spare_bytes_min = 2048;
inline constexpr std::size_t spare_bytes_max = 8192;
inline constexpr std::size_t spares_max = 64;  // at most 512 KiB a thread

inline std::vector<std::string>& spares() {
  thread_local std::vector<std::string> instance;
  return instance;
}
}  // namespace detail

/// `text` becomes empty and holds no memory.
inline void release(std::string& text) {
  std::string gone;
  gone.swap(text);
  auto& spares = detail::spares();
  if (gone.capacity() < detail::spare_bytes_min || gone.capacity() > detail::spare_bytes_max ||
      spares.size() >= detail::spares_max) {
    return;
  }
  gone.clear();
  spares.push_back(std::move(gone));
}

/// Room for `bytes` in `text`, which is empty: from a spare buffer where one is large enough.
inline void reserve_spare(std::string& text, std::size_t bytes) {
  if (bytes <= detail::spare_bytes_max) {
    auto& spares = detail::spares();
    if (!spares.empty() && spares.back().capacity() >= bytes) {
      text.swap(spares.back());
      spares.pop_back();
      return;
    }
    bytes = std::max(bytes, detail::spare_bytes_min);  // so that it can be a spare one
  }
  text.reserve(bytes);
}

}  // namespace sluice

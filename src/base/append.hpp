#pragma once
/// Several pieces of text behind a string, with one look at its room.
///
///     append(line, name, ": ", value, "\r\n");

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace sluice {

namespace detail {
inline std::size_t size_of(std::string_view part) { return part.size(); }
inline char* put(char* at, std::string_view part) { return at + part.copy(at, part.size()); }

// The size of a literal is known to the compiler: its bytes are stored, without a call.
template <std::size_t n>
constexpr std::size_t size_of(const char (& /*literal*/)[n]) {
  return n - 1;
}
template <std::size_t n>
char* put(char* at, const char (&literal)[n]) {
  std::memcpy(at, literal, n - 1);
  return at + (n - 1);
}
}  // namespace detail

/// A part is a string, a view or a literal; none may be of `out` itself.
template <class... Parts>
void append(std::string& out, const Parts&... parts) {
  const std::size_t before = out.size();
  const std::size_t after = before + (detail::size_of(parts) + ...);
  // libstdc++ 12 hands over the new capacity where it had to grow, not the size that was asked for.
  out.resize_and_overwrite(after, [&](char* text, std::size_t /*size*/) {
    char* at = text + before;
    ((at = detail::put(at, parts)), ...);
    return after;
  });
}

}  // namespace sluice

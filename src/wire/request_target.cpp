#include "wire/bytes.hpp"
#include "wire/http_head.hpp"

namespace sluice::wire {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::unexpected<Error> refuse(const char* rule) {
  return fail(Errc::invalid_request, Side::client, rule);
}

Status check_escape(std::string_view path, std::size_t at) {
  const int high = at + 2 < path.size() ? hex_value(path[at + 1]) : -1;
  const int low = at + 2 < path.size() ? hex_value(path[at + 2]) : -1;
  if (high < 0 || low < 0) return refuse("the path has a broken percent escape");
  const int byte = high * 16 + low;
  if (byte < 0x20 || byte == 0x7f) return refuse("the path has an encoded control byte");
  if (byte == '.' || byte == '/' || byte == '\\')
    return refuse("the path has an encoded dot or slash");
  return {};
}

}  // namespace

Status check_target(std::string_view target) {
  if (target == "*") return {};
  if (!target.starts_with('/')) return refuse("the target is not a path");
  for (const char c : target) {
    if (!bytes::is(c, bytes::class_visible))
      return refuse("the target has a byte that is not visible ASCII");
    if (c == '#') return refuse("the target has a fragment");
  }
  const auto path = target.substr(0, target.find('?'));
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] >= 'a' && path[i] <= 'z') continue;  // most of a path
    const char next = i + 1 < path.size() ? path[i + 1] : '/';
    switch (path[i]) {
      case '\\':
      case ';': return refuse("the path has a backslash or a semicolon");
      case '/':
        if (next == '/' && i + 1 < path.size()) return refuse("the path has an empty segment");
        break;
      case '.':
        if (next == '.' || (next == '/' && path[i - 1] == '/'))
          return refuse("the path has dot segments");
        break;
      case '%': CHECK_OK(check_escape(path, i)); break;
    }
  }
  return {};
}

}  // namespace sluice::wire

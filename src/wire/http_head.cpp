#include "wire/http_head.hpp"

#include <algorithm>
#include <cstring>

#include "base/ascii.hpp"
#include "wire/bytes.hpp"

namespace sluice::wire {
namespace {

/// Fields whose repetition or look-alike changes what a message means.
enum class Known : std::uint8_t {
  other,
  host,
  content_length,
  transfer_encoding,
  connection,
  expect,
  authorization,
  x_api_key,
  x_goog_api_key,
  api_key,
};

// Some servers map '_' and '-' to one variable name, so "Content_Length" counts as a spelling of
// "Content-Length". Both are of one length.
bool equal_dashed(std::string_view name, std::string_view lower_name) {
  if (name == lower_name) return true;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i] == '_' ? '-' : ascii::lower(name[i]);
    if (c != lower_name[i]) return false;
  }
  return true;
}

Known recognise(std::string_view name) {
  const auto one_of = [name](Known field, std::string_view lower_name) {
    return equal_dashed(name, lower_name) ? field : Known::other;
  };
  switch (name.size()) {
    case 4: return one_of(Known::host, "host");
    case 6: return one_of(Known::expect, "expect");
    case 7: return one_of(Known::api_key, "api-key");
    case 9: return one_of(Known::x_api_key, "x-api-key");
    case 10: return one_of(Known::connection, "connection");
    case 13: return one_of(Known::authorization, "authorization");
    case 14:
      return ascii::lower(name.front()) == 'c' ? one_of(Known::content_length, "content-length")
                                               : one_of(Known::x_goog_api_key, "x-goog-api-key");
    case 17: return one_of(Known::transfer_encoding, "transfer-encoding");
    default: return Known::other;
  }
}

bool parse_length(std::string_view text, std::uint64_t& out) {
  // 19 digits can't overflow 64 bits; lengths are below 2^63, so that signed arithmetic on them is
  // safe as well.
  if (text.empty() || text.size() > 19) return false;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!bytes::is(c, bytes::class_digit)) return false;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value > static_cast<std::uint64_t>(INT64_MAX)) return false;
  out = value;
  return true;
}

/// Refusals in the words of one side.
struct Refuse {
  Side side;
  [[nodiscard]] std::unexpected<Error> operator()(const char* rule) const {
    if (side == Side::client) return fail(Errc::invalid_request, side, rule);
    return fail(Errc::upstream_invalid, side, rule, Retry::other_account);
  }
  [[nodiscard]] std::unexpected<Error> too_large(const char* rule) const {
    if (side == Side::client) return fail(Errc::header_too_large, side, rule);
    return (*this)(rule);
  }
};

/// What the fields say about the message itself.
struct Semantics {
  std::uint32_t seen = 0;
  std::uint64_t content_length = 0;
  bool close = false;
  bool keep_alive = false;
  bool expect_continue = false;
  [[nodiscard]] bool has(Known field) const {
    return (seen >> static_cast<unsigned>(field) & 1u) != 0;
  }
};

Status note(Known known, const HeaderField& field, const Refuse& refuse, Semantics& out) {
  if (field.name.contains('_'))
    return refuse("a field name looks like a framing or credential field");
  const bool repeated = out.has(known);
  out.seen |= 1u << static_cast<unsigned>(known);
  switch (known) {
    case Known::other: return {};
    case Known::host:
      if (repeated && refuse.side == Side::client) return refuse("Host is repeated");
      for (const char c : field.value) {
        if (!bytes::is(c, bytes::class_host)) return refuse("Host is not a host and port");
      }
      return {};
    case Known::content_length:
      if (repeated) return refuse("Content-Length is repeated");
      if (!parse_length(field.value, out.content_length))
        return refuse("Content-Length is not one number");
      return {};
    case Known::transfer_encoding:
      if (repeated) return refuse("Transfer-Encoding is repeated");
      if (!ascii::iequal(field.value, "chunked"))
        return refuse("Transfer-Encoding is not exactly chunked");
      return {};
    case Known::connection:
      ascii::for_each_element(field.value, [&out](std::string_view option) {
        if (ascii::iequal(option, "close")) out.close = true;
        if (ascii::iequal(option, "keep-alive")) out.keep_alive = true;
      });
      return {};
    case Known::expect:
      if (refuse.side != Side::client) return {};
      if (repeated || !ascii::iequal(field.value, "100-continue")) {
        return fail(Errc::expectation_failed, refuse.side, "Expect is not exactly 100-continue");
      }
      out.expect_continue = true;
      return {};
    case Known::authorization:
    case Known::x_api_key:
    case Known::x_goog_api_key:
    case Known::api_key:
      if (repeated && refuse.side == Side::client) return refuse("a credential field is repeated");
      return {};
  }
  return {};
}

/// Room for so many fields is made at once.
constexpr std::size_t usual_fields = 16;

/// From the first field line to the CRLF that ends the head, which must be the last bytes.
Status parse_fields(const char* p, const char* end, std::size_t count_max, const Refuse& refuse,
                    std::vector<HeaderField>& headers, Semantics& semantics) {
  if (end - p < 2 || end[-2] != '\r' || end[-1] != '\n') return refuse("the head has no end");
  if (headers.capacity() < usual_fields) headers.reserve(std::min(usual_fields, count_max));
  for (;;) {
    if (end - p < 2) return refuse("the head has no end");
    if (p[0] == '\r' && p[1] == '\n') {
      if (p + 2 != end) return refuse("bytes after the end of the head");
      return {};
    }
    // The head's last byte, a line feed, stops every search that isn't stopped before.
    const char* const name = p;
    p = bytes::skip_name(p, end);
    while (bytes::is(*p, bytes::class_token)) ++p;
    if (*p != ':' || p == name) {
      // One message for all: folded lines, a blank before the colon, no colon, no name, a stray
      // byte.
      return refuse("a field line doesn't begin with a name and a colon");
    }
    const std::string_view field_name(name, static_cast<std::size_t>(p - name));
    ++p;
    while (*p == ' ' || *p == '\t') ++p;
    const char* const value = p;
    p = bytes::find_control(p, end);
    if (end - p < 2 || p[0] != '\r' || p[1] != '\n')
      return refuse("a control byte in a field value");
    const char* value_end = p;
    while (value_end != value && (value_end[-1] == ' ' || value_end[-1] == '\t')) --value_end;
    p += 2;
    if (headers.size() == count_max) return refuse.too_large("too many fields");
    const HeaderField& field = headers.emplace_back(
        field_name, std::string_view(value, static_cast<std::size_t>(value_end - value)));
    if (const Known known = recognise(field_name); known != Known::other) {
      CHECK_OK(note(known, field, refuse, semantics));
    }
  }
}

/// "HTTP/1.0" or "HTTP/1.1" at `p`, and nothing else.
bool parse_version(const char* p, const char* end, int& minor) {
  if (end - p < 8 || std::memcmp(p, "HTTP/1.", 7) != 0 || (p[7] != '0' && p[7] != '1'))
    return false;
  minor = p[7] - '0';
  return true;
}

bool wants_keep_alive(int minor_version, const Semantics& semantics) {
  return !semantics.close && (minor_version == 1 || semantics.keep_alive);
}

/// Both sides' rules on the two ways to delimit a body.
Status check_framing(int minor_version, const Semantics& semantics, const Refuse& refuse) {
  if (!semantics.has(Known::transfer_encoding)) return {};
  if (semantics.has(Known::content_length))
    return refuse("both Content-Length and Transfer-Encoding");
  if (minor_version == 0) return refuse("Transfer-Encoding in HTTP/1.0");
  return {};
}

const HeaderField* find_field(const std::vector<HeaderField>& headers, std::string_view name) {
  for (const auto& field : headers) {
    if (ascii::iequal(field.name, name)) return &field;
  }
  return nullptr;
}

std::string_view value_of(const HeaderField* field) {
  return field == nullptr ? std::string_view() : field->value;
}

}  // namespace

const HeaderField* RequestHead::find(std::string_view name) const {
  return find_field(headers, name);
}
std::string_view RequestHead::value(std::string_view name) const { return value_of(find(name)); }
const HeaderField* ResponseHead::find(std::string_view name) const {
  return find_field(headers, name);
}
std::string_view ResponseHead::value(std::string_view name) const { return value_of(find(name)); }

Status parse_request_head(std::string_view head, const HeadLimits& limits, RequestHead& out) {
  constexpr Refuse refuse{Side::client};
  out.headers.clear();
  if (head.size() > limits.bytes_max) return refuse.too_large("the head is too long");
  for (int i = 0; i < 2 && head.starts_with("\r\n"); ++i) head.remove_prefix(2);
  const char* p = head.data();
  const char* const end = p + head.size();

  const char* const method = p;
  while (p != end && bytes::is(*p, bytes::class_token)) ++p;
  if (p == end || *p != ' ' || p == method)
    return refuse("the request line doesn't begin with a method");
  out.method = {method, static_cast<std::size_t>(p - method)};
  ++p;
  const char* const target = p;
  while (p != end && bytes::is(*p, bytes::class_visible)) ++p;
  if (p == end || *p != ' ' || p == target) return refuse("the request line has no clean target");
  out.target = {target, static_cast<std::size_t>(p - target)};
  ++p;
  if (!parse_version(p, end, out.minor_version))
    return refuse("the version is not HTTP/1.0 or HTTP/1.1");
  p += 8;
  if (end - p < 2 || p[0] != '\r' || p[1] != '\n') return refuse("bytes after the version");
  p += 2;
  if (out.method == "CONNECT") return refuse("CONNECT is not served");
  if (out.target == "*" && out.method != "OPTIONS")
    return refuse("the target * is for OPTIONS alone");

  Semantics semantics;
  CHECK_OK(parse_fields(p, end, limits.count_max, refuse, out.headers, semantics));
  if (out.minor_version == 1 && !semantics.has(Known::host)) return refuse("Host is missing");
  CHECK_OK(check_framing(out.minor_version, semantics, refuse));
  out.content_length = semantics.content_length;
  out.framing = semantics.has(Known::transfer_encoding) ? Framing::chunked
                : semantics.has(Known::content_length)  ? Framing::length
                                                        : Framing::none;
  out.keep_alive = wants_keep_alive(out.minor_version, semantics);
  // A 1.0 client can't take a 100 response: RFC 9110, 10.1.1.
  out.expect_continue = semantics.expect_continue && out.minor_version == 1;
  return {};
}

Status parse_response_head(std::string_view head, const HeadLimits& limits,
                           bool answers_head_request, ResponseHead& out) {
  constexpr Refuse refuse{Side::provider};
  out.headers.clear();
  if (head.size() > limits.bytes_max) return refuse.too_large("the head is too long");
  const char* p = head.data();
  const char* const end = p + head.size();

  if (!parse_version(p, end, out.minor_version))
    return refuse("the answer is not HTTP/1.0 or HTTP/1.1");
  p += 8;
  if (end - p < 4 || *p != ' ') return refuse("the status line has no status");
  ++p;
  int status = 0;
  for (int i = 0; i < 3; ++i, ++p) {
    if (!bytes::is(*p, bytes::class_digit)) return refuse("the status is not three digits");
    status = status * 10 + (*p - '0');
  }
  if (status < 100 || status > 599) return refuse("the status is not between 100 and 599");
  if (status == 101) return refuse("the protocol was switched though nobody asked");
  out.status = status;
  out.reason = {};
  if (p != end && *p == ' ') {
    const char* const reason = ++p;
    p = bytes::find_control(p, end);
    out.reason = {reason, static_cast<std::size_t>(p - reason)};
  }
  if (end - p < 2 || p[0] != '\r' || p[1] != '\n') return refuse("a stray byte in the status line");
  p += 2;

  Semantics semantics;
  CHECK_OK(parse_fields(p, end, limits.count_max, refuse, out.headers, semantics));
  CHECK_OK(check_framing(out.minor_version, semantics, refuse));
  out.content_length = semantics.content_length;
  if (answers_head_request || status < 200 || status == 204 || status == 304) {
    out.framing = Framing::none;
  } else if (semantics.has(Known::transfer_encoding)) {
    out.framing = Framing::chunked;
  } else {
    out.framing = semantics.has(Known::content_length) ? Framing::length : Framing::until_close;
  }
  out.keep_alive =
      out.framing != Framing::until_close && wants_keep_alive(out.minor_version, semantics);
  return {};
}

}  // namespace sluice::wire

#include "wire/json_peek.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <tuple>

#include "wire/json_scan.hpp"

namespace sluice::wire {
namespace {

std::unexpected<Error> not_json(std::size_t at) {
  return fail(Errc::invalid_request, Side::client, "not JSON at byte " + std::to_string(at));
}

Status check_utf8(std::string_view text) {
  if (simdjson::validate_utf8(text)) return {};
  return fail(Errc::invalid_request, Side::client, "not JSON: the text is not UTF-8");
}

JsonKind kind_of(char first) {
  switch (first) {
    case '{': return JsonKind::object;
    case '[': return JsonKind::array;
    case '"': return JsonKind::string;
    case 't':
    case 'f': return JsonKind::boolean;
    case 'n': return JsonKind::null;
    default: return JsonKind::number;
  }
}

}  // namespace

Status validate_json(std::string_view text) {
  CHECK_OK(check_utf8(text));
  JsonScan scan(text);
  if (!scan.take_value(0)) return not_json(scan.at());
  scan.skip_blanks();
  if (!scan.at_end()) return not_json(scan.at());
  return {};
}

JsonPeek::JsonPeek(std::span<const JsonKey> keys)
    : keys_(keys.begin(), keys.end()), values_(keys.size()) {
  for (const auto& key : keys_) {
    if (!key.inside.empty() && std::ranges::find(parents_, key.inside) == parents_.end())
      parents_.push_back(key.inside);
  }
  assert(parents_.size() <= 64);
}

/// One pass over one body.
class JsonPeek::Reader {
 public:
  Reader(JsonPeek& peek, std::string_view body) : peek_(peek), scan_(body) {}

  Status read_body() {
    scan_.skip_blanks();
    peek_.object_offset_ = scan_.at();
    if (scan_.peek() != '{') {
      CHECK_OK(validate_json(peek_.body_));
      return fail(Errc::invalid_request, Side::client, "the body is not a JSON object");
    }
    CHECK_OK(read_members({}));
    scan_.skip_blanks();
    if (!scan_.at_end()) return not_json(scan_.at());
    return {};
  }

 private:
  Status read_members(std::string_view inside) {
    if (!scan_.take('{')) return not_json(scan_.at());
    scan_.skip_blanks();
    if (scan_.take('}')) return {};
    do {
      CHECK_OK(read_member(inside));
      scan_.skip_blanks();
    } while (scan_.take(','));
    if (!scan_.take('}')) return not_json(scan_.at());
    return {};
  }

  Status read_member(std::string_view inside) {
    JsonScan::String key;
    scan_.skip_blanks();
    if (!scan_.take_string(key)) return not_json(scan_.at());
    scan_.skip_blanks();
    if (!scan_.take(':')) return not_json(scan_.at());
    scan_.skip_blanks();
    const auto name = key.escaped ? std::string_view(decoded_ = unescape_json(key.raw)) : key.raw;
    JsonValue* const chosen = choose(name, inside);
    if (chosen && chosen->kind != JsonKind::absent) return given_twice(name, inside);
    const auto offset = scan_.at();
    const auto kind = kind_of(scan_.peek());
    const auto parent =
        inside.empty() ? std::ranges::find(peek_.parents_, name) : peek_.parents_.end();
    if (parent != peek_.parents_.end()) {
      const auto bit = std::uint64_t{1} << (parent - peek_.parents_.begin());
      if (parents_seen_ & bit) return given_twice(name, inside);
      parents_seen_ |= bit;
    }
    if (parent != peek_.parents_.end() && kind == JsonKind::object) {
      CHECK_OK(read_members(*parent));
    } else if (!scan_.take_value(inside.empty() ? 1 : 2)) {
      return not_json(scan_.at());
    }
    if (chosen) *chosen = {kind, offset, scan_.at() - offset};
    return {};
  }

  [[nodiscard]] JsonValue* choose(std::string_view name, std::string_view inside) {
    for (std::size_t i = 0; i < peek_.keys_.size(); ++i) {
      if (peek_.keys_[i].name == name && peek_.keys_[i].inside == inside) return &peek_.values_[i];
    }
    return nullptr;
  }

  // Both names equal chosen ones here, so this quotes ourselves.
  static std::unexpected<Error> given_twice(std::string_view name, std::string_view inside) {
    std::string context(inside);
    if (!inside.empty()) context.push_back('.');
    context.append(name).append(" is given twice");
    return fail(Errc::invalid_request, Side::client, std::move(context));
  }

  JsonPeek& peek_;
  JsonScan scan_;
  std::string decoded_;
  std::uint64_t parents_seen_ = 0;
};

Status JsonPeek::read(std::string_view body) {
  std::ranges::fill(values_, JsonValue{});
  body_ = body;
  CHECK_OK(check_utf8(body));
  return Reader(*this, body).read_body();
}

std::string_view JsonPeek::raw(std::size_t key) const {
  return body_.substr(values_[key].offset, values_[key].length);
}

std::optional<std::string> JsonPeek::string(std::size_t key) const {
  if (values_[key].kind != JsonKind::string) return std::nullopt;
  const auto quoted = raw(key);
  return unescape_json(quoted.substr(1, quoted.size() - 2));
}

std::optional<bool> JsonPeek::boolean(std::size_t key) const {
  if (values_[key].kind != JsonKind::boolean) return std::nullopt;
  return raw(key) == "true";
}

std::optional<std::int64_t> JsonPeek::integer(std::size_t key) const {
  if (values_[key].kind != JsonKind::number) return std::nullopt;
  const auto text = raw(key);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

JsonEdit insert_member(std::string_view body, std::size_t object_offset, std::string_view name,
                       std::string_view raw_value) {
  assert(body[object_offset] == '{');
  JsonEdit edit{.offset = object_offset + 1, .length = 0, .replacement = {}};
  append_json_string(edit.replacement, name);
  edit.replacement.append(":").append(raw_value);
  JsonScan rest(body.substr(object_offset + 1));
  rest.skip_blanks();
  if (rest.peek() != '}') edit.replacement.push_back(',');
  return edit;
}

std::string apply_edits(std::string_view body, std::span<const JsonEdit> edits) {
  std::vector<const JsonEdit*> ordered;
  std::size_t size = body.size();
  for (const auto& edit : edits) {
    ordered.push_back(&edit);
    size += edit.replacement.size();
  }
  std::ranges::sort(ordered, {}, [](const JsonEdit* edit) {
    return std::tuple(edit->offset, edit->length, edit);  // insertions first, in the order given
  });
  std::string out;
  out.reserve(size);
  std::size_t at = 0;
  for (const auto* edit : ordered) {
    assert(edit->offset >= at && edit->offset + edit->length <= body.size());
    out.append(body.substr(at, edit->offset - at)).append(edit->replacement);
    at = edit->offset + edit->length;
  }
  return std::move(out.append(body.substr(at)));
}

void append_json_string(std::string& out, std::string_view utf8) {
  constexpr std::string_view hex = "0123456789abcdef";
  const bool valid = simdjson::validate_utf8(utf8);
  out.push_back('"');
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
      case '\\':
        out.push_back('\\');
        out.push_back(c);
        break;
      case '\n': out.append("\\n"); break;
      case '\r': out.append("\\r"); break;
      case '\t': out.append("\\t"); break;
      default:
        if (byte < 0x20) {
          out.append("\\u00").push_back(hex[byte >> 4]);
          out.push_back(hex[byte & 15]);
        } else if (byte >= 0x80 && !valid) {
          out.append("\xef\xbf\xbd");
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
}

}  // namespace sluice::wire

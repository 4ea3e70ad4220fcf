#pragma once
/// JSON bodies that are looked into, not read: strict over the whole text, without copying it and
/// without building it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace sluice::wire {

/// Whether `text` is one JSON value in UTF-8 and nothing else: RFC 8259 to the letter, no byte
/// order mark, at most 512 levels. Errors: invalid_request, with the place.
[[nodiscard]] Status validate_json(std::string_view text);

/// A member of the top-level object, or of the object that is the member `inside` of it.
struct JsonKey {
  std::string_view name;
  std::string_view inside = {};
};

enum class JsonKind : std::uint8_t { absent, null, boolean, number, string, array, object };

/// Where a value stands in the body: [offset, offset + length), with quotes and brackets, without
/// blanks around it.
struct JsonValue {
  JsonKind kind = JsonKind::absent;
  std::size_t offset = 0;
  std::size_t length = 0;
};

/// Looks up a few members of a body in one pass which also validates the whole of it, as
/// `validate_json` does.
///
///     enum : std::size_t { model, stream, user };
///     constexpr JsonKey keys[] = {{"model"}, {"stream"}, {"user_id", "metadata"}};
///     JsonPeek peek(keys);                   // kept and used again
///     CHECK_OK(peek.read(body));
///     peek.string(model);                    // "claude-sonnet-4-5"
///     peek[stream].kind;                     // JsonKind::absent
///
/// Keys    are compared as they read, so that "mod\u0065l" is "model".
/// Errors  invalid_request (Side::client): not JSON, not an object, or a chosen member (or an
/// `inside`) given twice; the
///         context names the member or the place, and quotes nothing.
/// Memory  none beyond a few words a key, whatever the body's size. The body must outlive the use
/// of what was read.
class JsonPeek {
 public:
  /// The texts of `keys` must outlive this; string literals do.
  explicit JsonPeek(std::span<const JsonKey> keys);
  [[nodiscard]] Status read(std::string_view body);

  [[nodiscard]] const JsonValue& operator[](std::size_t key) const { return values_[key]; }
  /// The value as it stands in the body; empty if absent.
  [[nodiscard]] std::string_view raw(std::size_t key) const;
  /// nullopt unless it is a string; decoded.
  [[nodiscard]] std::optional<std::string> string(std::size_t key) const;
  [[nodiscard]] std::optional<bool> boolean(std::size_t key) const;
  /// nullopt unless it is a number without fraction and exponent that fits.
  [[nodiscard]] std::optional<std::int64_t> integer(std::size_t key) const;
  /// Where the top-level object begins: for `insert_member`.
  [[nodiscard]] std::size_t object_offset() const { return object_offset_; }

 private:
  class Reader;

  std::vector<JsonKey> keys_;
  std::vector<JsonValue> values_;
  std::vector<std::string_view> parents_;  // the distinct `inside`
  std::string_view body_;
  std::size_t object_offset_ = 0;
};

/// Put `replacement` where [offset, offset + length) was; length 0 inserts.
struct JsonEdit {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string replacement;
};

/// The edit that puts `"name":raw_value` first into the object whose `{` stands at `object_offset`.
[[nodiscard]] JsonEdit insert_member(std::string_view body, std::size_t object_offset,
                                     std::string_view name, std::string_view raw_value);

/// All other bytes stay as they are. The edits may come in any order, but must not overlap; of two
/// insertions at one place the first given comes first.
[[nodiscard]] std::string apply_edits(std::string_view body, std::span<const JsonEdit> edits);

/// With quotes, and escapes where JSON wants them. Bytes of what isn't UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view utf8);

}  // namespace sluice::wire

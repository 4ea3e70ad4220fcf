#pragma once
/// Takes typed fields out of a JSON object. Nothing is changed by a field that isn't there, a null puts its default back, and
/// the first fault is kept for the end.
///
///     Faults faults;
///     Fields fields(object, faults);
///     fields.text("note", key.note, note_bytes_max, Lines::many);
///     fields.refuse_unknown();
///     return faults.outcome();

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/refusal.hpp"

namespace sluice::admin {

inline constexpr std::size_t note_bytes_max = 2000;
inline constexpr std::size_t path_bytes_max = 1024;

class Faults {
 public:
  /// The first one stays. `field` is dotted: "limits.requests".
  void add(std::string field, std::string message);
  [[nodiscard]] bool any() const { return first_.has_value(); }
  [[nodiscard]] Outcome<void> outcome() const;

 private:
  std::optional<Refusal> first_;
};

enum class Lines : std::uint8_t { one, many };

/// What is wrong with a text that is to be kept and shown, nothing if it may be: UTF-8 without control characters, at most
/// `bytes_max`. `Lines::many` lets line ends and tabs in.
[[nodiscard]] std::optional<std::string> text_fault(std::string_view text, std::size_t bytes_max,
                                                    Lines lines = Lines::one);

struct IntegerRange {
  std::int64_t fallback;
  std::int64_t min;
  std::int64_t max;
};

struct ListBounds {
  std::size_t count_max;
  std::size_t bytes_max;  // of each
};

class Fields {
 public:
  /// `prefix`: the path of the object, empty or "limits".
  Fields(const boost::json::object& object, Faults& faults, std::string prefix = {})
      : object_(object), faults_(faults), prefix_(std::move(prefix)) {}

  [[nodiscard]] bool has(std::string_view name) const { return object_.contains(name); }
  [[nodiscard]] std::size_t size() const { return object_.size(); }
  /// nullptr: not there.
  [[nodiscard]] const boost::json::value* find(std::string_view name);

  /// As base/names.hpp has it; no default.
  void name(std::string_view name, std::string& out);
  void text(std::string_view name, std::string& out, std::size_t bytes_max,
            Lines lines = Lines::one, std::string_view fallback = {});
  void integer(std::string_view name, std::int64_t& out, IntegerRange range);
  void boolean(std::string_view name, bool& out);  // default false
  /// No element is empty.
  void texts(std::string_view name, std::vector<std::string>& out, ListBounds bounds,
             const std::vector<std::string>& fallback = {});
  /// The same, of names.
  void names(std::string_view name, std::vector<std::string>& out, std::size_t count_max,
             const std::vector<std::string>& fallback = {});
  /// `read` gets the object's own fields, and refuses the unknown ones itself; a null calls `reset`.
  void object(std::string_view name, const std::function<void(Fields&)>& read,
              const std::function<void()>& reset);

  /// Of objects whose names are data.
  void each_name(const std::function<void(std::string_view name)>& read) const;

  void fault(std::string_view name, std::string message);
  /// Of the object as a whole.
  void fault(std::string message) { faults_.add(prefix_, std::move(message)); }
  /// After everything known was asked for.
  void refuse_unknown();
  [[nodiscard]] std::string path(std::string_view name) const;
  [[nodiscard]] Faults& faults() { return faults_; }

 private:
  const boost::json::object& object_;
  Faults& faults_;
  std::string prefix_;
  std::vector<std::string> known_;
};

}  // namespace sluice::admin

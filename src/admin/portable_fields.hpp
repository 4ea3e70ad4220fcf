#pragma once
/// The members of one object of an export, strictly: each is as it must be or refused with its place ("accounts[2].name"), and
/// none is unknown.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "admin/refusal.hpp"
#include "base/clock.hpp"

namespace sluice::admin {

class PortableFields {
 public:
  /// `where` is empty for the document itself.
  PortableFields(const boost::json::object& fields, std::string where)
      : fields_(fields), where_(std::move(where)) {}
  /// Whom messages name: "the account "main"".
  void is_of(std::string whom) { whom_ = std::move(whom); }

  [[nodiscard]] Outcome<std::string> text(std::string_view name);
  [[nodiscard]] Outcome<std::string> text_or_nothing(std::string_view name);
  [[nodiscard]] Outcome<std::int64_t> number(std::string_view name);
  [[nodiscard]] Outcome<WallTime> time(std::string_view name);
  [[nodiscard]] Outcome<std::optional<WallTime>> time_or_nothing(std::string_view name);
  [[nodiscard]] Outcome<boost::json::object> object(std::string_view name);
  [[nodiscard]] Outcome<boost::json::array> list_or_nothing(std::string_view name);
  [[nodiscard]] Outcome<std::vector<std::string>> texts_or_nothing(std::string_view name);
  void pass_over(std::string_view name) { asked_.emplace(name); }
  [[nodiscard]] Outcome<void> no_others() const;

  [[nodiscard]] std::unexpected<Refusal> refused(std::string_view name, std::string what) const;

 private:
  [[nodiscard]] const boost::json::value* find(std::string_view name);

  const boost::json::object& fields_;
  std::string where_;
  std::string whom_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace sluice::admin

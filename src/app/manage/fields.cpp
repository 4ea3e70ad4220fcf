#include "app/manage/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <charconv>

#include "app/manage/secrets_given.hpp"
#include "app/manage/words.hpp"
#include "base/names.hpp"

namespace sluice::app::manage {
namespace {

namespace json = boost::json;

json::string_view of(std::string_view text) { return {text.data(), text.size()}; }

/// "a.b" becomes {"a": {"b": value}}.
void put(json::object& object, std::string_view path, json::value value) {
  const auto dot = path.find('.');
  json::value& at = object[of(path.substr(0, dot))];
  if (dot == std::string_view::npos) {
    at = std::move(value);
    return;
  }
  if (!at.is_object()) at = json::object();
  put(at.get_object(), path.substr(dot + 1), std::move(value));
}

std::int64_t whole_number(std::string_view text) {
  std::int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

json::object pairs_of(const Given& given) {
  json::object out;
  for (const std::string& value : given.values) {
    const auto equals = value.find('=');
    const std::string name = value.substr(0, equals);
    const std::string amount = value.substr(equals + 1);
    const bool number = given.flag->form == Form::limits && name == "concurrency" &&
                        amount.find_first_not_of("0123456789") == std::string::npos &&
                        amount.size() < 18;
    if (number) {
      out[name] = whole_number(amount);
    } else if (amount.empty()) {
      out[name] = nullptr;
    } else {
      out[name] = amount;
    }
  }
  return out;
}

/// {"days": ["mon", "tue"], "from": "09:00", "to": "17:00"}
json::object hours_of(std::string_view text) {
  json::array days;
  const auto blank = text.rfind(' ');
  const std::string_view hours = text.substr(blank + 1);
  std::string_view left =
      blank == std::string_view::npos ? std::string_view() : text.substr(0, blank);
  while (!left.empty()) {
    const auto end = std::min(left.find_first_of(", "), left.size());
    if (end > 0) days.emplace_back(of(left.substr(0, end)));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  const auto dash = hours.find('-');
  return {{"days", std::move(days)},
          {"from", of(hours.substr(0, dash))},
          {"to", of(hours.substr(dash + 1))}};
}

std::expected<json::value, std::string> value_of(const Given& given,
                                                 const Environment& environment) {
  const FlagSpec& flag = *given.flag;
  const auto secret = [&]() -> std::expected<json::value, std::string> {
    const auto found = read_source(given.values.front(), environment, flag.help);
    if (!found) return std::unexpected(fmt::format("{}: {}", long_name(flag), found.error()));
    return json::value(of(found->reveal()));
  };
  switch (flag.form) {
    case Form::text: return json::value(of(given.values.front()));
    case Form::number: return json::value(whole_number(given.values.front()));
    case Form::list: {
      json::array list;
      for (const std::string& value : given.values) list.emplace_back(of(value));
      return list;
    }
    case Form::pairs:
    case Form::limits: return pairs_of(given);
    case Form::hours: {
      json::array hours;
      for (const std::string& value : given.values) hours.emplace_back(hours_of(value));
      return hours;
    }
    case Form::yes: return json::value(true);
    case Form::secret: return secret();
    case Form::url: {
      const std::string& text = given.values.front();
      const bool source = text == "-" || text.starts_with("env:") || text.starts_with("file:");
      if (source) return secret();
      return json::value(of(text));
    }
    case Form::password: break;
  }
  return json::value();
}

/// "limits.requests" and "models[2]" are within "limits" and "models".
bool is_within(std::string_view inner, std::string_view outer) {
  if (outer.empty() || !inner.starts_with(outer)) return false;
  return inner.size() == outer.size() || inner[outer.size()] == '.' || inner[outer.size()] == '[';
}

/// The field that a word behind `--clear` means: "--limit", "limit" or "limits".
std::string_view cleared_field(const CommandSpec& command, std::string_view word) {
  for (const FlagSpec& flag : command.fields) {
    const std::string_view name = long_name(flag);
    if (word == name || word == name.substr(2) || word == flag.field) return flag.field;
    const auto dot = flag.field.find('.');
    if (dot != std::string_view::npos && word == flag.field.substr(0, dot))
      return flag.field.substr(0, dot);
  }
  return {};
}

std::string no_such_field(const CommandSpec& command, const std::string& word) {
  std::vector<std::string> names;
  for (const FlagSpec& flag : command.fields) names.emplace_back(long_name(flag).substr(2));
  return fmt::format("--clear: there is no flag \"{}\"{}", word, did_you_mean(word, names));
}

}  // namespace

std::expected<json::object, std::string> fields_of(const Invocation& invocation,
                                                   const Environment& environment) {
  const CommandSpec& command = *invocation.command;
  json::object out;
  if (command.argument.starts_with('[') && !invocation.argument.empty())
    out["name"] = invocation.argument;
  for (const Given& given : invocation.given) {
    if (given.flag->field.empty()) continue;
    auto value = value_of(given, environment);
    if (!value) return std::unexpected(value.error());
    put(out, given.flag->field, std::move(*value));
  }
  if (const Given* cleared = invocation.find("--clear")) {
    for (const std::string& word : cleared->values) {
      const std::string_view field = cleared_field(command, word);
      if (field.empty()) return std::unexpected(no_such_field(command, word));
      if (!value_at(out, field).is_null())
        return std::unexpected(fmt::format("--clear {}: it is set by the same command", word));
      put(out, field, nullptr);
    }
  }
  return out;
}

std::string_view flag_of_field(const Invocation& invocation, std::string_view field) {
  const auto related = [&](const FlagSpec& flag) {
    return is_within(flag.field, field) || is_within(field, flag.field);
  };
  for (const Given& given : invocation.given) {
    if (related(*given.flag)) return long_name(*given.flag);
  }
  for (const FlagSpec& flag : invocation.command->fields) {
    if (related(flag)) return long_name(flag);
  }
  return {};
}

}  // namespace sluice::app::manage

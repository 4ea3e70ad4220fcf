#pragma once
/// `--name value` pairs and nothing else: all that the programs of this folder need on their
/// command line.

#include <charconv>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice::bench {

/// Errors  std::runtime_error with a sentence for the person who typed it.
class Flags {
 public:
  /// `known` names what may be given, with the default of each ("" where there is none).
  Flags(std::span<char* const> words, std::map<std::string, std::string, std::less<>> known)
      : values_(std::move(known)) {
    for (std::size_t i = 0; i < words.size(); i += 2) {
      const std::string_view word = words[i];
      const auto found = word.starts_with("--") ? values_.find(word.substr(2)) : values_.end();
      if (found == values_.end()) throw std::runtime_error("unknown flag " + std::string(word));
      if (i + 1 == words.size()) throw std::runtime_error(std::string(word) + " wants a value");
      found->second = words[i + 1];
    }
  }

  [[nodiscard]] const std::string& text(std::string_view name) const {
    return values_.find(name)->second;
  }

  template <class Number>
  [[nodiscard]] Number number(std::string_view name) const {
    const std::string& value = text(name);
    Number out{};
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), out);
    if (failed != std::errc{} || end != value.data() + value.size())
      throw std::runtime_error("--" + std::string(name) + " wants a number, not \"" + value + "\"");
    return out;
  }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace sluice::bench

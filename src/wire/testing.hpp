#pragma once
/// What the tests of this folder share: recorded data, when it is there.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/testing.hpp"

namespace sluice::wire::testing {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string decode_base64(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto value = alphabet.find(c);
    if (value == std::string_view::npos) continue;
    bits = bits << 6 | static_cast<unsigned>(value);
    if ((count += 6) < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count & 0xff));
  }
  return out;
}

inline std::string text_of(const boost::json::value& value, std::string_view key) {
  const auto* found = value.as_object().if_contains(key);
  return found ? std::string(found->as_string()) : std::string();
}

inline std::vector<boost::json::value> read_json_lines(const std::filesystem::path& path) {
  std::vector<boost::json::value> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) out.push_back(boost::json::parse(line));
  }
  return out;
}

}  // namespace sluice::wire::testing

#include "admin/api_json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <string>
#include <unordered_set>
#include <vector>

namespace sluice::admin {
namespace {

namespace json = boost::json;

/// Reads a document for what a DOM no longer shows: members that stand twice, and U+0000.
class Strict {
 public:
  static constexpr std::size_t max_object_size = 4096;
  static constexpr std::size_t max_array_size = 65536;
  static constexpr std::size_t max_key_size = 512;
  static constexpr std::size_t max_string_size = std::size_t{1} << 20U;
  using error_code = boost::system::error_code;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    members_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    members_.pop_back();
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_key_part(json::string_view part, std::size_t, error_code&) {
    key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, error_code& error) {
    key_.append(part.data(), part.size());
    if (key_.find('\0') != std::string::npos) return stop("a member's name holds U+0000", error);
    if (!members_.back().insert(key_).second) {
      return stop("the member \"" + key_ + "\" stands twice", error);
    }
    key_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, error_code& error) {
    if (part.find('\0') == json::string_view::npos) return true;
    return stop("a text holds U+0000", error);
  }
  bool on_string(json::string_view part, std::size_t size, error_code& error) {
    return on_string_part(part, size, error);
  }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, error_code&) { return true; }
  bool on_double(double, json::string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  bool stop(std::string reason, error_code& error) {
    reason_ = std::move(reason);
    error = json::error::syntax;
    return false;
  }

  std::vector<std::unordered_set<std::string>> members_;
  std::string key_;
  std::string reason_;
};

std::unexpected<Refusal> no_json(const std::string& why) {
  return refuse(Errc::invalid_request, "the body must be one JSON object: " + why);
}

}  // namespace

Outcome<json::object> parse_api_body(std::string_view body) {
  json::parse_options options;
  options.max_depth = api_json_depth_max;
  json::basic_parser<Strict> strict(options);
  boost::system::error_code error;
  strict.write_some(false, body.data(), body.size(), error);
  if (error) {
    return no_json(strict.handler().reason().empty() ? error.message() : strict.handler().reason());
  }
  json::value value = json::parse(body, error, {}, options);
  if (error) return no_json(error.message());
  if (!value.is_object()) return no_json("this is none");
  return std::move(value.get_object());
}

}  // namespace sluice::admin

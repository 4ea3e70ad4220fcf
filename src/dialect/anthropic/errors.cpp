#include "dialect/anthropic/errors.hpp"

#include <array>

#include "dialect/anthropic/json_readers.hpp"
#include "wire/json_peek.hpp"

namespace sluice::dialect::anthropic {
namespace {

namespace od = simdjson::ondemand;

/// What a log may hold of one text of a provider.
constexpr std::size_t text_bytes_max = 2048;

void read_text(od::value value, std::string& out) {
  std::string_view text;
  if (!value.get_string().get(text)) out.assign(text.substr(0, text_bytes_max));
}

bool read_details(od::value details, ProviderError& out) {
  return each_field(details, [&](std::string_view key, od::value value) {
    if (key == "error_code") read_text(value, out.code);
    return true;
  });
}

bool read_inner(od::object error, ProviderError& out) {
  return each_field(error, [&](std::string_view key, od::value value) {
    if (key == "type") read_text(value, out.type);
    if (key == "message") read_text(value, out.message);
    if (key == "details") return read_details(value, out);
    // Google: the number of the status, and its name beside it. OpenAI: a word.
    if (key == "status" && out.code.empty()) read_text(value, out.code);
    if (key != "code") return true;
    std::int64_t code = 0;
    if (value.get_int64().get(code)) {
      read_text(value, out.code);
    } else if (code >= 400 && code <= 599) {
      out.status = static_cast<int>(code);
    }
    return true;
  });
}

struct TypeOfStatus {
  int status;
  std::string_view type;
};
// The first of a type is its http_equivalent.
constexpr std::array types = {
    TypeOfStatus{400, "invalid_request_error"},
    TypeOfStatus{401, "authentication_error"},
    TypeOfStatus{402, "billing_error"},
    TypeOfStatus{403, "permission_error"},
    TypeOfStatus{404, "not_found_error"},
    TypeOfStatus{409, "conflict_error"},
    TypeOfStatus{413, "request_too_large"},
    TypeOfStatus{429, "rate_limit_error"},
    TypeOfStatus{500, "api_error"},
    TypeOfStatus{504, "timeout_error"},
    TypeOfStatus{529, "overloaded_error"},
    TypeOfStatus{408, "timeout_error"},
    TypeOfStatus{431, "request_too_large"},
    TypeOfStatus{503, "overloaded_error"},
};

}  // namespace

std::string_view error_type(int status) {
  for (const auto& each : types) {
    if (each.status == status) return each.type;
  }
  return status >= 500 ? "api_error" : "invalid_request_error";
}

int http_equivalent(std::string_view type) {
  for (const auto& each : types) {
    if (each.type == type) return each.status;
  }
  return 500;
}

std::string error_document(std::string_view type, std::string_view message,
                           std::string_view request_id) {
  std::string out = R"({"type":"error","error":{"type":)";
  wire::append_json_string(out, type);
  out += R"(,"message":)";
  wire::append_json_string(out, message);
  out += R"(},"request_id":)";
  if (request_id.empty()) {
    out += "null";
  } else {
    wire::append_json_string(out, request_id);
  }
  out += '}';
  return out;
}

bool read_error_object(od::object document, ProviderError& out) {
  return each_field(document, [&](std::string_view key, od::value value) {
    if (key == "request_id") read_text(value, out.request_id);
    if (key != "error") return true;
    od::object error;
    if (!value.get_object().get(error)) return read_inner(error, out);
    read_text(value, out.message);  // {"error":"a sentence"}
    return true;
  });
}

ProviderError read_error(int status, std::string_view body) {
  ProviderError error;
  const bool good = with_json(body, [&](od::document& document) {
    od::object object;
    od::array list;
    // Vertex sometimes puts the document into a list of one.
    if (!document.get_array().get(list)) {
      for (auto element : list)
        return !element.get_object().get(object) && read_error_object(object, error);
      return false;
    }
    return !document.get_object().get(object) && read_error_object(object, error);
  });
  if (!good) error = {};
  // Under a good status the type alone says what it is.
  error.status = status < 400 && good ? http_equivalent(error.type) : status;
  if (error.type.empty()) error.type = error_type(status);
  return error;
}

bool is_error_body(std::string_view body) {
  return with_json(body, [](od::document& document) {
    od::object object;
    if (document.get_object().get(object)) return false;
    std::string_view type;
    if (object.find_field_unordered("type").get_string().get(type) || type != "error") return false;
    od::object error;
    return !object.find_field_unordered("error").get_object().get(error);
  });
}

}  // namespace sluice::dialect::anthropic

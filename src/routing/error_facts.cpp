#include "routing/error_facts.hpp"

#include "wire/json_members.hpp"

namespace sluice::routing {
namespace {

/// Error documents are small; of a large one the front is no document.
constexpr std::size_t body_bytes_max = 64 * 1024;
constexpr std::size_t text_bytes_max = 2048;

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

void read_text(std::string_view raw, std::string& out) {
  if (raw.size() < 2 || raw.front() != '"') return;
  out = wire::unescape_json(raw.substr(1, raw.size() - 2)).substr(0, text_bytes_max);
}

void read_if_untold(std::string_view raw, std::string& out) {
  if (out.empty()) read_text(raw, out);
}

void read_violations(std::string_view list, ErrorFacts& out) {
  (void)wire::each_element(list, [&](std::string_view violation) {
    (void)wire::each_member(violation, [&](std::string_view key, std::string_view raw) {
      std::string id;
      if (key == "quotaId") read_text(raw, id);
      if (!id.empty() && out.quota_id.size() < text_bytes_max) out.quota_id += id + ' ';
      return true;
    });
    return true;
  });
}

/// Source: google.rpc.ErrorInfo, QuotaFailure and RetryInfo in error_details.proto, read 2026-11.
void read_google_details(std::string_view list, ErrorFacts& out) {
  (void)wire::each_element(list, [&](std::string_view detail) {
    (void)wire::each_member(detail, [&](std::string_view key, std::string_view raw) {
      if (key == "reason") read_if_untold(raw, out.reason);
      if (key == "retryDelay") read_if_untold(raw, out.retry_delay);
      if (key == "violations") read_violations(raw, out);
      return true;
    });
    return true;
  });
}

void read_anthropic_details(std::string_view object, ErrorFacts& out) {
  (void)wire::each_member(object, [&](std::string_view key, std::string_view raw) {
    if (key == "error_code") read_if_untold(raw, out.code);
    return true;
  });
}

void read_error(std::string_view error, ErrorFacts& out) {
  std::string status;
  (void)wire::each_member(error, [&](std::string_view key, std::string_view raw) {
    if (key == "type") read_if_untold(raw, out.type);
    if (key == "code") read_if_untold(raw, out.code);
    if (key == "message") read_if_untold(raw, out.message);
    if (key == "status") read_text(raw, status);
    if (key == "details" && raw.front() == '[') read_google_details(raw, out);
    if (key == "details" && raw.front() == '{') read_anthropic_details(raw, out);
    // OpenRouter: {"metadata":{"provider_name":"...","raw":"..."}}.
    if (key == "metadata") out.from_upstream = raw.find("\"provider_name\"") != raw.npos;
    return true;
  });
  if (out.code.empty()) out.code = status;
}

/// "ThrottlingException:http://...", "com.amazonaws.x#ThrottlingException": the name alone.
std::string aws_class(std::string_view field) {
  field = field.substr(0, field.find(':'));
  if (const auto mark = field.rfind('#'); mark != field.npos) field.remove_prefix(mark + 1);
  return std::string(field.substr(0, text_bytes_max));
}

void read_document(std::string_view document, ErrorFacts& out) {
  (void)wire::each_member(document, [&](std::string_view key, std::string_view raw) {
    if (key == "error" && raw.front() == '{') read_error(raw, out);
    if (key == "error" && raw.front() == '"') read_if_untold(raw, out.message);
    // Bedrock, and the flat error event of OpenAI's Responses.
    if (key == "message" || key == "Message") read_if_untold(raw, out.message);
    if (key == "code") read_if_untold(raw, out.code);
    if (key == "__type") {
      std::string name;
      read_text(raw, name);
      if (!name.empty()) out.type = aws_class(name);
    }
    return true;
  });
}

}  // namespace

ErrorFacts read_error_facts(const Failure& failure) {
  ErrorFacts out;
  const std::string_view body = without_blanks(failure.body.substr(0, body_bytes_max));
  const bool is_document = body.starts_with('{') || body.starts_with('[');
  if (body.empty() || is_document) {
    out.type = failure.type.substr(0, text_bytes_max);
    out.code = failure.error_code.substr(0, text_bytes_max);
    out.message = failure.message.substr(0, text_bytes_max);
  }
  if (failure.head != nullptr) {
    if (const auto* named = failure.head->find("x-amzn-errortype")) {
      out.type = aws_class(named->value);
    }
  }
  if (body.starts_with('{')) read_document(body, out);
  // Google sometimes puts the document into a list of one.
  if (body.starts_with('[')) {
    (void)wire::each_element(body, [&](std::string_view element) {
      read_document(element, out);
      return false;
    });
  }
  return out;
}

}  // namespace sluice::routing

/// The Messages API, as api.anthropic.com serves it: routes, what it demands, how it says no.

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/ascii.hpp"
#include "sim/anthropic_events.hpp"
#include "sim/anthropic_request.hpp"
#include "sim/dialect.hpp"
#include "sim/text.hpp"

namespace sluice::sim {
namespace {

constexpr std::string_view messages_path = "/v1/messages";
constexpr std::string_view count_path = "/v1/messages/count_tokens";
constexpr std::string_view models_path = "/v1/models";

struct Model {
  std::string_view id, name, created;
};
/// Newest first, as the provider lists them.
constexpr std::array<Model, 7> models = {{
    {"claude-sonnet-5", "Claude Sonnet 5", "2026-05-12T00:00:00Z"},
    {"claude-opus-4-6", "Claude Opus 4.6", "2026-02-05T00:00:00Z"},
    {"claude-sonnet-4-6", "Claude Sonnet 4.6", "2026-02-05T00:00:00Z"},
    {"claude-opus-4-5-20251101", "Claude Opus 4.5", "2025-11-01T00:00:00Z"},
    {"claude-haiku-4-5-20251001", "Claude Haiku 4.5", "2025-10-01T00:00:00Z"},
    {"claude-sonnet-4-5-20250929", "Claude Sonnet 4.5", "2025-09-29T00:00:00Z"},
    {"claude-sonnet-4-20250514", "Claude Sonnet 4", "2025-05-14T00:00:00Z"},
}};

struct ErrorKind {
  int status;
  std::string_view type, message;
};
constexpr ErrorKind error_kinds[] = {
    {400, "invalid_request_error", "invalid request"},
    {401, "authentication_error", "invalid x-api-key"},
    {402, "billing_error", "Your credit balance is too low to access the Anthropic API."},
    {403, "permission_error",
     "Your API key does not have permission to use the specified resource."},
    {404, "not_found_error", "Not found"},
    {409, "conflict_error", "The request conflicts with the current state of the resource."},
    {413, "request_too_large", "Request exceeds the maximum size"},
    {429, "rate_limit_error",
     "This request would exceed your organization's rate limit. Please try again later."},
    {500, "api_error", "Internal server error"},
    {504, "timeout_error", "The request timed out"},
    {529, "overloaded_error", "Overloaded"},
};

const ErrorKind& kind_of(int status) {
  for (const ErrorKind& kind : error_kinds) {
    if (kind.status == status) return kind;
  }
  return status < 500 ? error_kinds[0] : error_kinds[8];
}

std::string_view message_of(std::string_view type) {
  for (const ErrorKind& kind : error_kinds) {
    if (kind.type == type) return kind.message;
  }
  return "Something went wrong";
}

std::string limit_fields(const Request& request, bool exhausted) {
  std::string out = "anthropic-organization-id: 00000000-0000-4000-8000-000000000000\r\n";
  const auto reset =
      std::chrono::time_point_cast<std::chrono::seconds>(request.now) + std::chrono::seconds(60);
  const std::string when = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                                       fmt::gmtime(std::chrono::system_clock::to_time_t(reset)));
  const std::pair<std::string_view, int> kinds[] = {{"requests", 4000},
                                                    {"input-tokens", 2000000},
                                                    {"output-tokens", 400000},
                                                    {"tokens", 2400000}};
  for (const auto& [name, limit] : kinds) {
    fmt::format_to(
        std::back_inserter(out),
        "anthropic-ratelimit-{0}-limit: {1}\r\nanthropic-ratelimit-{0}-remaining: {2}\r\n"
        "anthropic-ratelimit-{0}-reset: {3}\r\n",
        name, limit, exhausted ? 0 : limit - limit / 1000, when);
  }
  return out;
}

std::string error_object(std::string_view type, std::string_view message,
                         std::string_view request_id) {
  std::string out = "{\"type\":\"error\",\"error\":{\"type\":";
  append_json_string(type, out);
  out += ",\"message\":";
  append_json_string(message, out);
  out += "},\"request_id\":";
  append_json_string(request_id, out);
  return out + "}";
}

std::string model_object(const Model& model) {
  return fmt::format(R"({{"type":"model","id":"{}","display_name":"{}","created_at":"{}"}})",
                     model.id, model.name, model.created);
}

/// "limit=2&after_id=x": the value of `name`, undecoded; ids need no escapes.
std::string_view query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('='))
      return pair.substr(name.size() + 1);
  }
  return {};
}

class Anthropic final : public Dialect {
 public:
  [[nodiscard]] bool owns(std::string_view path) const override {
    return path == messages_path || path == count_path || path == models_path ||
           path.starts_with("/v1/models/");
  }

  [[nodiscard]] std::string_view credential(const wire::RequestHead& head) const override {
    if (const std::string_view key = head.value("x-api-key"); !key.empty()) return key;
    const std::string_view bearer = head.value("authorization");
    return ascii::istarts_with(bearer, "bearer ") ? ascii::trim(bearer.substr(7))
                                                  : std::string_view{};
  }

  [[nodiscard]] Reply answer(const Request& request, const Parameters& parameters) const override {
    if (request.head->value("anthropic-version").empty()) {
      return error(request, 400, "anthropic-version: header is required");
    }
    const bool post = request.path == messages_path || request.path == count_path;
    if (request.head->method != (post ? "POST" : "GET"))
      return error(request, 405, "Method Not Allowed");
    if (request.path == messages_path) return messages(request, parameters);
    if (request.path == count_path) return count(request);
    return list_models(request);
  }

  [[nodiscard]] Reply error(const Request& request, int status,
                            std::string_view message) const override {
    const ErrorKind& kind = kind_of(status);
    Reply reply;
    reply.status = status;
    reply.fields = limit_fields(request, status == 429);
    reply.body = error_object(kind.type, message.empty() ? kind.message : message, request.id);
    return reply;
  }

  [[nodiscard]] std::string error_event(std::string_view type,
                                        std::string_view request_id) const override {
    return "event: error\ndata: " + error_object(type, message_of(type), request_id) + "\n\n";
  }

 private:
  [[nodiscard]] Reply refusal(const Request& request, const Error& why) const {
    return error(request, why.code == Errc::unknown_route ? 404 : 400, why.context);
  }

  [[nodiscard]] Reply messages(const Request& request, const Parameters& parameters) const {
    Result<MessagesRequest> read =
        read_messages_request(request.body, parameters, credential(*request.head));
    if (!read) return refusal(request, read.error());
    Reply reply;
    reply.fields = limit_fields(request, false);
    if (read->stream) {
      reply.content_type = "text/event-stream; charset=utf-8";
      reply.fields += "cache-control: no-cache\r\n";
      reply.events = std::make_unique<AnthropicEvents>(std::move(*read), !parameters.no_stop);
    } else {
      reply.body = anthropic_body(std::move(*read), reply.claim.emplace());
    }
    return reply;
  }

  [[nodiscard]] Reply count(const Request& request) const {
    const Result<std::uint64_t> tokens = count_tokens(request.body);
    if (!tokens) return refusal(request, tokens.error());
    Reply reply;
    reply.body = fmt::format("{{\"input_tokens\":{}}}", *tokens);
    return reply;
  }

  [[nodiscard]] Reply list_models(const Request& request) const {
    Reply reply;
    if (request.path != models_path) {
      const std::string_view id = request.path.substr(models_path.size() + 1);
      for (const Model& model : models) {
        if (model.id == id) reply.body = model_object(model);
      }
      return reply.body.empty() ? error(request, 404, fmt::format("model: {}", id))
                                : std::move(reply);
    }
    std::size_t limit = 20;
    if (const std::string_view told = query_value(request.query, "limit"); !told.empty()) {
      const auto parsed = std::from_chars(told.data(), told.data() + told.size(), limit);
      if (parsed.ec != std::errc{} || limit < 1 || limit > 1000) {
        return error(request, 400, "limit: Input should be between 1 and 1000");
      }
    }
    const auto place_of = [](std::string_view id) {
      std::size_t at = 0;
      while (at < models.size() && models[at].id != id) ++at;
      return at;
    };
    std::size_t from = 0;
    std::size_t to = models.size();
    bool more = false;
    if (const std::string_view after = query_value(request.query, "after_id"); !after.empty()) {
      from = std::min(place_of(after) + 1, models.size());
    }
    if (const std::string_view before = query_value(request.query, "before_id"); !before.empty()) {
      to = place_of(before);
      more = to - std::min(from, to) > limit;
      from = std::max(from, to - std::min(to, limit));
    } else {
      more = to - from > limit;
      to = std::min(to, from + limit);
    }
    reply.body = "{\"data\":[";
    for (std::size_t i = from; i < to; ++i) {
      if (i > from) reply.body += ',';
      reply.body += model_object(models[i]);
    }
    const auto id_at = [&](std::size_t at) {
      return from < to ? fmt::format("\"{}\"", models[at].id) : std::string("null");
    };
    reply.body += fmt::format("],\"has_more\":{},\"first_id\":{},\"last_id\":{}}}", more,
                              id_at(from), id_at(from < to ? to - 1 : 0));
    return reply;
  }
};

}  // namespace

std::unique_ptr<Dialect> make_anthropic() { return std::make_unique<Anthropic>(); }

}  // namespace sluice::sim

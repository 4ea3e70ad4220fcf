#pragma once
/// A request as a dialect sees it, and what a dialect makes of it.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sim/claim.hpp"
#include "sim/parameters.hpp"
#include "wire/http_head.hpp"

namespace sluice::sim {

struct Request {
  const wire::RequestHead* head = nullptr;
  std::string_view path;
  std::string_view query;
  std::string_view body;
  std::string_view id;  // what the answer's `request-id` says
  WallTime now;
};

/// A stream's events, made when they are asked for.
class EventSource {
 public:
  enum class Event : std::uint8_t { other, content };
  virtual ~EventSource() = default;
  /// Appends the next event, as it stands on the wire with LF; nullopt after the last.
  [[nodiscard]] virtual std::optional<Event> next(std::string& out) = 0;
  /// What the events so far have told the client.
  [[nodiscard]] virtual const Claim& claim() const = 0;
  /// Output tokens of the events so far, told or not.
  [[nodiscard]] virtual std::uint64_t output_so_far() const = 0;
};

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string fields;                   // "name: value\r\n" lines
  std::string body;                     // a whole answer, or
  std::unique_ptr<EventSource> events;  // a stream
  std::optional<Claim> claim;           // of a whole answer
};

}  // namespace sluice::sim

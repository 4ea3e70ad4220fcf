#pragma once
/// One language of a provider, as the relay sees it: read a request, follow a stream as it passes, read what was used,
/// say what went wrong. Pure: bytes in, facts out. A dialect is a folder here, and nothing above knows which one it holds.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "meter/prompt_prefix.hpp"
#include "meter/usage.hpp"

namespace sluice::dialect {

/// What the relay must know of a request.
struct RequestFacts {
  std::string model;  // decoded, never empty
  // The model's raw JSON value in the body, quotes included: what an edit in place replaces.
  std::size_t model_offset = 0;
  std::size_t model_length = 0;
  bool stream = false;
  std::optional<std::int64_t> max_tokens;
  std::string session;  // the conversation the client says it belongs to; may be empty
  std::string
      resource;  // of the provider, and so of one account, that it goes on with (a container); may be empty
};

/// What of a request tells which account already knows it. Worked out only where there is a choice of accounts.
struct Conversation {
  /// Prefixes that are looked at: those a provider looks back over, and no more.
  static constexpr std::size_t prefixes_max = 24;
  /// Of tools, system prompt and first user message: the same for every turn of one conversation. 0: it has none.
  std::uint64_t opening = 0;
  std::array<meter::PromptPrefix, prefixes_max> prefixes{};  // shortest first
  std::size_t prefix_count = 0;
  /// Something in it was signed by the account that wrote it, and is no good elsewhere.
  bool has_signatures = false;
};

enum class StreamPhase : std::uint8_t {
  preamble,  // nothing yet that a client would see as an answer: another account may still be tried
  content,
  complete,  // the terminal event was seen
  failed,    // an error event was seen: nothing good follows
};

/// An error that came inside a stream whose status was 200.
struct StreamError {
  int http_equivalent = 502;  // the status it would have had as a whole answer
  std::string type;           // as the provider names it
  std::string body;           // the error document, usable as the body of that answer
};

/// What a refusal of the provider says. For logs and decisions; empty fields were not told.
struct ProviderError {
  int status = 0;
  std::string type;
  std::string code;  // finer than `type`, where the provider has one
  std::string message;
  std::string request_id;
};

/// What we answer in place of the provider.
struct Refusal {
  Errc code = Errc::internal;
  int status = 500;
  std::string_view message;
  std::string_view request_id;
};

/// Reads a stream as it passes; keeps no text and decodes nothing that it doesn't need.
///
/// Input   any split of the stream, down to single bytes. Anything at all is tolerated: what can't be read is passed
///         by, logged at debug, and shows as a lower confidence of `usage`.
class StreamTap {
 public:
  virtual ~StreamTap() = default;
  virtual void feed(std::string_view bytes) = 0;
  [[nodiscard]] virtual StreamPhase phase() const = 0;
  /// Bytes at the end of what was fed that belong to an unfinished event; 0 at an event's boundary, the only place
  /// where something of ours may be put in.
  [[nodiscard]] virtual std::size_t pending() const = 0;
  /// Whole events so far; comments are none.
  [[nodiscard]] virtual std::uint64_t events() const = 0;
  /// Set in phase `failed`; lives as long as the tap.
  [[nodiscard]] virtual const StreamError* error() const = 0;
  /// The resource that the answer leaves with the account, for `RequestFacts::resource` of a later request; may be empty.
  [[nodiscard]] virtual std::string_view resource() const = 0;
  /// What is known so far: after a cut, what was last told and an estimate of the text since.
  [[nodiscard]] virtual meter::Usage usage() const = 0;
};

class Dialect {
 public:
  virtual ~Dialect() = default;
  /// "anthropic", ...: the label of metrics and the name in limits.
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// Errors  invalid_request (Side::client); the context names the field.
  [[nodiscard]] virtual Result<RequestFacts> read_request(std::string_view body) const = 0;

  /// `body` is one that `read_request` took.
  [[nodiscard]] virtual Conversation read_conversation(std::string_view body) const = 0;
  /// The body without what only the account that signed it takes back (thinking blocks); nullopt where there is none, or
  /// where nothing would be left. See "signatures" in the notes on translation.
  [[nodiscard]] virtual std::optional<std::string> without_signatures(
      std::string_view body) const = 0;

  [[nodiscard]] virtual std::unique_ptr<StreamTap> make_tap() const = 0;
  /// Of a whole answer, as `StreamTap::resource`.
  [[nodiscard]] virtual std::string resource_of_body(std::string_view json) const = 0;
  /// Of a whole answer. nullopt where it tells none: errors, token counts, what isn't JSON.
  [[nodiscard]] virtual std::optional<meter::Usage> usage_of_body(std::string_view json) const = 0;

  /// True for a document of this dialect's error shape, whatever its status was.
  [[nodiscard]] virtual bool is_error_body(std::string_view body) const = 0;
  /// `status` is that of the answer; below 400 the result has the one that the document stands for.
  [[nodiscard]] virtual ProviderError read_error(int status, std::string_view body) const = 0;

  [[nodiscard]] virtual std::string error_body(const Refusal& refusal) const = 0;
  /// The same inside a stream: one whole event, the blank line included.
  [[nodiscard]] virtual std::string error_event(const Refusal& refusal) const = 0;
  /// Bytes that keep a silent stream alive; to be put in where `StreamTap::pending` is 0.
  [[nodiscard]] virtual std::string_view keepalive() const = 0;
};

}  // namespace sluice::dialect

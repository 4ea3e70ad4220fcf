#pragma once
/// Why an operation of the admin side was refused: an Error that can name the field at fault.

#include <chrono>
#include <expected>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace sluice::admin {

struct Refusal {
  Errc code = Errc::internal;
  std::string field;    // "limits.requests", "credential"; empty: it is about no field
  std::string message;  // for people: what is wrong and what to do; never a secret
  std::chrono::seconds retry_after{0};  // of rate_limited: when to come again

  Refusal() = default;
  Refusal(Errc why, std::string of, std::string text)
      : code(why), field(std::move(of)), message(std::move(text)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): what the store refuses passes on as it is.
  Refusal(Error error) : code(error.code), message(std::move(error.context)) {}
};

template <class T>
using Outcome = std::expected<T, Refusal>;

[[nodiscard]] inline std::unexpected<Refusal> refuse(Errc code, std::string message) {
  return std::unexpected(Refusal(code, {}, std::move(message)));
}
/// A field that isn't as it must be.
[[nodiscard]] inline std::unexpected<Refusal> refuse_field(std::string field, std::string message) {
  return std::unexpected(Refusal(Errc::invalid_request, std::move(field), std::move(message)));
}

}  // namespace sluice::admin

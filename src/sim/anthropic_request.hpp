#pragma once
/// Reads a Messages API request as the provider does: what is missing is refused by its name, what is there becomes a
/// `Wish` and a count of tokens.

#include <boost/json/object.hpp>
#include <string>

#include "base/error.hpp"
#include "sim/answer.hpp"
#include "sim/claim.hpp"
#include "sim/parameters.hpp"

namespace sluice::sim {

struct MessagesRequest {
  bool stream = false;
  Claim claim;  // the model, and the input side
  Wish wish;
  std::string container;  // that the answer names; empty: none
  std::string signer;     // begins the signatures of the answer; may be empty
};

/// What an account begins its signatures with, where thinking is bound to it.
[[nodiscard]] std::string signer_of(std::string_view credential);

/// Errors: invalid_request with the provider's own words, e.g. "max_tokens: Field required"; unknown_route for a model
/// or a container that isn't there. `credential` is the account that is asked.
[[nodiscard]] Result<MessagesRequest> read_messages_request(std::string_view body,
                                                            const Parameters& parameters,
                                                            std::string_view credential = {});

/// The input tokens of a count_tokens request: the same figures, without max_tokens.
[[nodiscard]] Result<std::uint64_t> count_tokens(std::string_view body);

}  // namespace sluice::sim

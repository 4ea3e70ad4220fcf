#pragma once
/// Names to addresses, by getaddrinfo on a thread that may block, with a memory. Shared by all I/O threads.
///
/// A name is asked about once at a time, however many wait for it, and holds up no other one. What fails is asked again after
/// `failed_for`; until then, and while DNS is silent, the addresses of a while ago serve.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "net/address.hpp"
#include "net/blocking_pool.hpp"

namespace sluice::net {

/// Both families, in the order in which they are to be tried: alternating, the one the system prefers first.
using Addresses = std::vector<Address>;

class Resolver {
 public:
  /// getaddrinfo doesn't tell the record's own TTL.
  static constexpr std::chrono::seconds fresh_for{30};
  static constexpr std::chrono::seconds failed_for{3};
  /// Source: RFC 8767, "serving stale data": better than no answer, for a while after it was fresh.
  static constexpr std::chrono::minutes stale_for{10};
  /// How long a question may go unanswered where there is a stale answer.
  static constexpr std::chrono::seconds stale_patience{1};
  static constexpr std::size_t names_max = 1024;

  /// For tests: stands in for getaddrinfo. An error's context is told to people.
  using Lookup = std::function<Result<Addresses>(const std::string& host)>;

  Resolver(const Clock& clock, BlockingPool& pool, Lookup lookup = system_lookup);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  /// Literals and remembered names are answered without a thread. Errors: upstream_unreachable (the name does not resolve),
  /// upstream_timeout (not by `deadline`), client_gone (`gone` left meanwhile; null: not watched), overloaded.
  [[nodiscard]] Task<Result<Addresses>> resolve(Loop& loop, Timer& timer, std::string host,
                                                std::uint16_t port, TimePoint deadline,
                                                Descriptor* gone);

  static Result<Addresses> system_lookup(const std::string& host);

 private:
  class Memory;
  BlockingPool& pool_;
  std::shared_ptr<Memory>
      memory_;  // shared with look-ups that still run when nobody waits any more
};

}  // namespace sluice::net

#pragma once
/// Names to addresses, by getaddrinfo on a thread that may block, with a cache. Shared by all I/O threads.

#include <functional>
#include <map>
#include <mutex>
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
  static constexpr std::chrono::seconds fresh_for{
      30};  // getaddrinfo doesn't tell the record's own TTL
  static constexpr std::size_t names_max = 1024;

  /// For tests: stands in for getaddrinfo. An error's context is told to people.
  using Lookup = std::function<Result<Addresses>(const std::string& host)>;

  Resolver(const Clock& clock, BlockingPool& pool, Lookup lookup = system_lookup)
      : clock_(clock), pool_(pool), lookup_(std::move(lookup)) {}
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Literals and cached names are answered without a thread. Errors: upstream_unreachable (the name does not resolve),
  /// upstream_timeout (not by `deadline`), client_gone (`gone` left meanwhile; null: not watched), overloaded.
  [[nodiscard]] Task<Result<Addresses>> resolve(Loop& loop, Timer& timer, std::string host,
                                                std::uint16_t port, TimePoint deadline,
                                                Descriptor* gone);

  static Result<Addresses> system_lookup(const std::string& host);

 private:
  struct Entry {
    Addresses addresses;
    TimePoint until;
  };
  [[nodiscard]] bool cached(const std::string& host, Addresses& out);
  [[nodiscard]] Result<Addresses> look_up(const std::string& host);

  const Clock& clock_;
  BlockingPool& pool_;
  Lookup lookup_;
  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> cache_;
};

}  // namespace sluice::net

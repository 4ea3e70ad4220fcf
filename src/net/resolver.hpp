#pragma once
/// Names to addresses, by getaddrinfo on threads of its own, with a cache. Shared by all I/O threads.

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "net/address.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

namespace sluice::net {

/// Both families, in the order in which they are to be tried: alternating, IPv6 first where the system prefers it.
using Addresses = std::vector<Address>;

class Resolver {
 public:
  static constexpr std::chrono::seconds fresh_for{
      30};  // getaddrinfo doesn't tell the record's own TTL
  static constexpr std::size_t names_max = 1024;
  static constexpr std::size_t queue_max = 1024;

  /// For tests: stands in for getaddrinfo. An error's context is told to people.
  using Lookup = std::function<Result<Addresses>(const std::string& host)>;

  explicit Resolver(const Clock& clock, std::size_t threads = 2, Lookup lookup = system_lookup);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  /// Literals and cached names are answered without a thread. Errors: upstream_unreachable (the name does not resolve),
  /// upstream_timeout (not by `deadline`), client_gone (`gone` left meanwhile; null: not watched).
  [[nodiscard]] Task<Result<Addresses>> resolve(Loop& loop, Timer& timer, std::string host,
                                                std::uint16_t port, TimePoint deadline,
                                                Descriptor* gone);

  static Result<Addresses> system_lookup(const std::string& host);

 private:
  struct Entry {
    Addresses addresses;
    TimePoint until;
  };
  struct Question;
  [[nodiscard]] bool cached(const std::string& host, Addresses& out);
  void work();

  const Clock& clock_;
  Lookup lookup_;
  std::mutex mutex_;
  std::condition_variable more_;
  bool stopping_ = false;
  std::deque<std::shared_ptr<Question>> questions_;
  std::map<std::string, Entry, std::less<>> cache_;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::net

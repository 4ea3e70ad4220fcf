#include "net/resolver.hpp"

#include <netdb.h>

#include <algorithm>

namespace sluice::net {

bool Resolver::cached(const std::string& host, Addresses& out) {
  const std::lock_guard lock(mutex_);
  const auto found = cache_.find(host);
  if (found == cache_.end() || found->second.until <= clock_.now()) return false;
  out = found->second.addresses;
  return true;
}

Result<Addresses> Resolver::look_up(const std::string& host) {
  // Whoever waited in the queue before us may have asked for the same name.
  if (Addresses known; cached(host, known)) return known;
  auto answer = lookup_(host);
  if (answer) {
    const std::lock_guard lock(mutex_);
    if (cache_.size() >= names_max) cache_.clear();
    cache_[host] = {*answer, clock_.now() + fresh_for};
  }
  return answer;
}

Task<Result<Addresses>> Resolver::resolve(Loop& loop, Timer& timer, std::string host,
                                          std::uint16_t port, TimePoint deadline,
                                          Descriptor* gone) {
  if (auto literal = Address::literal(host, port)) co_return Addresses{*literal};
  Addresses addresses;
  if (!cached(host, addresses)) {
    std::function<Result<Addresses>()> work = [this, host] { return look_up(host); };
    const BlockingPool::Bounds bounds{.deadline = deadline, .gone = gone};
    auto outcome = co_await pool_.run<Result<Addresses>>(loop, timer, std::move(work), bounds);
    switch (outcome.wake) {
      case Wake::signalled: break;
      case Wake::gone: co_return fail(Errc::client_gone, Side::client, "while resolving");
      case Wake::timeout:
        co_return fail(Errc::upstream_timeout, Side::provider,
                       "resolving " + host + " took longer than connect_timeout_ms",
                       Retry::other_account);
      default: co_return fail(Errc::overloaded, Side::gateway, "too many names to resolve at once");
    }
    if (!*outcome.value) co_return std::unexpected(outcome.value->error());
    addresses = std::move(**outcome.value);
  }
  for (Address& address : addresses) address.set_port(port);
  co_return addresses;
}

Result<Addresses> Resolver::system_lookup(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failed == EAI_NONAME || failed == EAI_ADDRFAMILY) {
    // AI_ADDRCONFIG hides loopback-only names ("localhost" on a machine without a network).
    hints.ai_flags = 0;
    failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  }
  if (failed != 0) {
    return fail(Errc::upstream_unreachable, Side::provider,
                "the name " + host + " does not resolve: " + ::gai_strerror(failed),
                Retry::other_account);
  }
  Addresses first;
  Addresses second;  // of the other family
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_addrlen > sizeof(sockaddr_storage)) continue;
    Address address;
    std::copy_n(reinterpret_cast<const char*>(entry->ai_addr), entry->ai_addrlen,
                reinterpret_cast<char*>(&address.storage));
    address.length = entry->ai_addrlen;
    (first.empty() || first.front().family() == address.family() ? first : second)
        .push_back(address);
  }
  ::freeaddrinfo(found);
  Addresses mixed;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < second.size()) mixed.push_back(second[i]);
  }
  if (mixed.empty()) {
    return fail(Errc::upstream_unreachable, Side::provider, "the name " + host + " has no address",
                Retry::other_account);
  }
  return mixed;
}

}  // namespace sluice::net

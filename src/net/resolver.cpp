#include "net/resolver.hpp"

#include <netdb.h>

#include <algorithm>

namespace sluice::net {

/// Shared by the asking coroutine and the thread that answers; the coroutine may be gone before the answer comes.
struct Resolver::Question {
  std::string host;
  Loop* loop = nullptr;
  Result<Addresses> answer = fail(Errc::internal, Side::gateway, "not answered");
  // On the loop's thread alone:
  bool abandoned = false;
  Signal answered;
};

Resolver::Resolver(const Clock& clock, std::size_t threads, Lookup lookup)
    : clock_(clock), lookup_(std::move(lookup)) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

Resolver::~Resolver() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  more_.notify_all();
  for (auto& thread : threads_) thread.join();
}

bool Resolver::cached(const std::string& host, Addresses& out) {
  const std::lock_guard lock(mutex_);
  const auto found = cache_.find(host);
  if (found == cache_.end() || found->second.until <= clock_.now()) return false;
  out = found->second.addresses;
  return true;
}

void Resolver::work() {
  for (;;) {
    std::shared_ptr<Question> question;
    {
      std::unique_lock lock(mutex_);
      more_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
      if (stopping_) return;
      question = std::move(questions_.front());
      questions_.pop_front();
    }
    question->answer = lookup_(question->host);
    if (question->answer) {
      const std::lock_guard lock(mutex_);
      if (cache_.size() >= names_max) cache_.clear();
      cache_[question->host] = {*question->answer, clock_.now() + fresh_for};
    }
    Loop& loop = *question->loop;
    loop.post([question = std::move(question)] {
      if (!question->abandoned) question->answered.fire();
    });
  }
}

Task<Result<Addresses>> Resolver::resolve(Loop& loop, Timer& timer, std::string host,
                                          std::uint16_t port, TimePoint deadline,
                                          Descriptor* gone) {
  if (auto literal = Address::literal(host, port)) co_return Addresses{*literal};
  Addresses addresses;
  if (!cached(host, addresses)) {
    const auto question = std::make_shared<Question>();
    question->host = host;
    question->loop = &loop;
    {
      const std::lock_guard lock(mutex_);
      if (questions_.size() >= queue_max) {
        co_return fail(Errc::overloaded, Side::gateway, "too many names to resolve at once");
      }
      questions_.push_back(question);
    }
    more_.notify_one();
    struct Abandon {
      Question& question;
      ~Abandon() { question.abandoned = true; }
    } const abandon{*question};
    const WaitFor what{.gone = gone, .signal = &question->answered, .deadline = deadline};
    const Wake wake = co_await Wait(loop, timer, what);
    if (wake == Wake::gone) co_return fail(Errc::client_gone, Side::client, "while resolving");
    if (wake == Wake::timeout) {
      co_return fail(Errc::upstream_timeout, Side::provider,
                     "resolving " + host + " took longer than connect_timeout_ms",
                     Retry::other_account);
    }
    if (!question->answer) co_return std::unexpected(question->answer.error());
    addresses = *question->answer;
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

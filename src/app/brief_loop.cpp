#include "app/brief_loop.hpp"

#include <optional>

#include "provider/account_way.hpp"

namespace sluice::app {

BriefLoop::BriefLoop(provider::PrivateUpstreams private_upstreams)
    : loop_(clock_),
      blocking_(1),
      resolver_(clock_, blocking_),
      dialer_(resolver_,
              [private_upstreams](const net::Origin& origin, const net::Address& address) {
                return provider::permit_address(origin, address, private_upstreams);
              }),
      client_(loop_, dialer_, contexts_) {}

template <class T>
T BriefLoop::finish(net::Task<T> task) {
  std::optional<T> out;
  const auto keep = [](net::Task<T> from, std::optional<T>& into) -> net::Task<void> {
    into.emplace(co_await from);
  };
  net::TaskSet tasks;
  tasks.start(keep(std::move(task), out));
  while (!out) loop_.turn(Milliseconds(100));
  return std::move(*out);
}

Result<ControlAnswer> BriefLoop::call(ControlCall call) {
  return finish(client_.call(std::move(call)));
}

Status BriefLoop::reach(net::Origin origin, Milliseconds timeout) {
  TRY(auto target, contexts_.target(std::move(origin)));
  net::Timer timer;
  const TimePoint deadline = loop_.now() + timeout;
  auto stream = finish(dialer_.dial(loop_, timer, std::move(target), deadline, nullptr));
  if (!stream) return std::unexpected(std::move(stream.error()));
  (*stream)->close();
  return {};
}

}  // namespace sluice::app

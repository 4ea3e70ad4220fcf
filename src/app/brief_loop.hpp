#pragma once
/// One thing over the network for a thread that may block: a loop, a resolver and a dialer that end with it.

#include "app/control_client.hpp"
#include "net/blocking_pool.hpp"
#include "net/dialer.hpp"
#include "net/resolver.hpp"
#include "provider/upstream_url.hpp"

namespace sluice::app {

class BriefLoop {
 public:
  explicit BriefLoop(provider::PrivateUpstreams private_upstreams);
  BriefLoop(const BriefLoop&) = delete;
  BriefLoop& operator=(const BriefLoop&) = delete;

  [[nodiscard]] Result<ControlAnswer> call(ControlCall call);
  /// Goes there, all the way to TLS, and hangs up.
  [[nodiscard]] Status reach(net::Origin origin, Milliseconds timeout);

 private:
  template <class T>
  T finish(net::Task<T> task);
  SystemClock clock_;
  net::Loop loop_;
  net::BlockingPool blocking_;
  net::Resolver resolver_;
  net::Dialer dialer_;
  http::TlsContexts contexts_;
  ControlClient client_;
};

}  // namespace sluice::app

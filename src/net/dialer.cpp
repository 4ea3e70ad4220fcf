#include "net/dialer.hpp"

#include "net/connect.hpp"
#include "net/ip_network.hpp"
#include "net/tunnel.hpp"

namespace sluice::net {
namespace {

using Dialled = Result<std::unique_ptr<Stream>>;

std::unexpected<Error> unreachable(const std::string& what, const std::string& why) {
  return fail(Errc::upstream_unreachable, Side::provider, what + ": " + why, Retry::other_account);
}

std::unexpected<Error> late(const std::string& what) {
  return fail(Errc::upstream_timeout, Side::provider, what + " took longer than connect_timeout_ms",
              Retry::other_account);
}

/// What went wrong on the way to the proxy, and not behind it.
std::unexpected<Error> of_proxy(Error error) {
  error.context.insert(0, "proxy: ");
  return std::unexpected(std::move(error));
}

/// Sessions are resumed with the same server over the same way: a ticket that was had through one proxy and is shown through
/// another would tell the provider that both are ours.
std::string resumption_name(const Origin& origin) {
  std::string name = origin.host + ":" + std::to_string(origin.port);
  if (origin.proxy) name += " through " + origin.proxy->text() + " as " + origin.proxy->user;
  return name;
}

/// What a step that came to `again` waits for.
WaitFor waits_for(const IoResult& step, Stream& stream, TimePoint deadline, Descriptor* gone) {
  Descriptor& self = stream.descriptor();
  return {.read = step.wants_write ? nullptr : &self,
          .write = step.wants_write ? &self : nullptr,
          .gone = gone,
          .deadline = deadline};
}

/// Asks the proxy at the other end of `stream` for the way to the provider.
Task<Status> open_tunnel(Loop& loop, Timer& timer, Stream& stream, Tunnel& tunnel,
                         TimePoint deadline, Descriptor* gone) {
  Secret output = tunnel.take_output();
  std::size_t sent = 0;
  for (;;) {
    IoResult step;
    const bool sending = sent < output.reveal().size();
    if (sending) {
      const std::string_view left = output.reveal().substr(sent);
      const iovec part{const_cast<char*>(left.data()), left.size()};
      step = stream.write({&part, 1});
    } else {
      step = stream.read(loop.scratch());
    }
    if (step.kind == IoResult::Kind::ok && sending) {
      sent += step.bytes;
      continue;
    }
    if (step.kind == IoResult::Kind::ok) {
      CO_TRY(const bool open, tunnel.on_bytes({loop.scratch().data(), step.bytes}));
      if (open) co_return Status{};
      output = tunnel.take_output();
      sent = 0;
      continue;
    }
    if (step.kind != IoResult::Kind::again) {
      co_return unreachable("proxy", "it closed the connection instead of leading on");
    }
    const Wake wake = co_await Wait(loop, timer, waits_for(step, stream, deadline, gone));
    if (wake == Wake::gone) co_return fail(Errc::client_gone, Side::client, "while connecting");
    if (wake == Wake::timeout) co_return late("proxy: its answer");
  }
}

}  // namespace

Task<Status> tls_handshake(Loop& loop, Timer& timer, Stream& stream, TimePoint deadline,
                           Descriptor* gone) {
  for (;;) {
    const IoResult step = stream.handshake();
    if (step.kind == IoResult::Kind::ok) co_return Status{};
    if (step.kind != IoResult::Kind::again) {
      co_return unreachable("TLS", tls_failure(stream.tls()));
    }
    const Wake wake = co_await Wait(loop, timer, waits_for(step, stream, deadline, gone));
    if (wake == Wake::gone) co_return fail(Errc::client_gone, Side::client, "during TLS");
    if (wake == Wake::timeout) co_return late("the TLS handshake");
  }
}

/// A dial under way: what its steps share. Lives in the frame of `Dialer::dial`.
class Dialer::Way {
 public:
  Way(Dialer& dialer, Loop& loop, Timer& timer, const Target& target, TimePoint deadline,
      Descriptor* gone)
      : dialer_(dialer),
        loop_(loop),
        timer_(timer),
        target_(target),
        deadline_(deadline),
        gone_(gone) {}

  Task<Dialled> straight() {
    CO_TRY(auto addresses, co_await addresses_of_origin());
    CO_TRY(auto stream,
           co_await connect_any(loop_, timer_, std::move(addresses), deadline_, gone_));
    CO_CHECK(co_await secure(*stream));
    co_return std::move(stream);
  }

  Task<Dialled> through_proxy() {
    const Proxy& proxy = *target_.origin.proxy;
    std::vector<std::string> hosts{target_.origin.host};
    if (proxy.kind == Proxy::Kind::socks5) {
      CO_TRY(auto addresses, co_await addresses_of_origin());
      hosts.clear();
      for (const Address& address : addresses) hosts.push_back(address.host());
      if (hosts.size() > addresses_max) hosts.resize(addresses_max);
    }
    for (std::size_t i = 0;; ++i) {
      CO_TRY(auto stream, co_await to_proxy(proxy));
      const auto tunnel = make_tunnel(proxy, hosts[i], target_.origin.port);
      Status open = co_await open_tunnel(loop_, timer_, *stream, *tunnel, deadline_, gone_);
      // The proxy's network may lack a family that ours has.
      if (!open && tunnel->is_address_at_fault() && i + 1 < hosts.size()) continue;
      if (!open) co_return std::unexpected(std::move(open.error()));
      CO_CHECK(co_await secure(*stream));
      co_return std::move(stream);
    }
  }

 private:
  Task<Result<Addresses>> addresses_of_origin() {
    const Origin& origin = target_.origin;
    CO_TRY(auto addresses, co_await dialer_.resolver_.resolve(loop_, timer_, origin.host,
                                                              origin.port, deadline_, gone_));
    Status permitted;
    std::erase_if(addresses, [&](const Address& address) {
      Status verdict = dialer_.rule_(origin, address);
      if (verdict) return false;
      permitted = std::move(verdict);
      return true;
    });
    if (addresses.empty()) {
      co_return unreachable("connect", permitted ? "no address" : permitted.error().context);
    }
    co_return addresses;
  }

  Task<Dialled> to_proxy(const Proxy& proxy) {
    auto addresses =
        co_await dialer_.resolver_.resolve(loop_, timer_, proxy.host, proxy.port, deadline_, gone_);
    if (!addresses) co_return of_proxy(std::move(addresses.error()));
    // A proxy stands in the operator's own network as a rule; where clouds hand out credentials there is none.
    std::erase_if(*addresses, [](const Address& address) {
      const auto ip = IpAddress::from(*address.raw());
      return !ip || reach_of(*ip) == Reach::metadata;
    });
    if (addresses->empty()) {
      co_return unreachable("proxy", "its name leads to a cloud metadata address");
    }
    auto stream = co_await connect_any(loop_, timer_, std::move(*addresses), deadline_, gone_);
    if (!stream) co_return of_proxy(std::move(stream.error()));
    if (proxy.kind == Proxy::Kind::https) {
      const std::string name = proxy.host + ":" + std::to_string(proxy.port);
      CO_CHECK((*stream)->start_tls_as_client(*target_.proxy_tls, proxy.host, name));
      Status done = co_await tls_handshake(loop_, timer_, **stream, deadline_, gone_);
      if (!done) co_return of_proxy(std::move(done.error()));
    }
    co_return std::move(*stream);
  }

  Task<Status> secure(Stream& stream) {
    if (!target_.tls) co_return Status{};
    CO_CHECK(stream.start_tls_as_client(*target_.tls, target_.origin.host,
                                        resumption_name(target_.origin)));
    co_return co_await tls_handshake(loop_, timer_, stream, deadline_, gone_);
  }

  Dialer& dialer_;
  Loop& loop_;
  Timer& timer_;
  const Target& target_;
  TimePoint deadline_;
  Descriptor* gone_;
};

Task<Result<std::unique_ptr<Stream>>> Dialer::dial(Loop& loop, Timer& timer, Target target,
                                                   TimePoint deadline, Descriptor* gone) {
  Way way(*this, loop, timer, target, deadline, gone);
  if (target.origin.proxy) co_return co_await way.through_proxy();
  co_return co_await way.straight();
}

}  // namespace sluice::net

#pragma once
/// The way that an account prescribes to whatever host it is about: its provider, and the server that hands out its tokens.

#include "net/address.hpp"
#include "net/origin.hpp"
#include "provider/account_settings.hpp"
#include "provider/upstream.hpp"
#include "provider/upstream_url.hpp"

namespace sluice::provider {

/// Puts the account's authorities and its proxy into `origin`.
/// Errors  invalid_config: its proxy's URL can't be used; says why, and nothing of the URL.
[[nodiscard]] Status lead(net::Origin& origin, const AccountSettings& account);

/// The host of `url`, the account's way.
[[nodiscard]] Result<net::Origin> origin_of(const UpstreamUrl& url, const AccountSettings& account);

/// The account's own, and the relay's where it has none.
[[nodiscard]] Timeouts timeouts_of(const AccountSettings& account, const Timeouts& relays);

/// `permit_upstream_address` for what a dialer found: the text of a configuration proves nothing of where its names lead.
[[nodiscard]] Status permit_address(const net::Origin& origin, const net::Address& address,
                                    PrivateUpstreams private_upstreams);

}  // namespace sluice::provider

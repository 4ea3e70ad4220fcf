#pragma once
/// postgresql://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE, as libpq understands it (percent-encoding, sockets, several
/// hosts, sslmode), with what sluice adds where the operator said nothing.

#include <string>

#include "store/database.hpp"

namespace sluice::store {

struct PostgresqlUrl {
  Secret connect;        // for PQconnectdb
  std::string location;  // without the password
};

/// Errors  invalid_config; the message holds nothing of the URL, as a part of it is secret.
[[nodiscard]] Result<PostgresqlUrl> parse_postgresql_url(const Secret& url,
                                                         Milliseconds connect_max);

}  // namespace sluice::store

#include "http/connection_pool.hpp"

#include <algorithm>

namespace sluice::http {

Result<std::shared_ptr<net::TlsClientContext>> TlsContexts::find(const std::string& ca_file,
                                                                 Trust trust) {
  // Without a file there is nothing but the system's.
  if (ca_file.empty()) trust = Trust::file_alone;
  const std::lock_guard lock(mutex_);
  auto& context = contexts_[{ca_file, trust}];
  if (!context) {
    TRY(context, net::TlsClientContext::create(ca_file, trust));
  }
  return context;
}

Result<net::Target> TlsContexts::target(net::Origin origin) {
  net::Target target{.origin = std::move(origin), .tls = nullptr};
  const net::Origin& to = target.origin;
  if (to.tls) {
    TRY(target.tls, find(to.ca_file));
  }
  if (to.proxy && to.proxy->kind == net::Proxy::Kind::https) {
    TRY(target.proxy_tls, find(to.ca_file, Trust::file_and_system));
  }
  return target;
}

bool ConnectionPool::alive(Connection& connection) const {
  net::Descriptor& descriptor = connection.stream->descriptor();
  if (descriptor.gone || loop_.now() - connection.idle_since > idle_max) return false;
  if (!descriptor.readable && !connection.stream->has_pending()) return true;
  // Something came while it was idle: a TLS ticket is harmless, an unasked answer or an end is not.
  char byte = 0;
  return connection.stream->read({&byte, 1}).kind == net::IoResult::Kind::again;
}

std::unique_ptr<Connection> ConnectionPool::take_idle(const net::Origin& origin) {
  const auto found = idle_.find(origin);
  if (found == idle_.end()) return nullptr;
  Idle& idle = found->second;
  while (!idle.empty()) {
    auto connection = std::move(idle.back());
    idle.pop_back();
    --idle_count_;
    if (alive(*connection)) {
      connection->reused = true;
      return connection;
    }
    connection->stream->close();
  }
  return nullptr;
}

net::Task<Result<std::unique_ptr<Connection>>> ConnectionPool::dial(net::Timer& timer,
                                                                    net::Origin origin,
                                                                    TimePoint deadline,
                                                                    net::Descriptor* gone) {
  CO_TRY(auto target, contexts_.target(origin));
  CO_TRY(auto stream, co_await dialer_.dial(loop_, timer, std::move(target), deadline, gone));
  auto connection = std::make_unique<Connection>(live_count_);
  connection->stream = std::move(stream);
  connection->origin = std::move(origin);
  co_return std::move(connection);
}

void ConnectionPool::give_back(std::unique_ptr<Connection> connection) {
  Idle& idle = idle_[connection->origin];
  if (idle.size() >= idle_per_origin_max) {
    connection->stream->close();
    return;
  }
  connection->idle_since = loop_.now();
  idle.push_back(std::move(connection));
  ++idle_count_;
}

void ConnectionPool::sweep() {
  for (auto& [origin, idle] : idle_) {
    const auto dead = [this](std::unique_ptr<Connection>& connection) {
      if (alive(*connection)) return false;
      connection->stream->close();
      return true;
    };
    const std::size_t before = idle.size();
    idle.erase(std::remove_if(idle.begin(), idle.end(), dead), idle.end());
    idle_count_ -= before - idle.size();
  }
  std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace sluice::http

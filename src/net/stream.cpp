#include "net/stream.hpp"

#include <linux/sockios.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>

namespace sluice::net {
namespace {

using Kind = IoResult::Kind;

constexpr std::size_t tls_record_bytes = 16 * 1024;

IoResult of_tls(SSL* ssl, int returned, Descriptor& descriptor) {
  switch (SSL_get_error(ssl, returned)) {
    case SSL_ERROR_WANT_READ: descriptor.readable = false; return {.kind = Kind::again};
    case SSL_ERROR_WANT_WRITE:
      descriptor.writable = false;
      return {.kind = Kind::again, .wants_write = true};
    case SSL_ERROR_ZERO_RETURN: return {.kind = Kind::eof};
    default: return {.kind = Kind::error};
  }
}

}  // namespace

Status Stream::start_tls_as_client(const TlsClientContext& context, const std::string& host,
                                   const std::string& resumption_name) {
  SSL* const outer = tls_.get();
  TlsSession session = tls_ ? context.connect_within(std::move(tls_), host, resumption_name)
                            : context.connect(descriptor_.fd(), host, resumption_name);
  if (!session) {
    return fail(Errc::upstream_unreachable, Side::provider, "TLS: no session",
                Retry::other_account);
  }
  outer_ = outer;
  tls_ = std::move(session);
  descriptor_.readable = true;
  return {};
}

IoResult Stream::handshake() {
  ERR_clear_error();
  const int done = SSL_do_handshake(tls_.get());
  if (done == 1) return {.kind = Kind::ok};
  return of_tls(tls_.get(), done, descriptor_);
}

IoResult Stream::read(std::span<char> into) {
  if (tls_) {
    if (!descriptor_.readable && !has_pending()) return {.kind = Kind::again};
    ERR_clear_error();
    const int got = SSL_read(tls_.get(), into.data(), static_cast<int>(into.size()));
    if (got > 0) return {.kind = Kind::ok, .bytes = static_cast<std::size_t>(got)};
    return of_tls(tls_.get(), got, descriptor_);
  }
  if (!descriptor_.readable) return {.kind = Kind::again};
  for (;;) {
    const ssize_t got = ::recv(descriptor_.fd(), into.data(), into.size(), 0);
    if (got > 0) {
      const auto bytes = static_cast<std::size_t>(got);
      // A short read has drained the socket; the next byte brings a new edge. A FIN that is already known does not.
      if (bytes < into.size() && !descriptor_.gone) descriptor_.readable = false;
      return {.kind = Kind::ok, .bytes = bytes};
    }
    if (got == 0) return {.kind = Kind::eof};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      descriptor_.readable = false;
      return {.kind = Kind::again};
    }
    return {.kind = Kind::error};
  }
}

IoResult Stream::write(std::span<const iovec> parts) {
  if (!descriptor_.writable) return {.kind = Kind::again, .wants_write = true};
  if (tls_) {
    // One record: the parts are gathered, as SSL_write takes one buffer.
    std::array<char, tls_record_bytes> record;
    std::size_t size = 0;
    const char* data = record.data();
    if (parts.size() == 1) {
      data = static_cast<const char*>(parts[0].iov_base);
      size = std::min(parts[0].iov_len, tls_record_bytes);
    } else {
      for (const iovec& part : parts) {
        const std::size_t take = std::min(part.iov_len, tls_record_bytes - size);
        std::memcpy(record.data() + size, part.iov_base, take);
        size += take;
        if (size == tls_record_bytes) break;
      }
    }
    if (size == 0) return {.kind = Kind::ok};
    ERR_clear_error();
    const int put = SSL_write(tls_.get(), data, static_cast<int>(size));
    if (put > 0) return {.kind = Kind::ok, .bytes = static_cast<std::size_t>(put)};
    return of_tls(tls_.get(), put, descriptor_);
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  for (;;) {
    const ssize_t put = ::sendmsg(descriptor_.fd(), &message, MSG_NOSIGNAL);
    if (put >= 0) return {.kind = Kind::ok, .bytes = static_cast<std::size_t>(put)};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      descriptor_.writable = false;
      return {.kind = Kind::again, .wants_write = true};
    }
    return {.kind = Kind::error};
  }
}

void Stream::close() {
  if (!descriptor_.is_open()) return;
  if (tls_) {
    ERR_clear_error();
    if (SSL_is_init_finished(tls_.get()) != 0) SSL_shutdown(tls_.get());
    drop_tls();
  }
  descriptor_.close();
}

void Stream::abort() {
  if (!descriptor_.is_open()) return;
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor_.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  drop_tls();
  descriptor_.close();
}

void Stream::shutdown_write() {
  if (!descriptor_.is_open()) return;
  if (tls_) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
  }
  ::shutdown(descriptor_.fd(), SHUT_WR);
}

bool Stream::has_pending() const {
  return tls_ &&
         (SSL_has_pending(tls_.get()) == 1 || (outer_ != nullptr && SSL_has_pending(outer_) == 1));
}

void Stream::drop_tls() {
  outer_ = nullptr;
  tls_.reset();
}

namespace {

/// What the kernel holds and the peer has not acknowledged. A socket counts as writable only when a third of its buffer
/// is free, which a slow reader takes long to bring about: as long as this becomes less, it isn't stalled.
int queued_bytes(int fd) {
  int bytes = 0;
  return ::ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

}  // namespace

std::span<iovec> after_bytes(std::span<iovec> parts, std::size_t bytes) {
  while (!parts.empty() && bytes >= parts.front().iov_len) {
    bytes -= parts.front().iov_len;
    parts = parts.subspan(1);
  }
  assert(bytes == 0 || !parts.empty());
  if (bytes > 0) {
    iovec& cut = parts.front();
    cut.iov_base = static_cast<char*>(cut.iov_base) + bytes;
    cut.iov_len -= bytes;
  }
  return parts;
}

Task<Wake> write_all(Loop& loop, Timer& timer, Stream& stream, std::span<iovec> parts,
                     WriteBounds bounds) {
  TimePoint deadline = loop.now() + bounds.stall;
  parts = after_bytes(parts, 0);
  for (;;) {
    if (parts.empty()) co_return Wake::writable;
    const IoResult put = stream.write(parts);
    if (put.kind == Kind::ok) {
      parts = after_bytes(parts, put.bytes);
      deadline = loop.now() + bounds.stall;
      continue;
    }
    if (put.kind != Kind::again) co_return Wake::gone;
    Descriptor& self = stream.descriptor();
    const WaitFor what{.read = put.wants_write ? nullptr : &self,
                       .write = put.wants_write ? &self : nullptr,
                       .gone = bounds.gone,
                       .deadline = deadline};
    const int queued = queued_bytes(self.fd());
    const Wake wake = co_await Wait(loop, timer, what);
    if (wake == Wake::gone) co_return wake;
    if (wake != Wake::timeout) continue;
    if (queued_bytes(self.fd()) >= queued) co_return wake;
    deadline = loop.now() + bounds.stall;
  }
}

}  // namespace sluice::net

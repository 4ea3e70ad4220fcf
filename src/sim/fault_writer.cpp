#include "sim/fault_writer.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>

namespace sluice::sim {
namespace {

using net::IoResult;

constexpr std::uint64_t random_piece_max = 64;
constexpr Milliseconds drain_step{1};
constexpr int drain_steps_max = 2000;
/// A client that takes nothing for so long is gone.
constexpr Milliseconds stall_max{600'000};

}  // namespace

Sent FaultWriter::write_now(std::string_view& bytes) {
  while (!bytes.empty()) {
    const iovec part{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    const IoResult put = stream_.write({&part, 1});
    if (put.kind == IoResult::Kind::again) return Sent::blocked;
    if (put.kind != IoResult::Kind::ok) return Sent::client_left;
    at_ += put.bytes;
    bytes.remove_prefix(put.bytes);
  }
  return Sent::ok;
}

std::size_t FaultWriter::next_piece(std::size_t left) {
  std::uint64_t size = left;
  if (parameters_.split_random) size = std::min(size, 1 + random_.below(random_piece_max));
  if (parameters_.split > 0) size = std::min<std::uint64_t>(size, parameters_.split);
  if (parameters_.drip_bytes > 0) size = std::min<std::uint64_t>(size, parameters_.drip_bytes);
  for (const auto& end : {parameters_.reset_at, parameters_.close_at, parameters_.stall_at}) {
    if (end && *end >= at_) size = std::min(size, *end - at_);
  }
  return static_cast<std::size_t>(size);
}

net::Task<Sent> FaultWriter::write(std::string bytes) {
  std::size_t done = 0;
  for (;;) {
    const bool here =
        parameters_.reset_at == at_ || parameters_.close_at == at_ || parameters_.stall_at == at_;
    if (here) co_return co_await break_here();
    if (done == bytes.size()) co_return Sent::ok;
    const std::size_t size = next_piece(bytes.size() - done);
    iovec part{.iov_base = bytes.data() + done, .iov_len = size};
    const net::WriteBounds bounds{.stall = stall_max, .gone = &stream_.descriptor()};
    const net::Wake wake = co_await net::write_all(loop_, timer_, stream_, {&part, 1}, bounds);
    if (wake != net::Wake::writable) co_return Sent::client_left;
    done += size;
    at_ += size;
    if (parameters_.drip_bytes > 0) {
      const TimePoint next = Pacer::now() + parameters_.drip_every;
      const bool there = co_await pacer_.sleep_until(next, timer_, &stream_.descriptor());
      if (!there) co_return Sent::client_left;
    }
  }
}

net::Task<Sent> FaultWriter::break_here() {
  if (parameters_.stall_at == at_) {
    co_await wait_for_client_to_leave();
    co_return Sent::fault;
  }
  // A reset throws away what the kernel still holds: the bytes before it shall arrive.
  co_await drain();
  if (parameters_.reset_at == at_) {
    stream_.abort();
  } else {
    stream_.close();
  }
  co_return Sent::fault;
}

net::Task<void> FaultWriter::drain() {
  for (int step = 0; step < drain_steps_max; ++step) {
    int unsent = 0;
    if (::ioctl(stream_.descriptor().fd(), SIOCOUTQ, &unsent) != 0 || unsent == 0) co_return;
    const TimePoint next = Pacer::now() + drain_step;
    const bool there = co_await pacer_.sleep_until(next, timer_, &stream_.descriptor());
    if (!there) co_return;
  }
}

net::Task<void> FaultWriter::wait_for_client_to_leave() {
  const net::WaitFor what{.gone = &stream_.descriptor()};
  co_await net::Wait(loop_, timer_, what);
}

}  // namespace sluice::sim

#include "net/listener.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <vector>

#include "base/log.hpp"
#include "net/testing.hpp"

namespace sluice::net {
namespace {

using testing::connected;
using testing::Fd;
using testing::loopback;
using testing::ManualLoop;

struct Taken {
  std::vector<Fd> fds;
  std::vector<std::string> peers;
  Listener::Accept accept = [this](int fd, const Address& peer) {
    fds.emplace_back(fd);
    peers.push_back(peer.text());
  };
};

TEST(Listener, TakesAFreePortAndHandsOverWhoConnects) {
  ManualLoop bench;
  Taken taken;
  Listener listener(bench.loop);
  ASSERT_TRUE(listener.listen(loopback(), taken.accept));
  EXPECT_NE(listener.address().port(), 0);

  std::vector<Fd> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(connected(listener.address()));
  bench.until([&] { return taken.fds.size() == 50; });

  EXPECT_EQ(taken.peers[0], Address::of_socket(clients[0].get()).text());
  EXPECT_NE(::fcntl(taken.fds[0].get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(taken.fds[0].get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Listener, SaysWhatToDoWhereTheAddressIsTaken) {
  ManualLoop bench;
  Address address = loopback();
  const Fd other = testing::listening(address);
  Listener listener(bench.loop);
  const Status refused = listener.listen(address, [](int, const Address&) {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::io);
  EXPECT_NE(refused.error().context.find(address.text()), std::string::npos);
  EXPECT_NE(refused.error().context.find("--listen"), std::string::npos);
}

TEST(Listener, SharesItsPortWithTheOtherThreads) {
  ManualLoop bench;
  Taken taken;
  Listener first(bench.loop);
  Listener second(bench.loop);
  ASSERT_TRUE(first.listen(loopback(), taken.accept));
  ASSERT_TRUE(second.listen(first.address(), taken.accept));
  std::vector<Fd> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(connected(first.address()));
  bench.until([&] { return taken.fds.size() == 50; });
}

TEST(Listener, TakesNobodyAfterItWasClosed) {
  ManualLoop bench;
  Taken taken;
  Listener listener(bench.loop);
  ASSERT_TRUE(listener.listen(loopback(), taken.accept));
  const Address address = listener.address();
  listener.close();
  listener.close();
  const Fd client(::socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_NE(::connect(client.get(), address.raw(), address.length), 0);
}

TEST(Listener, PausesWithoutDescriptorsAndGoesOnWhenSomeAreFree) {
  ManualLoop bench;
  Taken taken;
  Listener listener(bench.loop);
  ASSERT_TRUE(listener.listen(loopback(), taken.accept));
  const Fd client = connected(listener.address());
  // given no descriptor left (and no log line: to check its types the sanitizer needs descriptors itself)
  log::configure(log::Level::off, log::Format::text);
  rlimit usual{};
  ::getrlimit(RLIMIT_NOFILE, &usual);
  const rlimit none{.rlim_cur = 3, .rlim_max = usual.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  bench.settle();
  EXPECT_TRUE(taken.fds.empty());

  ::setrlimit(RLIMIT_NOFILE, &usual);
  log::configure(log::Level::info, log::Format::text);
  bench.pass(Milliseconds(300));

  EXPECT_EQ(taken.fds.size(), 1U);
}

}  // namespace
}  // namespace sluice::net

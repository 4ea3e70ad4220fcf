#include "net/stream.hpp"

#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <array>
#include <string>
#include <thread>

#include "net/testing.hpp"

namespace sluice::net {
namespace {

using std::chrono::seconds;
using testing::Fd;
using testing::ManualLoop;
using testing::Pair;
using Kind = IoResult::Kind;

class StreamTest : public ::testing::Test {
 protected:
  void open(Pair pair) {
    far_ = std::move(pair.far);
    ASSERT_TRUE(stream_.open(bench_.loop, pair.near.release()));
    bench_.settle();
  }
  IoResult read(std::size_t room = 100) { return stream_.read({buffer_, room}); }
  void shrink_send_buffer() const {
    const int bytes = 4096;
    ::setsockopt(stream_.is_open() ? fd_of(stream_) : -1, SOL_SOCKET, SO_SNDBUF, &bytes,
                 sizeof bytes);
  }
  static int fd_of(const Stream& stream) { return const_cast<Stream&>(stream).descriptor().fd(); }
  Task<Wake> write(std::string_view bytes, WriteBounds bounds) {
    parts_[0] = {const_cast<char*>(bytes.data()), bytes.size() / 3};
    parts_[1] = {nullptr, 0};
    parts_[2] = {const_cast<char*>(bytes.data()) + bytes.size() / 3,
                 bytes.size() - bytes.size() / 3};
    return write_all(bench_.loop, bench_.timer, stream_, parts_, bounds);
  }

  ManualLoop bench_;
  Stream stream_;
  Fd far_;
  char buffer_[100];
  iovec parts_[3];
};

TEST_F(StreamTest, AShortReadIsKnownToHaveEmptiedTheSocket) {
  open(testing::tcp_pair());
  far_.send("hello");
  bench_.until([&] { return stream_.descriptor().readable; });
  const IoResult got = read();
  EXPECT_EQ(got.kind, Kind::ok);
  EXPECT_EQ(std::string_view(buffer_, got.bytes), "hello");
  EXPECT_FALSE(stream_.descriptor().readable);
  EXPECT_EQ(read().kind, Kind::again);

  far_.send("more");
  bench_.until([&] { return stream_.descriptor().readable; });
  EXPECT_EQ(read().bytes, 4U);
}

TEST_F(StreamTest, AReadThatFilledItsRoomMayGoOn) {
  open(testing::tcp_pair());
  far_.send("hello");
  bench_.until([&] { return stream_.descriptor().readable; });
  EXPECT_EQ(read(3).bytes, 3U);
  EXPECT_TRUE(stream_.descriptor().readable);
  EXPECT_EQ(read(3).bytes, 2U);
}

TEST_F(StreamTest, TheEndIsSeenWheneverItComes) {
  // behind the bytes, in one event with them
  open(testing::tcp_pair());
  far_.send("last");
  far_.close();
  bench_.until([&] { return stream_.descriptor().gone; });
  EXPECT_EQ(read().bytes, 4U);
  EXPECT_EQ(read().kind, Kind::eof);
  stream_.close();

  // after the bytes were read
  open(testing::tcp_pair());
  far_.send("last");
  bench_.until([&] { return stream_.descriptor().readable; });
  EXPECT_EQ(read().bytes, 4U);
  far_.close();
  bench_.until([&] { return stream_.descriptor().readable; });
  EXPECT_EQ(read().kind, Kind::eof);
  stream_.close();

  // between the event of the bytes and their reading
  open(testing::tcp_pair());
  far_.send("last");
  bench_.until([&] { return stream_.descriptor().readable; });
  far_.close();
  EXPECT_EQ(read().bytes, 4U);
  bench_.until([&] { return stream_.descriptor().readable; });
  EXPECT_EQ(read().kind, Kind::eof);
}

TEST_F(StreamTest, AResetIsAnError) {
  open(testing::tcp_pair());
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(far_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  far_.close();
  bench_.until([&] { return stream_.descriptor().gone; });
  EXPECT_EQ(read().kind, Kind::error);
  iovec part{buffer_, 1};
  EXPECT_EQ(stream_.write({&part, 1}).kind, Kind::error);
}

TEST_F(StreamTest, CloseIsACleanEndAndAbortIsAReset) {
  open(testing::tcp_pair());
  stream_.close();
  EXPECT_EQ(far_.receive(), "");
  stream_.close();  // nothing is left to do
  stream_.abort();

  open(testing::tcp_pair());
  stream_.abort();
  EXPECT_EQ(far_.receive(), std::nullopt);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(StreamTest, AfterShutdownOfTheWriteSideReadsGoOn) {
  open(testing::tcp_pair());
  stream_.shutdown_write();
  EXPECT_EQ(far_.receive(), "");
  far_.send("still");
  bench_.until([&] { return stream_.descriptor().readable; });
  EXPECT_EQ(read().bytes, 5U);
}

TEST(AfterBytes, LeavesWhatWasNotWritten) {
  const std::string_view whole = "headbodytail";
  for (std::size_t written = 0; written <= whole.size(); ++written) {
    std::string text(whole);
    std::array<iovec, 5> parts{
        {{text.data(), 4}, {text.data(), 0}, {text.data() + 4, 4}, {text.data() + 8, 4}, {}}};
    const auto left = after_bytes(parts, written);
    std::string rest;
    for (const iovec& part : left) rest.append(static_cast<char*>(part.iov_base), part.iov_len);
    EXPECT_EQ(rest, whole.substr(written));
    EXPECT_EQ(left.empty(), rest.empty());
    EXPECT_TRUE(left.empty() || left.front().iov_len > 0);
  }
}

TEST_F(StreamTest, WritesAllToAPeerThatReadsSlowly) {
  open(testing::unix_pair());
  shrink_send_buffer();
  std::string sent(3'000'000, 'x');
  for (std::size_t i = 0; i < sent.size(); i += 7) sent[i] = static_cast<char>('a' + i % 26);
  std::optional<Wake> wake;
  bench_.start(write(sent, {.stall = seconds(60)}), wake);
  std::string got;
  bench_.until([&] {
    EXPECT_TRUE(!wake || got.size() + 1'000'000 > sent.size());
    if (auto some = far_.receive()) got += *some;
    bench_.clock.advance(seconds(5));  // slow, but never stalled
    return got.size() == sent.size() && wake.has_value();
  });
  EXPECT_EQ(wake, Wake::writable);
  EXPECT_TRUE(got == sent);
}

TEST_F(StreamTest, GivesUpOnAPeerThatTakesNothing) {
  open(testing::unix_pair());
  shrink_send_buffer();
  const std::string sent(3'000'000, 'x');
  std::optional<Wake> wake;
  bench_.start(write(sent, {.stall = seconds(60)}), wake);
  bench_.pass(seconds(59));
  EXPECT_FALSE(wake);
  bench_.pass(seconds(2));
  EXPECT_EQ(wake, Wake::timeout);
}

TEST_F(StreamTest, AWriteEndsWhenThePeerIsGone) {
  open(testing::tcp_pair());
  shrink_send_buffer();
  const std::string sent(10'000'000, 'x');
  std::optional<Wake> wake;
  bench_.start(write(sent, {.stall = seconds(60), .gone = &stream_.descriptor()}), wake);
  EXPECT_FALSE(wake);
  far_.close();
  bench_.until([&] { return wake.has_value(); });
  EXPECT_EQ(wake, Wake::gone);
}

TEST_F(StreamTest, NothingToWriteIsWritten) {
  open(testing::unix_pair());
  EXPECT_EQ(bench_.run(write({}, {})), Wake::writable);
}

}  // namespace
}  // namespace sluice::net

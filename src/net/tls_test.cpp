#include "net/tls.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <fstream>

#include "net/dialer.hpp"
#include "net/testing.hpp"
#include "net/testing_certificates.hpp"

namespace sluice::net {
namespace {

using std::chrono::seconds;
using testing::ManualLoop;
using testing::TestAuthority;
using Kind = IoResult::Kind;

class TlsTest : public ::testing::Test {
 protected:
  static TestAuthority& authority() {
    static TestAuthority made;
    return made;
  }
  static std::shared_ptr<TlsServerContext> server_for(const std::string& names) {
    const auto files = authority().issue(names);
    return *TlsServerContext::load(files.certificate, files.key);
  }
  /// Both ends on a TCP connection; the handshakes are begun.
  struct Ends {
    Stream client;
    Stream server;
    Timer timers[2];
    std::optional<Status> connected;
    std::optional<Status> accepted;
  };
  std::unique_ptr<Ends> shake(const TlsClientContext& client, const TlsServerContext& server,
                              const std::string& host, const std::string& resumption_name = {}) {
    auto ends = std::make_unique<Ends>();
    testing::Pair pair = testing::tcp_pair();
    EXPECT_TRUE(ends->client.open(bench_.loop, pair.near.release()));
    EXPECT_TRUE(ends->server.open(bench_.loop, pair.far.release()));
    ends->client.start_tls(client.connect(ends->client.descriptor().fd(), host, resumption_name));
    ends->server.start_tls(server.accept(ends->server.descriptor().fd()));
    const TimePoint deadline = bench_.loop.now() + seconds(10);
    bench_.start(tls_handshake(bench_.loop, ends->timers[0], ends->client, deadline, nullptr),
                 ends->connected);
    bench_.start(tls_handshake(bench_.loop, ends->timers[1], ends->server, deadline, nullptr),
                 ends->accepted);
    bench_.until([&] { return ends->connected && ends->accepted; });
    return ends;
  }
  /// One read that waits.
  IoResult read(Stream& stream, std::span<char> into) {
    IoResult got;
    bench_.until([&] {
      got = stream.read(into);
      return got.kind != Kind::again;
    });
    return got;
  }
  IoResult read(Stream& stream) { return read(stream, buffer_); }
  static IoResult write(Stream& stream, std::string_view bytes) {
    iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    return stream.write({&part, 1});
  }

  ManualLoop bench_;
  char buffer_[65536];
  const std::shared_ptr<TlsClientContext> client_ =
      *TlsClientContext::create(authority().ca_file());
};

TEST_F(TlsTest, BothSidesAgreeAndBytesGoBothWays) {
  const auto server = server_for("DNS:api.test");
  const auto ends = shake(*client_, *server, "api.test");
  ASSERT_TRUE(*ends->connected);
  ASSERT_TRUE(*ends->accepted);
  EXPECT_GE(SSL_version(ends->client.tls().get()), TLS1_2_VERSION);
  const unsigned char* protocol = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ends->client.tls().get(), &protocol, &length);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(protocol), length), "http/1.1");

  EXPECT_EQ(write(ends->client, "question").bytes, 8U);
  EXPECT_EQ(read(ends->server).bytes, 8U);
  EXPECT_EQ(write(ends->server, "answer").bytes, 6U);
  EXPECT_EQ(read(ends->client).bytes, 6U);
}

TEST_F(TlsTest, ACertificateForAnotherNameIsRefused) {
  const auto server = server_for("DNS:other.test");
  const auto ends = shake(*client_, *server, "api.test");
  ASSERT_FALSE(*ends->connected);
  EXPECT_FALSE(*ends->accepted);
  EXPECT_EQ(ends->connected->error().code, Errc::upstream_unreachable);
  EXPECT_EQ(ends->connected->error().context, "TLS: certificate not accepted: hostname mismatch");
}

TEST_F(TlsTest, AnAddressNeedsACertificateForThatAddress) {
  const auto named = server_for("DNS:127.0.0.1");
  EXPECT_FALSE(*shake(*client_, *named, "127.0.0.1")->connected);
  const auto addressed = server_for("IP:127.0.0.1");
  EXPECT_TRUE(*shake(*client_, *addressed, "127.0.0.1")->connected);
  EXPECT_FALSE(*shake(*client_, *addressed, "127.0.0.2")->connected);
}

TEST_F(TlsTest, WithoutANameToDemandThereIsNoSession) {
  const testing::Pair pair = testing::tcp_pair();
  EXPECT_FALSE(client_->connect(pair.near.get(), ""));
  EXPECT_FALSE(client_->connect(pair.near.get(), std::string(300, 'x')));
}

TEST_F(TlsTest, AnUnknownAuthorityIsRefused) {
  TestAuthority stranger;
  const auto files = stranger.issue("DNS:api.test");
  const auto server = *TlsServerContext::load(files.certificate, files.key);
  const auto ends = shake(*client_, *server, "api.test");
  ASSERT_FALSE(*ends->connected);
  EXPECT_NE(ends->connected->error().context.find("certificate not accepted"), std::string::npos);
}

TEST_F(TlsTest, TheSecondConnectionResumesTheSessionOfTheFirst) {
  const auto server = server_for("DNS:api.test");
  for (int i = 0; i < 3; ++i) {
    const auto ends = shake(*client_, *server, "api.test");
    ASSERT_TRUE(*ends->connected);
    EXPECT_EQ(SSL_session_reused(ends->client.tls().get()), i > 0 ? 1 : 0);
    // the ticket comes with the first bytes
    write(ends->server, "x");
    EXPECT_EQ(read(ends->client).bytes, 1U);
    ends->client
        .close();  // OpenSSL forgets the sessions of connections that end without a good-bye
  }
  const auto other = shake(*client_, *server, "other.test");
  EXPECT_EQ(SSL_session_reused(other->client.tls().get()), 0);
}

TEST_F(TlsTest, ASessionIsResumedUnderItsOwnNameAlone) {
  const auto server = server_for("DNS:api.test");
  const auto other_client = *TlsClientContext::create(authority().ca_file());
  const auto resumed = [&](const TlsClientContext& client, const std::string& name) {
    const auto ends = shake(client, *server, "api.test", name);
    EXPECT_TRUE(*ends->connected);
    write(ends->server, "x");
    EXPECT_EQ(read(ends->client).bytes, 1U);
    const bool was = SSL_session_reused(ends->client.tls().get()) == 1;
    ends->client.close();
    return was;
  };
  EXPECT_FALSE(resumed(*client_, "api.test:443"));
  EXPECT_TRUE(resumed(*client_, "api.test:443"));
  // another port, another way there, another authority
  EXPECT_FALSE(resumed(*client_, "api.test:8443"));
  EXPECT_FALSE(resumed(*client_, "api.test:443 through http://proxy.test:3128 as ada"));
  EXPECT_FALSE(resumed(*other_client, "api.test:443"));
  EXPECT_TRUE(resumed(*client_, "api.test:443"));
}

TEST_F(TlsTest, AConnectionMayOutliveTheContextItWasMadeFrom) {
  const auto server = server_for("DNS:api.test");
  auto client = *TlsClientContext::create(authority().ca_file());
  const auto ends = shake(*client, *server, "api.test");
  ASSERT_TRUE(*ends->connected);
  client.reset();
  EXPECT_EQ(write(ends->server, "x").bytes,
            1U);  // the tickets come along: nobody is there to keep them
  EXPECT_EQ(read(ends->client).bytes, 1U);
}

TEST_F(TlsTest, CloseSaysGoodByeAndACutDoesNotLookLikeIt) {
  const auto server = server_for("DNS:api.test");
  const auto clean = shake(*client_, *server, "api.test");
  write(clean->server, "all");
  clean->server.close();
  EXPECT_EQ(read(clean->client).bytes, 3U);
  EXPECT_EQ(read(clean->client).kind, Kind::eof);

  const auto cut = shake(*client_, *server, "api.test");
  write(cut->server, "part");
  ::shutdown(cut->server.descriptor().fd(), SHUT_RDWR);
  EXPECT_EQ(read(cut->client).bytes, 4U);
  EXPECT_EQ(read(cut->client).kind, Kind::error);
}

TEST_F(TlsTest, LargeWritesArriveWholeThroughASmallBuffer) {
  const auto server = server_for("DNS:api.test");
  const auto ends = shake(*client_, *server, "api.test");
  const int small = 4096;
  ::setsockopt(ends->server.descriptor().fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  std::string sent(1'000'003, 'x');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>('a' + i * i % 26);
  // several parts, so that records are gathered across them
  iovec parts[] = {{sent.data(), 10},
                   {sent.data() + 10, 20'000},
                   {sent.data() + 20'010, 0},
                   {sent.data() + 20'010, sent.size() - 20'010}};
  std::optional<Wake> wake;
  bench_.start(write_all(bench_.loop, bench_.timer, ends->server, parts, {}), wake);
  EXPECT_FALSE(wake);

  std::string got;
  while (got.size() < sent.size()) {
    // small reads: what TLS holds decrypted must come without a new event
    const IoResult some = read(ends->client, {buffer_, 777});
    ASSERT_EQ(some.kind, Kind::ok);
    got.append(buffer_, some.bytes);
  }
  EXPECT_TRUE(got == sent);
  bench_.until([&] { return wake.has_value(); });
  EXPECT_EQ(wake, Wake::writable);
}

TEST_F(TlsTest, BytesDecryptedAheadAreReadWithoutWaiting) {
  const auto server = server_for("DNS:api.test");
  const auto ends = shake(*client_, *server, "api.test");
  write(ends->server, "one record");
  write(ends->server, "another");
  ASSERT_EQ(read(ends->client, {buffer_, 3}).bytes, 3U);
  ends->client.descriptor().readable = false;
  EXPECT_TRUE(ends->client.has_pending());
  EXPECT_EQ(ends->client.read(buffer_).bytes, 7U);
  EXPECT_EQ(ends->client.read(buffer_).bytes, 7U);
  EXPECT_EQ(ends->client.read(buffer_).kind, Kind::again);
}

TEST_F(TlsTest, ASilentPeerEndsTheHandshakeAtTheDeadline) {
  testing::Pair pair = testing::tcp_pair();
  Stream stream;
  ASSERT_TRUE(stream.open(bench_.loop, pair.near.release()));
  stream.start_tls(client_->connect(stream.descriptor().fd(), "api.test"));
  std::optional<Status> done;
  const TimePoint deadline = bench_.loop.now() + seconds(10);
  bench_.start(tls_handshake(bench_.loop, bench_.timer, stream, deadline, nullptr), done);
  bench_.pass(seconds(9));
  EXPECT_FALSE(done);
  bench_.pass(seconds(2));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->error().code, Errc::upstream_timeout);
}

TEST_F(TlsTest, APeerThatHangsUpOrSpeaksSomethingElseIsNamed) {
  for (const char* bytes : {"", "HTTP/1.1 400 Bad Request\r\n\r\n"}) {
    testing::Pair pair = testing::tcp_pair();
    Stream stream;
    ASSERT_TRUE(stream.open(bench_.loop, pair.near.release()));
    stream.start_tls(client_->connect(stream.descriptor().fd(), "api.test"));
    std::optional<Status> done;
    bench_.start(tls_handshake(bench_.loop, bench_.timer, stream, time_never, nullptr), done);
    if (*bytes != '\0') pair.far.send(bytes);
    EXPECT_TRUE(pair.far.receive());
    pair.far.close();
    bench_.until([&] { return done.has_value(); });
    ASSERT_FALSE(*done);
    EXPECT_EQ(done->error().context.find("unknown"), std::string::npos) << done->error().context;
  }
}

TEST_F(TlsTest, FilesThatDoNotServeAreNamed) {
  const auto good = authority().issue("DNS:a.test");
  const auto other = authority().issue("DNS:b.test");
  const auto missing = TlsServerContext::load("/nowhere/cert.pem", good.key);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::invalid_config);
  EXPECT_TRUE(missing.error().context.starts_with("/nowhere/cert.pem: "));
  const auto mixed = TlsServerContext::load(good.certificate, other.key);
  ASSERT_FALSE(mixed);
  EXPECT_TRUE(mixed.error().context.starts_with(other.key));
  const auto authorities = TlsClientContext::create(good.key);
  ASSERT_FALSE(authorities);
  EXPECT_TRUE(authorities.error().context.starts_with(good.key));
}

}  // namespace
}  // namespace sluice::net

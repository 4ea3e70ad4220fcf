#include "net/tunnel.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::net {
namespace {

using namespace std::string_literals;

Proxy proxy_of(Proxy::Kind kind, std::string user = {}, std::string password = {}) {
  return {.kind = kind,
          .host = "proxy.test",
          .port = 3128,
          .user = std::move(user),
          .password = Secret(std::move(password))};
}

/// What came of a whole answer: "open", "more", or why not.
std::string outcome(const Result<bool>& fed) {
  if (!fed) return fed.error().context;
  return *fed ? "open" : "more";
}

/// A talk with a proxy: what we say and what it answers, in turns.
struct Turn {
  std::string said;
  std::string answer;
};

/// Feeds the answers cut at `cut`, and checks what is said meanwhile.
std::string talk(Tunnel& tunnel, const std::vector<Turn>& turns, std::size_t cut) {
  std::string last = "more";
  for (const Turn& turn : turns) {
    EXPECT_EQ(tunnel.take_output().reveal(), turn.said);
    EXPECT_TRUE(tunnel.take_output().empty());
    const std::size_t at = std::min(cut, turn.answer.size());
    for (const std::string& part : {turn.answer.substr(0, at), turn.answer.substr(at)}) {
      if (part.empty()) continue;
      last = outcome(tunnel.on_bytes(part));
      if (last != "more") return last;
    }
  }
  return last;
}

// --- CONNECT

std::string connect_outcome(std::string_view answer) {
  ConnectTunnel tunnel(proxy_of(Proxy::Kind::http), "api.test", 443);
  return outcome(tunnel.on_bytes(answer));
}

TEST(ConnectTunnel, AsksWithTheCredentialsOfTheAccount) {
  ConnectTunnel plain(proxy_of(Proxy::Kind::http), "api.test", 443);
  EXPECT_EQ(plain.take_output().reveal(),
            "CONNECT api.test:443 HTTP/1.1\r\nhost: api.test:443\r\n\r\n");
  ConnectTunnel six(proxy_of(Proxy::Kind::https), "2001:db8::1", 8443);
  EXPECT_EQ(six.take_output().reveal(),
            "CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nhost: [2001:db8::1]:8443\r\n\r\n");
  // RFC 7617, 2
  ConnectTunnel user(proxy_of(Proxy::Kind::http, "Aladdin", "open sesame"), "a.test", 80);
  EXPECT_NE(user.take_output().reveal().find(
                "\r\nproxy-authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"),
            std::string_view::npos);
}

TEST(ConnectTunnel, WritesEveryLengthOfCredentialsInBase64) {
  const std::vector<std::pair<std::string, std::string>> known = {
      {"a", "YTo="}, {"ab", "YWI6"}, {"abc", "YWJjOg=="}, {"\xff\xfe", "//46"}};
  for (const auto& [user, encoded] : known) {
    ConnectTunnel tunnel(proxy_of(Proxy::Kind::http, user), "a.test", 80);
    EXPECT_NE(tunnel.take_output().reveal().find("Basic " + encoded + "\r\n"), std::string::npos);
  }
}

TEST(ConnectTunnel, AnySuccessOpensTheWayHoweverItIsCut) {
  for (const std::string& answer : std::vector<std::string>{
           "HTTP/1.1 200 Connection established\r\n\r\n", "HTTP/1.0 200 OK\r\nVia: x\r\n\r\n",
           "HTTP/1.1 204\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 200 \n\n",
           "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}) {
    for (std::size_t cut = 0; cut <= answer.size(); ++cut) {
      ConnectTunnel tunnel(proxy_of(Proxy::Kind::http), "a.test", 80);
      const std::vector<Turn> turns = {
          {"CONNECT a.test:80 HTTP/1.1\r\nhost: a.test:80\r\n\r\n", answer}};
      EXPECT_EQ(talk(tunnel, turns, cut), "open") << answer << " cut at " << cut;
    }
    ConnectTunnel byte_by_byte(proxy_of(Proxy::Kind::http), "a.test", 80);
    for (std::size_t i = 0; i < answer.size(); ++i) {
      EXPECT_EQ(outcome(byte_by_byte.on_bytes(answer.substr(i, 1))),
                i + 1 < answer.size() ? "more" : "open");
    }
  }
}

TEST(ConnectTunnel, ARefusalIsToldInOurWords) {
  const std::string refusal =
      "HTTP/1.1 407 user canary unknown\r\nproxy-authenticate: Basic\r\n\r\n<html>canary";
  for (std::size_t cut = 0; cut <= refusal.size(); ++cut) {
    ConnectTunnel tunnel(proxy_of(Proxy::Kind::http), "a.test", 80);
    const std::vector<Turn> turns = {
        {"CONNECT a.test:80 HTTP/1.1\r\nhost: a.test:80\r\n\r\n", refusal}};
    EXPECT_EQ(talk(tunnel, turns, cut), "proxy answered 407 Proxy Authentication Required");
  }
  EXPECT_EQ(connect_outcome("HTTP/1.1 599 x\r\n\r\n"), "proxy answered 599");
  EXPECT_EQ(connect_outcome("HTTP/1.1 302 x\r\n\r\n"), "proxy answered 302");
  ConnectTunnel tunnel(proxy_of(Proxy::Kind::http), "a.test", 80);
  const auto refused = tunnel.on_bytes("HTTP/1.1 502 x\r\n\r\n");
  EXPECT_EQ(refused.error().code, Errc::upstream_unreachable);
  EXPECT_EQ(refused.error().retry, Retry::other_account);
}

TEST(ConnectTunnel, WhatIsNotHttpIsToldAtOnce) {
  for (const std::string& answer :
       {"\x05\x00"s, "\x15\x03\x01\x00\x02\x02"s, "SSH-2.0-x\r\n"s, "HTTP/2 200\r\n\r\n"s,
        "HTTP/1.2 200 OK\r\n\r\n"s, "HTTP/1.1 20 OK\r\n\r\n"s, "HTTP/1.1 2000 OK\r\n\r\n"s,
        "HTTP/1.1 2x0 OK\r\n\r\n"s, "HTTP/1.1 099 OK\r\n\r\n"s, "HTTP/1.1\r\n\r\n"s}) {
    EXPECT_EQ(connect_outcome(answer), "the proxy didn't answer in HTTP") << answer;
  }
}

TEST(ConnectTunnel, NothingStandsBehindTheAnswer) {
  EXPECT_EQ(connect_outcome("HTTP/1.1 200 OK\r\n\r\nx"),
            "the proxy sent bytes behind its answer to CONNECT");
}

TEST(ConnectTunnel, AHeadHasABound) {
  const std::string begin = "HTTP/1.1 200 OK\r\nx: ";
  const std::string fits =
      begin + std::string(ConnectTunnel::head_bytes_max - begin.size() - 4, 'y') + "\r\n\r\n";
  EXPECT_EQ(connect_outcome(fits), "open");
  EXPECT_EQ(connect_outcome(begin + std::string(ConnectTunnel::head_bytes_max, 'y')),
            "the proxy's answer to CONNECT is too long");
  // nor do interim answers come without end
  ConnectTunnel tunnel(proxy_of(Proxy::Kind::http), "a.test", 80);
  std::string last = "more";
  for (int i = 0; i < 2000 && last == "more"; ++i) {
    last = outcome(tunnel.on_bytes("HTTP/1.1 102 Processing\r\n\r\n"));
  }
  EXPECT_EQ(last, "the proxy's answer to CONNECT is too long");
}

// --- SOCKS

const std::string open_reply = "\x05\x00\x00\x01\x7f\x00\x00\x01\x04\x38"s;

std::vector<Turn> signed_in(const std::string& reply) {
  return {{"\x05\x02\x00\x02"s, "\x05\x02"s},
          {"\x01\x03"s + "ada" + "\x02" + "pw", "\x01\x00"s},
          {"\x05\x01\x00\x03\x08"s + "api.test" + "\x01\xbb", reply}};
}

TEST(Socks5Tunnel, OpensTheWayWithUserAndPasswordHoweverItIsCut) {
  for (const std::string& reply : {open_reply, "\x05\x00\x00\x03\x02"s + "ab" + "\x00\x00"s,
                                   "\x05\x00\x00\x04"s + std::string(16, '\0') + "\x00\x00"s}) {
    for (std::size_t cut = 0; cut <= reply.size(); ++cut) {
      Socks5Tunnel tunnel(proxy_of(Proxy::Kind::socks5h, "ada", "pw"), "api.test", 443);
      EXPECT_EQ(talk(tunnel, signed_in(reply), cut), "open");
    }
  }
}

TEST(Socks5Tunnel, WithoutAUserNoneIsOffered) {
  Socks5Tunnel tunnel(proxy_of(Proxy::Kind::socks5), "192.0.2.7", 80);
  const std::vector<Turn> turns = {{"\x05\x01\x00"s, "\x05\x00"s},
                                   {"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50"s, open_reply}};
  EXPECT_EQ(talk(tunnel, turns, 1), "open");
  Socks5Tunnel six(proxy_of(Proxy::Kind::socks5), "2001:db8::1", 80);
  const std::vector<Turn> turns_six = {
      {"\x05\x01\x00"s, "\x05\x00"s},
      {"\x05\x01\x00\x04\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01\x00\x50"s, open_reply}};
  EXPECT_EQ(talk(six, turns_six, 99), "open");
}

TEST(Socks5Tunnel, EachRefusalHasItsWords) {
  const auto refused = [](const std::vector<Turn>& turns, std::string user = "ada") {
    std::string first;
    for (std::size_t cut = 0; cut <= 10; ++cut) {
      Socks5Tunnel tunnel(proxy_of(Proxy::Kind::socks5h, user, "pw"), "api.test", 443);
      const std::string told = talk(tunnel, turns, cut);
      if (cut > 0) EXPECT_EQ(told, first);
      first = told;
    }
    return first;
  };
  EXPECT_EQ(refused({{"\x05\x02\x00\x02"s, "\x05\xff"s}}),
            "SOCKS5: the proxy takes no user and password");
  EXPECT_EQ(refused({{"\x05\x01\x00"s, "\x05\xff"s}}, ""),
            "SOCKS5: the proxy wants a user and a password, or more");
  EXPECT_EQ(refused({{"\x05\x01\x00"s, "\x05\x02"s}}, ""),
            "SOCKS5: the proxy chose a way to sign in that it wasn't offered");
  EXPECT_EQ(refused({{"\x05\x02\x00\x02"s, "\x04\x5b"s}}), "the proxy doesn't speak SOCKS5");
  EXPECT_EQ(refused({{"\x05\x02\x00\x02"s, "HTTP/1.1 400 x\r\n"s}}),
            "the proxy doesn't speak SOCKS5");
  std::vector<Turn> wrong_password = signed_in("");
  wrong_password[1].answer = "\x01\x01"s;
  wrong_password.pop_back();
  EXPECT_EQ(refused(wrong_password), "SOCKS5: the proxy refused user and password");
  EXPECT_EQ(refused(signed_in("\x05\x02\x00\x01"s)), "SOCKS5: not allowed by its rules");
  EXPECT_EQ(refused(signed_in("\x05\x04\x00\x01"s)), "SOCKS5: host unreachable");
  EXPECT_EQ(refused(signed_in("\x05\x77\x00\x01"s)), "SOCKS5: failure of an unknown kind");
  EXPECT_EQ(refused(signed_in("\x05\x00\x00\x09\x00\x00\x00\x00\x00\x00"s)),
            "SOCKS5: the proxy's reply has an address of no known type");
}

TEST(Socks5Tunnel, SaysWhenAnotherAddressMayDo) {
  for (int reply = 1; reply < 20; ++reply) {
    Socks5Tunnel tunnel(proxy_of(Proxy::Kind::socks5), "192.0.2.7", 80);
    (void)tunnel.on_bytes("\x05\x00"s);
    EXPECT_FALSE(tunnel.on_bytes("\x05"s + static_cast<char>(reply)));
    const bool of_address = reply == 3 || reply == 4 || reply == 5 || reply == 6 || reply == 8;
    EXPECT_EQ(tunnel.is_address_at_fault(), of_address) << reply;
  }
}

TEST(Socks5Tunnel, TheProxySpeaksOnlyWhenItIsAsked) {
  for (std::size_t turn = 0; turn < 3; ++turn) {
    std::vector<Turn> turns = signed_in(open_reply);
    turns[turn].answer += "x";
    turns.resize(turn + 1);
    Socks5Tunnel tunnel(proxy_of(Proxy::Kind::socks5, "ada", "pw"), "api.test", 443);
    EXPECT_EQ(talk(tunnel, turns, 99), "SOCKS5: the proxy spoke out of turn");
  }
}

// --- The value

TEST(ProxyRef, IsEqualByWhatItSays) {
  const auto ref = [](std::string user, std::string password) {
    return ProxyRef(proxy_of(Proxy::Kind::socks5, std::move(user), std::move(password)));
  };
  EXPECT_EQ(ref("ada", "pw"), ref("ada", "pw"));
  EXPECT_NE(ref("ada", "pw"), ref("ada", "other"));
  EXPECT_NE(ref("ada", "pw"), ref("eve", "pw"));
  EXPECT_NE(ref("ada", "pw"), ProxyRef());
  EXPECT_EQ(ProxyRef(), ProxyRef());
  EXPECT_NE(ProxyRef(proxy_of(Proxy::Kind::http)), ProxyRef(proxy_of(Proxy::Kind::https)));
  EXPECT_EQ(ref("ada", "canary")->text(), "socks5://proxy.test:3128");
}

}  // namespace
}  // namespace sluice::net

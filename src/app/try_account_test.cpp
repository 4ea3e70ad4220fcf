#include "app/try_account.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <thread>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;
using Kind = provider::Credential::Kind;

/// A provider on loopback: one visitor who only connects, then one whose request gets `answer`.
class Provider {
 public:
  explicit Provider(std::string answer) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    listen(fd_, 4);
    socklen_t length = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answer = std::move(answer)] {
      close(accept(fd_, nullptr, nullptr));
      const int visitor = accept(fd_, nullptr, nullptr);
      std::array<char, 4096> buffer{};
      while (request_.find("\r\n\r\n") == std::string::npos) {
        const ssize_t count = read(visitor, buffer.data(), buffer.size());
        if (count <= 0) break;
        request_.append(buffer.data(), static_cast<std::size_t>(count));
      }
      static_cast<void>(write(visitor, answer.data(), answer.size()));
      close(visitor);
    });
  }
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;
  ~Provider() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// After the answer.
  [[nodiscard]] const std::string& request() const { return request_; }

 private:
  int fd_;
  std::uint16_t port_ = 0;
  std::string request_;
  std::thread thread_;
};

provider::AccountSettings account_at(const std::string& url) {
  provider::AccountSettings account;
  account.name = "a";
  account.provider = "anthropic";
  account.base_url = url;
  account.credential = {.kind = Kind::api_key, .secret = Secret("canary-key")};
  return account;
}

std::vector<CheckLine> attempt(const provider::AccountSettings& account) {
  return try_account(account, provider::PrivateUpstreams::refused, 5s);
}

void expect_judged(const std::string& answer, Grade grade, std::string_view part) {
  const Provider provider(answer);
  const auto steps = attempt(account_at(provider.url()));
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps[0].subject, "dns");
  EXPECT_EQ(steps[1].subject, "connect");
  EXPECT_EQ(steps[2].subject, "credential");
  EXPECT_EQ(steps[2].grade, grade) << steps[2].message;
  EXPECT_NE(steps[2].message.find(part), std::string::npos) << steps[2].message;
  EXPECT_EQ(steps[2].message.find("canary"), std::string::npos) << steps[2].message;
}

TEST(TryAccount, TellsWhatTheProviderSaysToTheCredential) {
  expect_judged("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", Grade::ok, "takes it");
  expect_judged("HTTP/1.1 401 No\r\ncontent-length: 10\r\n\r\ncanary-key", Grade::fail, "refuses");
  expect_judged("HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n", Grade::fail, "refuses");
  expect_judged("HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", Grade::warn, "can't be judged");
  expect_judged("HTTP/1.1 302 No\r\nlocation: http://x/\r\ncontent-length: 0\r\n\r\n", Grade::fail,
                "redirect");
  expect_judged("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", Grade::fail, "not well");
  expect_judged("canary-key\r\n\r\n", Grade::fail, "no answer");
}

TEST(TryAccount, AsksForTheModelsAsTheRelayWould) {
  const Provider keyed("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
  static_cast<void>(attempt(account_at(keyed.url() + "/base")));
  EXPECT_TRUE(keyed.request().starts_with("GET /base/v1/models HTTP/1.1\r\n")) << keyed.request();
  EXPECT_NE(keyed.request().find("x-api-key: canary-key\r\n"), std::string::npos);
  const Provider bearing("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
  auto account = account_at(bearing.url());
  account.credential.kind = Kind::oauth2;
  const auto steps = attempt(account);
  EXPECT_EQ(steps[2].subject, "token");
  EXPECT_NE(bearing.request().find("authorization: Bearer canary-key\r\n"), std::string::npos);
}

TEST(TryAccount, StopsWhereNothingMoreCanBeTold) {
  auto account = account_at("http://127.0.0.1:1");
  EXPECT_EQ(attempt(account).back().subject, "connect");
  account.base_url = "http://169.254.169.254";
  EXPECT_EQ(attempt(account).back().subject, "base_url");
  account.base_url = "https://api.example.com";
  account.proxy = Secret("http://u:canary@127.0.0.1:1");
  const auto steps = attempt(account);
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].subject, "proxy");
  EXPECT_EQ(steps[0].grade, Grade::fail);
  EXPECT_EQ(steps[0].message.find("canary"), std::string::npos);
}

TEST(TryAccount, ASecretThatIsNotHereIsToldBeforeAnythingIsSent) {
  const Provider provider("");
  auto account = account_at(provider.url());
  account.credential.secret = Secret();
  EXPECT_EQ(attempt(account).back().grade, Grade::fail);
}

TEST(TryAccount, AnAccessTokenMayStillHaveToCome) {
  const Provider provider("");
  auto account = account_at(provider.url());
  account.credential = {.kind = Kind::oauth2};
  const auto steps = attempt(account);
  EXPECT_EQ(steps.back().subject, "token");
  EXPECT_FALSE(any_failed(steps));
}

TEST(TryAccount, StepsAreJson) {
  const auto json = steps_json({{Grade::ok, "dns", "x"}, {Grade::fail, "tls", "y"}});
  EXPECT_EQ(boost::json::serialize(json),
            R"([{"step":"dns","ok":true,"message":"x"},{"step":"tls","ok":false,"message":"y"}])");
}

}  // namespace
}  // namespace sluice::app

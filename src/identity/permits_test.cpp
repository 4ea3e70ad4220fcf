#include "identity/permits.hpp"

#include <gtest/gtest.h>

namespace sluice::identity {
namespace {

using namespace std::chrono_literals;
constexpr WallTime now{1'700'000'000s};

Call call() {
  return {.model = "claude-sonnet-4-5",
          .dialect = "anthropic",
          .peer = net::IpAddress::parse("10.1.2.3").value(),
          .user_agent = "claude-cli/1.0",
          .now = now};
}

void expect_refused(const Status& status, Errc code, std::string_view message) {
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, code);
  EXPECT_EQ(status.error().side, Side::client);
  EXPECT_EQ(status.error().context, message);
}

Key key() {
  Key out;
  out.name = "ci";
  return out;
}

TEST(Permits, AKeyWithoutRulesMayDoEverything) { EXPECT_TRUE(permits(key(), call())); }

TEST(Permits, ModelsAreAllowedAndDeniedByPattern) {
  Key k = key();
  k.models = PatternList({"claude-*", "!claude-opus-*"});
  Call c = call();
  EXPECT_TRUE(permits(k, c));
  c.model = "claude-opus-4-1";
  expect_refused(permits(k, c), Errc::not_allowed,
                 "key \"ci\" may not use the model claude-opus-4-1");
  c.model = "gpt-5";
  EXPECT_FALSE(permits(k, c));
  c.model = "";  // GET /v1/models names none.
  EXPECT_TRUE(permits(k, c));
}

TEST(PatternList, GivesBackWhatItWasMadeOf) {
  const std::vector<std::string> patterns = {"!claude-opus-*", "claude-*"};
  EXPECT_EQ(PatternList(patterns).patterns(), patterns);
  EXPECT_FALSE(PatternList(patterns).empty());
  EXPECT_TRUE(PatternList().empty());
}

TEST(Permits, OnlyDenialsLetTheRestIn) {
  Key k = key();
  k.models = PatternList({"!*-preview"});
  Call c = call();
  EXPECT_TRUE(permits(k, c));
  c.model = "x-preview";
  EXPECT_FALSE(permits(k, c));
}

TEST(Permits, DialectAddressAndUserAgentAreNamedWhenRefused) {
  Key k = key();
  k.dialects = {"openai-chat"};
  expect_refused(permits(k, call()), Errc::not_allowed,
                 "key \"ci\" may not speak the dialect anthropic");
  k = key();
  k.networks = {net::Network::parse("192.168.0.0/16").value(),
                net::Network::parse("2001:db8::/32").value()};
  expect_refused(permits(k, call()), Errc::not_allowed,
                 "key \"ci\" may not be used from the address 10.1.2.3");
  k.networks.push_back(net::Network::parse("10.0.0.0/8").value());
  EXPECT_TRUE(permits(k, call()));
  k = key();
  k.user_agents = PatternList({"curl/*"});
  expect_refused(permits(k, call()), Errc::not_allowed,
                 "key \"ci\" may not be used by the user agent claude-cli/1.0");
  k.user_agents = PatternList({"claude-cli/*"});
  EXPECT_TRUE(permits(k, call()));
}

TEST(Permits, ASwitchedOffKeyIsDisabledBeforeAllElse) {
  Key k = key();
  k.disabled = true;
  k.expiry.at = now - 1s;
  expect_refused(permits(k, call()), Errc::key_disabled, "key \"ci\" is switched off");
}

TEST(Permits, AKeyEndsAtItsTimeOrSoLongAfterItsFirstUse) {
  Key k = key();
  k.expiry.at = now + 1s;
  EXPECT_TRUE(permits(k, call()));
  k.expiry.at = now;
  expect_refused(permits(k, call()), Errc::key_expired, "key \"ci\" has expired");
  k = key();
  k.expiry.after_first_use = 1h;
  EXPECT_TRUE(permits(k, call()));  // Not used yet.
  Call used = call();
  used.first_used = now - 59min;
  EXPECT_TRUE(permits(k, used));
  used.first_used = now - 1h;
  EXPECT_EQ(permits(k, used).error().code, Errc::key_expired);
}

}  // namespace
}  // namespace sluice::identity

#include "relay/routes.hpp"

#include <gtest/gtest.h>

namespace sluice::relay {
namespace {

RouteMatch match(std::string_view method, std::string_view path, Route& route,
                 bool says_anthropic = false) {
  return match_route(method, path, says_anthropic, route);
}

TEST(Routes, TakeOurPrefixesOff) {
  for (const std::string prefix : {"", "/anthropic", "/api", "/claude"}) {
    Route route;
    const std::string path = prefix + "/v1/messages";
    ASSERT_EQ(match("POST", path, route), RouteMatch::found) << path;
    EXPECT_EQ(route.call, Call::messages);
    EXPECT_EQ(route.path, "/v1/messages");

    const std::string counting = path + "/count_tokens";
    ASSERT_EQ(match("POST", counting, route), RouteMatch::found) << counting;
    EXPECT_EQ(route.call, Call::count_tokens);
    EXPECT_EQ(route.path, "/v1/messages/count_tokens");
  }
}

TEST(Routes, GiveTheModelsToThoseWhoSpeakThisDialect) {
  Route route;
  EXPECT_EQ(match("GET", "/v1/models", route), RouteMatch::none);
  EXPECT_EQ(match("GET", "/v1/models", route, true), RouteMatch::found);
  EXPECT_EQ(route.call, Call::models);
  EXPECT_EQ(match("GET", "/anthropic/v1/models/claude-x", route), RouteMatch::found);
  EXPECT_EQ(route.call, Call::model);
  EXPECT_EQ(route.path, "/v1/models/claude-x");
  EXPECT_EQ(match("HEAD", "/v1/models/claude-x", route, true), RouteMatch::found);
}

TEST(Routes, MatchExactly) {
  for (const std::string_view path :
       {"/", "", "/v1", "/v1/messages/", "/v1/messages2", "/V1/messages", "/v1/message",
        "/anthropic", "/anthropic/", "/anthropicv1/messages", "/api/api/v1/messages",
        "/openai/v1/messages", "/v1/models/", "/v1/models/a/b", "/v1/modelsx",
        "/v1/messages/count_tokens/x"}) {
    Route route;
    EXPECT_EQ(match("POST", path, route, true), RouteMatch::none) << path;
  }
}

TEST(Routes, SayWhichMethodsThereAre) {
  Route route;
  EXPECT_EQ(match("GET", "/v1/messages", route), RouteMatch::wrong_method);
  EXPECT_EQ(route.allow, "POST");
  EXPECT_EQ(match("post", "/v1/messages", route), RouteMatch::wrong_method);
  EXPECT_EQ(match("POST", "/claude/v1/models", route), RouteMatch::wrong_method);
  EXPECT_EQ(route.allow, "GET, HEAD");
}

TEST(Routes, ThatNobodyKnowsAreShownWithoutWhatCouldBeAKey) {
  EXPECT_EQ(shown_path("/v1/message"), "/v1/message");
  EXPECT_EQ(shown_path("/"), "/");
  EXPECT_EQ(shown_path("/v1/messages/count_tokens/x/"), "/v1/messages/count_tokens/x/");
  EXPECT_EQ(shown_path("/sk-slc-0123456789012345678901234567890123456789012/v1/messages"),
            "/.../v1/messages");
  EXPECT_EQ(shown_path("/key/sk-slc-0123456789012345678901234567890123456789012"), "/key/...");
  std::string long_path;
  for (int i = 0; i < 500; ++i) long_path += "/abc";
  EXPECT_LE(shown_path(long_path).size(), 204U);
}

}  // namespace
}  // namespace sluice::relay

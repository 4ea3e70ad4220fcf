#include "admin/api_routes.hpp"

#include <gtest/gtest.h>

#include <set>

#include "admin/api_credentials.hpp"

namespace sluice::admin {
namespace {

RouteMatch match(std::string_view method, std::string_view path) {
  return match_api_route(method, std::string(api_prefix) + std::string(path));
}

TEST(ApiRoutes, FindsRouteAndId) {
  const auto found = match("PATCH", "/keys/01H");
  ASSERT_NE(found.route, nullptr);
  EXPECT_EQ(found.route->name, "update_key");
  EXPECT_EQ(found.id, "01H");
  EXPECT_EQ(match("HEAD", "/keys").route->name, "list_keys");
  EXPECT_EQ(match("POST", "/users/a%20b/reset-password").id, "a b");
  EXPECT_EQ(match("GET", "/accounts/declared:main").id, "declared:main");
}

TEST(ApiRoutes, NamesTheMethodsOfAPath) {
  EXPECT_EQ(match("PUT", "/keys/01H").allow, "GET, HEAD, PATCH, DELETE, OPTIONS");
  EXPECT_EQ(match("PUT", "/keys/01H").route, nullptr);
  EXPECT_EQ(match("GET", "/nothing").allow, "");
}

TEST(ApiRoutes, TakesNoPathThatOnlyLooksLikeOne) {
  for (const char* path : {"/keys/", "/keys//restore", "/keys/a/b", "/keys/%2e%2e", "/keys/a%2Fb",
                           "/keys/%00", "/keys/%", "/keys/%4", "/keys/%zz", "/keys/a%5cb",
                           "/keys/a%252e", "/Keys", "/keys%2f", "/keys/x/restore/", "keys", ""}) {
    EXPECT_EQ(match("GET", path).allow, "") << path;
  }
  EXPECT_EQ(match_api_route("GET", "/admin/api/v2/keys").allow, "");
}

TEST(ApiRoutes, HasEveryOperationOnce) {
  std::set<std::string> names;
  std::set<std::string> places;
  for (const Route& route : api_routes()) {
    EXPECT_TRUE(names.emplace(route.name).second) << route.name;
    EXPECT_TRUE(places.insert(std::string(route.method) + std::string(route.path)).second);
  }
}

ApiRequest request(std::vector<std::pair<std::string, std::string>> headers, bool tls = false) {
  ApiRequest out;
  out.headers = std::move(headers);
  out.tls = tls;
  return out;
}

TEST(ApiCredentials, AreOneCookieOrOneToken) {
  EXPECT_EQ(credential_of(request({{"Cookie", "a=b; sluice=T; c=d"}}))->cookie, "T");
  EXPECT_EQ(credential_of(request({{"cookie", "__Host-sluice=T"}}, true))->cookie, "T");
  EXPECT_EQ(credential_of(request({{"cookie", "sluice=T"}}, true))->cookie, "");
  EXPECT_EQ(credential_of(request({{"cookie", "__Host-sluice=T"}}))->cookie, "");
  EXPECT_EQ(credential_of(request({{"authorization", "bearer  X "}}))->bearer, "X");
  EXPECT_FALSE(credential_of(request({{"cookie", "sluice=T"}, {"authorization", "Bearer X"}})));
  EXPECT_FALSE(credential_of(request({{"cookie", "sluice=T; sluice=U"}})));
  EXPECT_FALSE(credential_of(request({{"cookie", "sluice=T"}, {"cookie", "sluice=U"}})));
  EXPECT_FALSE(credential_of(request({{"authorization", "Bearer X"}, {"Authorization", ""}})));
  EXPECT_FALSE(credential_of(request({{"authorization", "Basic YTpi"}})));
}

TEST(ApiCredentials, TellWhatAnotherSiteSent) {
  EXPECT_FALSE(from_another_site(request({})));
  EXPECT_FALSE(from_another_site(request({{"host", "a:1"}, {"origin", "http://a:1"}})));
  EXPECT_FALSE(from_another_site(
      request({{"host", "inner"}, {"origin", "https://a"}, {"sec-fetch-site", "same-origin"}})));
  EXPECT_TRUE(from_another_site(request({{"host", "a:1"}, {"origin", "http://b:1"}})));
  EXPECT_TRUE(from_another_site(request({{"host", "a"}, {"origin", "null"}})));
  for (const char* site : {"cross-site", "same-site", "anything"}) {
    EXPECT_TRUE(from_another_site(request({{"sec-fetch-site", site}}))) << site;
  }
}

TEST(ApiCredentials, ReadOneStrongVersion) {
  EXPECT_EQ(*version_of(request({{"if-match", "\"12\""}})), 12);
  EXPECT_EQ(version_of(request({})).error().code, Errc::version_missing);
  for (const char* text : {"12", "W/\"12\"", "*", "\"1\", \"2\"", "\"-1\"", "\"1x\"", "\""}) {
    EXPECT_EQ(version_of(request({{"if-match", text}})).error().code, Errc::invalid_request)
        << text;
  }
}

TEST(ApiCredentials, ReadAQueryStrictly) {
  const auto read = parameters_of("q=a%20b+c&limit=5&empty=");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->front().second, "a b c");
  EXPECT_EQ(read->size(), 3U);
  for (const char* query : {"q=1&q=2", "q=%", "q=%0", "q=%zz", "q=%00", "q=%-1", "%3"}) {
    EXPECT_FALSE(parameters_of(query)) << query;
  }
}

}  // namespace
}  // namespace sluice::admin

#include "store/postgresql_url.hpp"

#include <gtest/gtest.h>

namespace sluice::store {
namespace {

PostgresqlUrl parsed(const std::string& url) {
  auto result = parse_postgresql_url(Secret(url), Milliseconds(2500));
  EXPECT_TRUE(result) << result.error().context;
  return result.value_or(PostgresqlUrl{});
}

TEST(PostgresqlUrl, IsDecodedAndShownWithoutItsPassword) {
  const PostgresqlUrl url =
      parsed("postgresql://us%40er:p%27w%5C%2F@db.example:5433/shop?sslmode=require");

  EXPECT_EQ(url.location, "postgresql://us@er@db.example:5433/shop");
  const std::string_view connect = url.connect.reveal();
  EXPECT_NE(connect.find(R"(password='p\'w\\/')"), std::string_view::npos) << connect;
  EXPECT_NE(connect.find("sslmode='require'"), std::string_view::npos);
  EXPECT_NE(connect.find("connect_timeout='3'"), std::string_view::npos);
  EXPECT_NE(connect.find("application_name='sluice'"), std::string_view::npos);
}

TEST(PostgresqlUrl, KeepsWhatTheOperatorSaid) {
  const PostgresqlUrl url =
      parsed("postgres:///shop?host=/run/pg&connect_timeout=9&application_name=mine");

  EXPECT_EQ(url.location, "postgresql:///run/pg/shop");
  EXPECT_NE(url.connect.reveal().find("connect_timeout='9'"), std::string_view::npos);
  EXPECT_NE(url.connect.reveal().find("application_name='mine'"), std::string_view::npos);
}

TEST(PostgresqlUrl, ThatIsNoneIsRefusedWithoutRepeatingIt) {
  for (const char* url :
       {"postgresql://u:secret%zz@h/d", "postgresql://u:secret@h:port/d?nonsense=1",
        "postgresql://[::1/secret"}) {
    const auto result = parse_postgresql_url(Secret(url), Milliseconds(1000));
    ASSERT_FALSE(result) << url;
    EXPECT_EQ(result.error().code, Errc::invalid_config);
    EXPECT_EQ(result.error().context.find("secret"), std::string::npos) << result.error().context;
  }
}

}  // namespace
}  // namespace sluice::store

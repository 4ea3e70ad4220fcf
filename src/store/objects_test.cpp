#include "store/objects.hpp"

#include "store/testing.hpp"

namespace sluice::store {
namespace {

TEST(Objects, AreFoundAsTheyWereWritten) {
  const testing::Folder folder;
  DatabaseOptions options;
  options.data_dir = folder.path();
  const auto database = testing::value_of(Database::open(options));

  ASSERT_TRUE(testing::write(*database, [](Transaction& t) {
    return Objects(t, Kind::key).insert(testing::object("01A", "ci")).has_value();
  }));

  const Object found =
      testing::read(*database, [](Transaction& t) { return *Objects(t, Kind::key).find("01A"); });
  EXPECT_EQ(found.name, "ci");
  EXPECT_EQ(found.created, testing::noon);
}

}  // namespace
}  // namespace sluice::store

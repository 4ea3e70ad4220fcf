#include "store/objects.hpp"

#include "store/hashed_secrets.hpp"
#include "store/sealed_secrets.hpp"
#include "store/testing.hpp"

namespace sluice::store {
namespace {

using testing::noon;
using testing::object;
using testing::read;
using testing::write;

class ObjectsTest : public testing::OnBothEngines {};
SLUICE_ON_BOTH_ENGINES(ObjectsTest);

constexpr Kind kinds[] = {Kind::account, Kind::pool, Kind::key, Kind::user, Kind::token};

std::vector<std::string> names(const std::vector<Object>& objects) {
  std::vector<std::string> out;
  for (const Object& each : objects) out.push_back(each.name);
  return out;
}

TEST_P(ObjectsTest, AreFoundAsTheyWereWritten) {
  const auto database = open();
  write(*database,
        [](Transaction& t) { return Objects(t, Kind::user).insert(object("U1", "anna")); });
  for (const Kind kind : kinds) {
    Object made = object("01A", "grün \xF0\x9F\x98\x80");
    made.owner = "U1";
    made.version = 7;
    made.updated = noon + std::chrono::microseconds(1234567);
    made.removed = noon + std::chrono::hours(1);

    ASSERT_TRUE(write(*database, [&](Transaction& t) { return Objects(t, kind).insert(made); }));

    const auto found =
        read(*database, [&](Transaction& t) { return Objects(t, kind).find("01A"); });
    ASSERT_TRUE(found) << to_string(kind);
    EXPECT_EQ(found->name, made.name);
    EXPECT_EQ(found->owner, made.owner);
    EXPECT_EQ(found->version, made.version);
    EXPECT_EQ(found->document, made.document);
    EXPECT_EQ(found->created, made.created);
    EXPECT_EQ(found->updated, made.updated);
    EXPECT_EQ(found->removed, made.removed);
  }
}

TEST_P(ObjectsTest, HaveANameOfTheirOwnAmongThoseThatAreThere) {
  const auto database = open();
  Object removed = object("01A", "ci");
  removed.removed = noon;

  write(*database, [&](Transaction& t) {
    Objects keys(t, Kind::key);
    EXPECT_TRUE(keys.insert(removed));
    EXPECT_TRUE(keys.insert(object("01B", "ci")));
    EXPECT_EQ(keys.insert(object("01C", "ci")).error().code, Errc::already_exists);
    // The transaction goes on after this.
    EXPECT_TRUE(keys.insert(object("01D", "other")));
    EXPECT_TRUE(Objects(t, Kind::token).insert(object("01E", "ci")));

    Object renamed = object("01D", "ci");
    EXPECT_EQ(keys.update(renamed).error().code, Errc::already_exists);
    Object back = object("01A", "ci");
    EXPECT_EQ(keys.update(back).error().code, Errc::already_exists)
        << "restored beside its successor";
    EXPECT_EQ(keys.find_by_name("ci")->id, "01B");
    EXPECT_EQ(keys.find_by_name("CI").error().code, Errc::not_found);
    return true;
  });
}

TEST_P(ObjectsTest, ChangeOnlyFromTheVersionThatWasRead) {
  const auto database = open();
  write(*database, [&](Transaction& t) {
    Objects keys(t, Kind::key);
    EXPECT_TRUE(keys.insert(object("01A", "ci")));
    Object changed = object("01A", "ci 2");
    changed.document = "{}";
    EXPECT_EQ(keys.update(changed), 2);
    EXPECT_EQ(keys.update(changed).error().code, Errc::version_conflict);
    EXPECT_EQ(keys.find("01A")->name, "ci 2");
    EXPECT_EQ(keys.update(object("01Z", "nobody")).error().code, Errc::not_found);
    return true;
  });
}

TEST_P(ObjectsTest, ArePagedByAge) {
  const auto database = open();
  write(*database, [&](Transaction& t) {
    Objects keys(t, Kind::key);
    EXPECT_TRUE(Objects(t, Kind::user).insert(object("U1", "anna")));
    for (int i = 0; i < 25; ++i) {
      Object made =
          object("K" + std::to_string(10 + i), (i % 2 == 0 ? "Even " : "odd_") + std::to_string(i));
      if (i % 5 == 0) made.removed = noon;
      if (i == 7) made.owner = "U1";
      EXPECT_TRUE(keys.insert(made));
    }
    return true;
  });

  read(*database, [](Transaction& t) {
    Objects keys(t, Kind::key);
    std::vector<std::string> ids;
    for (PageRequest request{.limit = 6};;) {
      const auto page = keys.page(request);
      if (page.empty()) break;
      for (const Object& each : page) ids.push_back(each.id);
      request.after = page.back().id;
    }
    EXPECT_EQ(ids.size(), 20U);
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    EXPECT_EQ(keys.page({.with_removed = true}).size(), 25U);
    EXPECT_EQ(keys.count(), 20);
    EXPECT_EQ(keys.all().size(), 20U);
    EXPECT_EQ(names(keys.page({.owner = "U1"})), std::vector<std::string>{"odd_7"});
    EXPECT_EQ(names(keys.page({.text = "EN 1"})),
              (std::vector<std::string>{"Even 12", "Even 14", "Even 16", "Even 18"}));
    EXPECT_TRUE(keys.page({.text = "%"}).empty());
    EXPECT_EQ(keys.page({.text = "_"}).size(), 10U) << "only what has an underscore in it";
    return true;
  });
}

TEST_P(ObjectsTest, TakeWithThemWhatHangsOnThem) {
  const auto database = open();
  write(*database, [](Transaction& t) {
    Object key = object("K1", "ci");
    key.owner = "U1";
    EXPECT_TRUE(Objects(t, Kind::user).insert(object("U1", "anna")));
    EXPECT_TRUE(Objects(t, Kind::key).insert(key));
    EXPECT_TRUE(
        HashedSecrets(t, Kind::key).insert({.hash = sha256("a"), .owner = "K1", .created = noon}));
    SealedSecrets(t).put({.owner = "U1", .name = "totp", .sealed = "x", .updated = noon});

    EXPECT_TRUE(Objects(t, Kind::user).erase("U1"));

    EXPECT_EQ(Objects(t, Kind::user).erase("U1").error().code, Errc::not_found);
    EXPECT_EQ(Objects(t, Kind::key).find("K1").error().code, Errc::not_found);
    EXPECT_FALSE(HashedSecrets(t, Kind::key).find(sha256("a")));
    EXPECT_TRUE(SealedSecrets(t).all().empty());
    return true;
  });
}

TEST_P(ObjectsTest, OfAnOwnerThatIsNotThereAreRefused) {
  const auto database = open();
  Object key = object("K1", "ci");
  key.owner = "U404";

  const auto result = database->write<int>([&](Transaction& t) -> Result<int> {
    CHECK_OK(Objects(t, Kind::key).insert(key));
    return 1;
  });

  EXPECT_EQ(result.error().code, Errc::not_found) << result.error().context;
  EXPECT_EQ(read(*database, [](Transaction& t) { return Objects(t, Kind::key).count(); }), 0);
}

}  // namespace
}  // namespace sluice::store

#include "store/resource_pins.hpp"

#include "store/testing.hpp"

namespace sluice::store {
namespace {

using std::chrono::hours;
using testing::noon;
using testing::read;
using testing::write;

class ResourcePinsTest : public testing::OnBothEngines {
 protected:
  void put(Database& database, const std::vector<ResourcePin>& pins) {
    write(database, [&](Transaction& t) {
      ResourcePins(t).put(pins);
      return true;
    });
  }
  void expire(Database& database, WallTime now, std::size_t most) {
    write(database, [&](Transaction& t) {
      ResourcePins(t).expire(now, most);
      return true;
    });
  }
  std::int64_t number(Database& database) {
    return read(database, [](Transaction& t) { return ResourcePins(t).number(); });
  }
  /// "resource=account", the last written first.
  std::vector<std::string> after(Database& database, std::int64_t number, std::size_t most = 1000) {
    return read(database, [&](Transaction& t) {
      std::vector<std::string> names;
      for (const ResourcePin& pin : ResourcePins(t).after(number, most))
        names.push_back(pin.resource + "=" + pin.account);
      return names;
    });
  }
};
SLUICE_ON_BOTH_ENGINES(ResourcePinsTest);

using Names = std::vector<std::string>;

TEST_P(ResourcePinsTest, ComeBackAsTheyWerePut) {
  const auto database = open();
  EXPECT_EQ(number(*database), 0);
  put(*database, {{"c1", "A1", noon}, {"c2", "A2", noon + hours(1)}});
  const auto all = read(*database, [](Transaction& t) { return ResourcePins(t).all(); });
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].resource, "c2");
  EXPECT_EQ(all[0].account, "A2");
  EXPECT_EQ(all[0].until, noon + hours(1));
}

TEST_P(ResourcePinsTest, TheLaterEndHolds) {
  const auto database = open();
  put(*database, {{"c", "A1", noon + hours(1)}, {"c", "A2", noon}});
  EXPECT_EQ(after(*database, 0), Names{"c=A1"});
  put(*database, {{"c", "A3", noon}});
  EXPECT_EQ(after(*database, 0), Names{"c=A1"});
  put(*database, {{"c", "A4", noon + hours(2)}});
  EXPECT_EQ(after(*database, 0), Names{"c=A4"});
}

TEST_P(ResourcePinsTest, OthersAskForWhatIsNew) {
  const auto database = open();
  put(*database, {{"c1", "A1", noon}, {"c2", "A1", noon}});
  const std::int64_t seen = number(*database);
  EXPECT_TRUE(after(*database, seen).empty());
  put(*database, {{"c1", "A1", noon + hours(1)}, {"c3", "A2", noon}});
  EXPECT_GT(number(*database), seen);
  EXPECT_EQ(after(*database, seen), (Names{"c3=A2", "c1=A1"}));
  EXPECT_EQ(after(*database, seen, 1), Names{"c3=A2"});
}

TEST_P(ResourcePinsTest, EndedOnesAreForgottenButForTheLastNumber) {
  const auto database = open();
  put(*database, {{"c1", "A1", noon}, {"c2", "A1", noon + hours(2)}});
  put(*database, {{"c3", "A1", noon}});
  const std::int64_t last = number(*database);
  expire(*database, noon + hours(1), 1000);
  EXPECT_EQ(after(*database, 0), (Names{"c3=A1", "c2=A1"}));
  EXPECT_EQ(number(*database), last);
  put(*database, {{"c4", "A1", noon}});
  EXPECT_EQ(after(*database, last), Names{"c4=A1"});
}

TEST_P(ResourcePinsTest, OfTooManyTheLastWrittenStay) {
  const auto database = open();
  std::vector<ResourcePin> pins;
  for (int i = 0; i < 1000; ++i) pins.push_back({"c" + std::to_string(10'000 + i), "A1", noon});
  put(*database, pins);
  EXPECT_EQ(after(*database, 0, 5000).size(), 1000U);
  expire(*database, noon - hours(1), 1000);
  EXPECT_EQ(after(*database, 0, 5000).size(), 1000U);
  expire(*database, noon - hours(1), 300);
  const auto left = after(*database, 0, 5000);
  ASSERT_EQ(left.size(), 300U);
  EXPECT_EQ(left.front(), "c10999=A1");
}

}  // namespace
}  // namespace sluice::store

#include "admin/crs_import_record.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace sluice::admin {
namespace {

namespace json = boost::json;

struct Read {
  explicit Read(std::string_view text) : fields(json::parse(text).as_object()) {}
  json::object fields;
  std::vector<std::string> remarks;
  CrsRecord record{fields, remarks};
};

TEST(CrsRecord, ReadsTheTextsOfRedisAndTheValuesOfOthersAlike) {
  Read read(R"({"a":"true","b":true,"c":"60","d":60,"e":"12.50","f":12.5,
                "g":"[\"x\",\" y \"]","h":["x","y"],"i":"{\"k\":\"v\"}","j":{"k":"v"}})");
  EXPECT_TRUE(read.record.flag("a", false));
  EXPECT_TRUE(read.record.flag("b", false));
  EXPECT_EQ(read.record.whole_number("c"), 60);
  EXPECT_EQ(read.record.whole_number("d"), 60);
  EXPECT_EQ(read.record.amount("e"), "12.5");
  EXPECT_EQ(read.record.amount("f"), "12.5");
  EXPECT_EQ(read.record.texts("g"), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(read.record.texts("h"), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(read.record.object("i"), read.record.object("j"));
  EXPECT_TRUE(read.remarks.empty());
}

TEST(CrsRecord, TakesNothingForWhatIsEmptyNullOrAbsent) {
  Read read(R"({"a":"","b":null,"zero":"0"})");
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_FALSE(read.record.has(name));
    EXPECT_EQ(read.record.text(name), "");
    EXPECT_TRUE(read.record.flag(name, true));
    EXPECT_EQ(read.record.whole_number(name), 0);
    EXPECT_EQ(read.record.amount(name), "");
    EXPECT_FALSE(read.record.time(name));
    EXPECT_TRUE(read.record.texts(name).empty());
    EXPECT_FALSE(read.record.object(name));
  }
  EXPECT_EQ(read.record.amount("zero"), "");
  EXPECT_TRUE(read.remarks.empty());
}

TEST(CrsRecord, RemarksWhatIsOfAnotherKindAndPassesItOver) {
  for (const std::string value :
       {"[1]", "{}", "-1", "1e300", "\"soon\"", "\"NaN\"", "\"1 \\u0000\"", "[[]]", "true"}) {
    Read read("{\"x\":" + value + "}");
    (void)read.record.whole_number("x");
    (void)read.record.amount("x");
    (void)read.record.time("x");
    EXPECT_GE(read.remarks.size(), 1U) << value;
  }
  Read read(R"({"x":"yes","list":"[\"a\",1]","text":7})");
  EXPECT_FALSE(read.record.flag("x", false));
  EXPECT_TRUE(read.record.texts("list").empty());
  EXPECT_EQ(read.record.text("text"), "");
  EXPECT_EQ(read.remarks, (std::vector<std::string>{
                              "x is not true or false and was passed over",
                              "list is not a list of at most 1000 texts and was passed over",
                              "text is not a text of at most 65536 bytes and was passed over"}));
}

TEST(CrsRecord, TellsFieldsThatNobodyAskedFor) {
  Read read(R"({"name":"a","icon":"b","serviceTier":"c"})");
  (void)read.record.text("name");
  read.record.pass_over({"icon"});
  std::set<std::string> unknown;
  read.record.tell_unknown("apiKeys", unknown);
  EXPECT_EQ(unknown, std::set<std::string>{"apiKeys.serviceTier"});
}

TEST(CrsRecord, MakesNamesThatMayBeUsedHere) {
  EXPECT_EQ(name_from(" team \"A\"\\\n ", "x"), "team A");
  EXPECT_EQ(name_from("\x01\x02", "fallback"), "fallback");
  EXPECT_EQ(name_from("", "fallback"), "fallback");
  // 63 letters and a character of three bytes: it is left out as a whole.
  EXPECT_EQ(name_from(std::string(63, 'a') + "\xe5\xae\xa2", "x"), std::string(63, 'a'));
}

}  // namespace
}  // namespace sluice::admin

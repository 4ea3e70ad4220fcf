#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "admin/crs_import.hpp"
#include "admin/crs_import_fixture.hpp"
#include "admin/portable_testing.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

/// Whatever stands in a file: no crash, no exception, no error but of the file as a whole, and never more rights.
class CrsHostile : public ::testing::Test {
 protected:
  Outcome<CrsReport> imported(std::string_view document, DryRun dry_run = DryRun::yes,
                              std::string_view encryption_key = {}) {
    CrsOptions options;
    options.encryption_key = Secret(std::string(encryption_key));
    options.dry_run = dry_run;
    return import_crs(*here_.database, *here_.secrets, here_.clock, testing::admin(), document,
                      options);
  }
  static json::object file() { return json::parse(testing::crs_file).as_object(); }

  store::testing::Folder folder_;
  testing::Installation here_{{.data_dir = folder_.path("here")}, folder_.path("here.key")};
};

json::array odd_values() {
  json::value deep = json::array{};
  for (int i = 0; i < 20; ++i) deep = json::array{deep};
  return {json::value(nullptr),
          true,
          7,
          -1,
          1e300,
          "x",
          "[",
          "[[[[",
          json::string(100'000, 'a'),
          "'; DROP TABLE keys; --",
          "\xe2\x80\xae",
          json::string("a\0b", 3),
          json::array{},
          json::array{1, nullptr},
          json::object{},
          json::object{{"iv", 1}},
          deep};
}

TEST_F(CrsHostile, EveryFieldOfEveryKindMayHoldAnything) {
  const json::object whole = file();
  for (const auto& [section, list] : whole.at("data").as_object()) {
    const json::array* const objects = list.if_array();
    if (objects == nullptr || objects->empty() || !objects->front().is_object()) continue;
    const json::object original = objects->front().get_object();
    // All oddities at once for each field: an object for each.
    json::array odd;
    for (const auto& [field, unused] : original) {
      for (const json::value& value : odd_values()) {
        json::object one = original;
        one[field] = value;
        odd.push_back(std::move(one));
      }
    }
    if (odd.empty()) continue;
    const json::object other{{"data", json::object{{section, odd}}}};
    const auto report = imported(json::serialize(other), DryRun::yes, testing::crs_encryption_key);
    // An id that stands twice or a broken secret is no reason to refuse the rest.
    ASSERT_TRUE(report) << std::string_view(section) << ": " << report.error().message;
    EXPECT_FALSE(report->lines.empty());
  }
}

TEST_F(CrsHostile, EverySectionMayHoldAnything) {
  const json::object whole = file();
  for (const auto& [section, unused] : whole.at("data").as_object()) {
    for (const json::value& value : odd_values()) {
      json::object other = whole;
      other["data"].as_object()[section] = value;
      ASSERT_TRUE(imported(json::serialize(other))) << std::string_view(section);
    }
  }
}

TEST_F(CrsHostile, ACutFileIsRefusedAtEveryLength) {
  const std::string_view text = testing::crs_file;
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto refused = imported(text.substr(0, size), DryRun::no);
    ASSERT_FALSE(refused) << size;
    EXPECT_EQ(refused.error().code, Errc::invalid_request);
  }
  EXPECT_TRUE(here_.bundle().objects.empty());
}

TEST_F(CrsHostile, WhatIsNoSuchFileIsRefused) {
  const std::string deep(100'000, '[');
  for (const std::string_view text :
       {std::string_view(""), std::string_view("[]"), std::string_view("{}"),
        std::string_view("{\"data\": []}"), std::string_view("{\"data\": {}} x"),
        std::string_view("ID,name\n1,2"),
        std::string_view("{\"format\": \"sluice-export\", \"data\": {}}"),
        std::string_view(deep)}) {
    const auto refused = imported(text);
    ASSERT_FALSE(refused) << text.substr(0, 40);
    EXPECT_EQ(refused.error().code, Errc::invalid_request);
  }
  EXPECT_TRUE(imported("{\"data\": {}}"));
}

TEST_F(CrsHostile, SqlStaysData) {
  json::object key{{"id", "1"},
                   {"name", "x'); DROP TABLE keys; --"},
                   {"isActive", "true"},
                   {"description", "' OR 1=1 --"},
                   {"tags", json::array{"'; DELETE FROM users"}},
                   {"userUsername", "a';--"}};
  const json::object file{{"data", json::object{{"apiKeys", json::array{key}}}}};
  ASSERT_TRUE(imported(json::serialize(file), DryRun::no));
  const Bundle bundle = here_.bundle();
  ASSERT_EQ(bundle.objects.size(), 2U);
  EXPECT_EQ(bundle.objects[0].name, "a;--");
  EXPECT_EQ(bundle.objects[1].name, "x); DROP TABLE keys; --");
  EXPECT_EQ(bundle.objects[1].document.at("note"), "' OR 1=1 --");
}

TEST_F(CrsHostile, ABaseUrlThatMustNotBeReachedIsLeftBehind) {
  for (const char* url : {"http://169.254.169.254/latest", "http://10.0.0.1", "file:///etc/passwd",
                          "https://user:pw@host", "javascript:alert(1)", ""}) {
    const json::object account{{"id", "1"},
                               {"name", "a"},
                               {"isActive", "true"},
                               {"apiUrl", url},
                               {"apiKey", "sk-ant-canary"}};
    const json::object file{
        {"data", json::object{{"claudeConsoleAccounts", json::array{account}}}}};
    const auto report = imported(json::serialize(file), DryRun::no);
    ASSERT_TRUE(report) << url;
    EXPECT_EQ(report->lines.at(0).carried, CrsReport::Carried::not_at_all) << url;
    EXPECT_EQ(json::serialize(report->to_json()).find("canary"), std::string::npos);
  }
  EXPECT_TRUE(here_.bundle().objects.empty());
}

}  // namespace
}  // namespace sluice::admin

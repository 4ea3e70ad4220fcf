#include "wire/json_peek.hpp"

#include <gtest/gtest.h>

#include <string>

#include "wire/testing.hpp"

namespace sluice::wire {
namespace {

enum : std::size_t { model, stream, tokens, user, tools };
constexpr JsonKey keys[] = {
    {"model"}, {"stream"}, {"max_tokens"}, {"user_id", "metadata"}, {"tools"}};

std::string refusal_of(std::string_view body) {
  JsonPeek peek(keys);
  const auto status = peek.read(body);
  if (status) return "";
  EXPECT_EQ(status.error().code, Errc::invalid_request);
  EXPECT_EQ(status.error().side, Side::client);
  return status.error().context;
}

TEST(JsonPeek, GivesTheChosenMembersTheirPlacesAndTheirValues) {
  const std::string body =
      R"( {"tools": [1, {"model": 2}], "model" : "a\"\u00e4\ud83d\ude00", "stream":true,"max_tokens": -12 ,)"
      R"("metadata":{"x":[],"user_id":"u"}} )";
  JsonPeek peek(keys);
  ASSERT_TRUE(peek.read(body));
  EXPECT_EQ(peek.string(model), "a\"\xc3\xa4\xf0\x9f\x98\x80");
  EXPECT_EQ(peek.raw(model), R"("a\"\u00e4\ud83d\ude00")");
  EXPECT_EQ(body.substr(peek[model].offset, peek[model].length), peek.raw(model));
  EXPECT_EQ(peek.boolean(stream), true);
  EXPECT_EQ(peek.integer(tokens), -12);
  EXPECT_EQ(peek.string(user), "u");
  EXPECT_EQ(peek[tools].kind, JsonKind::array);
  EXPECT_EQ(peek.raw(tools), R"([1, {"model": 2}])");
  EXPECT_EQ(peek.object_offset(), 1u);
}

TEST(JsonPeek, TellsKindsApartAndForgetsTheBodyBefore) {
  JsonPeek peek(keys);
  ASSERT_TRUE(peek.read(R"({"model":"m","stream":true,"metadata":{"user_id":"u"}})"));
  ASSERT_TRUE(peek.read(R"({"model":null,"max_tokens":1e3,"tools":{},"metadata":[]})"));
  EXPECT_EQ(peek[model].kind, JsonKind::null);
  EXPECT_EQ(peek.string(model), std::nullopt);
  EXPECT_EQ(peek[stream].kind, JsonKind::absent);
  EXPECT_EQ(peek.boolean(stream), std::nullopt);
  EXPECT_EQ(peek[tokens].kind, JsonKind::number);
  EXPECT_EQ(peek.integer(tokens), std::nullopt);
  EXPECT_EQ(peek[user].kind, JsonKind::absent);
  EXPECT_EQ(peek[tools].kind, JsonKind::object);
  ASSERT_TRUE(peek.read("{}"));
  EXPECT_EQ(peek[model].kind, JsonKind::absent);
  EXPECT_EQ(peek.raw(model), "");
}

TEST(JsonPeek, ReadsIntegersThatFitAndNoOthers) {
  const auto integer = [](std::string_view number) {
    JsonPeek peek(keys);
    const auto body = "{\"max_tokens\":" + std::string(number) + "}";
    EXPECT_TRUE(peek.read(body));
    return peek.integer(tokens);
  };
  EXPECT_EQ(integer("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(integer("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(integer("9223372036854775808"), std::nullopt);
  EXPECT_EQ(integer("1.0"), std::nullopt);
  EXPECT_EQ(integer("-0"), 0);
}

TEST(JsonPeek, ComparesKeysAsTheyRead) {
  JsonPeek peek(keys);
  ASSERT_TRUE(peek.read(R"({"mod\u0065l":"m"})"));
  EXPECT_EQ(peek.string(model), "m");
  EXPECT_EQ(refusal_of(R"({"model":"cheap","m\u006fdel":"dear"})"), "model is given twice");
}

TEST(JsonPeek, RefusesAChosenMemberThatIsGivenTwice) {
  EXPECT_EQ(refusal_of(R"({"model":null,"model":null})"), "model is given twice");
  EXPECT_EQ(refusal_of(R"({"metadata":1,"metadata":{}})"), "metadata is given twice");
  EXPECT_EQ(refusal_of(R"({"metadata":{"user_id":1,"user_id":1}})"),
            "metadata.user_id is given twice");
  EXPECT_EQ(refusal_of(R"({"other":1,"other":1,"user_id":1,"user_id":2})"), "");
}

TEST(JsonPeek, RefusesWhatIsNotAnObjectAndWhatIsNotJsonAnywhere) {
  EXPECT_EQ(refusal_of("[]"), "the body is not a JSON object");
  EXPECT_EQ(refusal_of("1"), "the body is not a JSON object");
  EXPECT_EQ(refusal_of("[1"), "not JSON at byte 2");
  EXPECT_EQ(refusal_of(""), "not JSON at byte 0");
  EXPECT_EQ(refusal_of("{\"a\":\"\xff\"}"), "not JSON: the text is not UTF-8");
  for (const std::string_view body : {R"({"model":"m")",
                                      R"({"model":"m",})",
                                      R"({"model" "m"})",
                                      R"({"model":"m"}x)",
                                      R"({model:"m"})",
                                      R"({"a":[1,]})",
                                      R"({"a":01})",
                                      R"({"a":+1})",
                                      R"({"a":1.})",
                                      R"({"a":.5})",
                                      R"({"a":1e})",
                                      R"({"a":tru})",
                                      R"({"a":nulll})",
                                      R"({"a":"\x"})",
                                      R"({"a":"\u12g4"})",
                                      "{\"a\":\"\t\"}",
                                      R"({"a":"\)",
                                      R"({"a":{"b":[}]})",
                                      R"({"a":NaN})",
                                      R"({"metadata":{"user_id":1,}})",
                                      R"({"metadata":{"user_id":1)",
                                      "{\"a\":1\v}",
                                      R"({"a":--1})",
                                      R"({,"a":1})"}) {
    EXPECT_NE(refusal_of(body), "") << body;
  }
}

TEST(JsonPeek, TakesTheDeepestBodyAllowedAndNoDeeper) {
  const auto nested = [](std::size_t arrays) {
    return R"({"metadata":{"a":)" + std::string(arrays, '[') + std::string(arrays, ']') + "}}";
  };
  EXPECT_EQ(refusal_of(nested(510)), "");
  EXPECT_NE(refusal_of(nested(511)), "");
  EXPECT_TRUE(validate_json(std::string(512, '[') + std::string(512, ']')));
  EXPECT_FALSE(validate_json(std::string(513, '[') + std::string(513, ']')));
  EXPECT_FALSE(validate_json(std::string(100000, '[')));
}

TEST(JsonPeek, DecodesHalfASurrogatePairAsTheReplacementCharacter) {
  JsonPeek peek(keys);
  for (const std::string_view text :
       {R"(\ud800)", R"(\udc00)", R"(\ud800\u0041)", R"(\ud800\ud800)"}) {
    const auto body = "{\"model\":\"" + std::string(text) + "\"}";
    ASSERT_TRUE(peek.read(body)) << text;
    EXPECT_TRUE(peek.string(model)->starts_with("\xef\xbf\xbd")) << text;
    std::string again;
    append_json_string(again, *peek.string(model));
    EXPECT_TRUE(validate_json(again)) << text;
  }
}

TEST(JsonEdit, ReplacesAndInsertsAndLeavesAllOtherBytes) {
  const std::string body = R"({ "model" : "a", "n":1.50 , "stream_options":{}})";
  constexpr JsonKey chosen[] = {{"model"}, {"stream_options"}};
  JsonPeek peek(chosen);
  ASSERT_TRUE(peek.read(body));
  const JsonEdit edits[] = {
      insert_member(body, peek[1].offset, "include_usage", "true"),
      {peek[0].offset, peek[0].length, "\"other\""},
      insert_member(body, peek.object_offset(), "x", "null"),
  };
  EXPECT_EQ(apply_edits(body, edits),
            R"({"x":null, "model" : "other", "n":1.50 , "stream_options":{"include_usage":true}})");
  EXPECT_EQ(apply_edits(body, {}), body);
}

TEST(JsonString, ReadsBackAsItWas) {
  using std::string_view_literals::operator""sv;
  for (const auto text :
       {""sv, "a\"b\\c/\b\f\n\r\t\0\x1f\x7f"sv, "\xc3\xa4\xe2\x80\xa8\xf0\x9f\x98\x80"sv}) {
    std::string body = "{\"model\":";
    append_json_string(body, text);
    body += "}";
    JsonPeek peek(keys);
    ASSERT_TRUE(peek.read(body)) << body;
    EXPECT_EQ(peek.string(model), text);
  }
  std::string replaced;
  append_json_string(replaced, "a\xff");
  EXPECT_EQ(replaced, "\"a\xef\xbf\xbd\"");
}

TEST(ValidateJson, JudgesTheWholeParsingSuiteRight) {
  SLUICE_SHARED_OR_SKIP(path, "suites/json-parsing/test_parsing");
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const auto name = entry.path().filename().string();
    const auto text = testing::read_file(entry.path());
    const bool valid = validate_json(text).has_value();
    // A peek sees the same text inside an object, and must judge it alike.
    EXPECT_EQ(refusal_of("{\"a\":" + text + "}").empty(), valid) << name;
    if (name.starts_with("y_")) EXPECT_TRUE(valid) << name;
    if (name.starts_with("n_")) EXPECT_FALSE(valid) << name;
    ++count;
  }
  EXPECT_EQ(count, 318);
}

}  // namespace
}  // namespace sluice::wire

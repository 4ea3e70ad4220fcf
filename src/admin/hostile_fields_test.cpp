// Texts that try to be SQL, JSON, markup or a shell, in every field that takes a text: they stay data.

#include "admin/testing.hpp"

namespace sluice::admin::testing {
namespace {

/// In the manner of sqlmap, one of each family that it tries first.
const std::vector<std::string> hostile = {
    "' OR '1'='1",
    "'; DROP TABLE keys; --",
    "1) UNION SELECT NULL,NULL,NULL-- -",
    "' AND SLEEP(5)#",
    "'||(SELECT pg_sleep(5))||'",
    "') AND 4321=CAST((CHR(113))||(SELECT 1)::text AS NUMERIC)-- x",
    ":name :id $1 ?1 @a",
    "%27%20OR%201=1 % _ *",
    "{{7*7}} ${7*7} $(id) `id`",
    "<script>alert(1)</script>",
    "x', version=99 WHERE ''='",
    "\xe2\x80\xae"
    "evil \xf0\x9f\x98\x80 \xc3\xa9",
};
/// Names may hold no quotes; notes all of it.
const std::vector<std::string> hostile_notes = {"\"; DROP TABLE keys; --", "{\"a\": \"\\u0000\"}",
                                                "C:\\x\\' OR 1=1\n--\t"};

struct Field {
  std::string name;
  bool list = false;
};

class HostileFields : public ManagementTest {};
SLUICE_ON_BOTH_ENGINES(HostileFields);

TEST_P(HostileFields, ComeBackAsTheyWentInAndTouchNothingElse) {
  const std::vector<std::tuple<Kind, object, std::vector<Field>>> kinds = {
      {Kind::account,
       {{"provider", "anthropic-compatible"}, {"base_url", "https://example.org"}},
       {{"name"}, {"note"}, {"ca_file"}, {"pools", true}, {"models", true}}},
      {Kind::pool, {}, {{"name"}, {"note"}}},
      {Kind::key, {}, {{"name"}, {"note"}, {"pools", true}, {"models", true}, {"tags", true}}},
      {Kind::user, {{"password", "correct horse staple"}}, {{"name"}, {"note"}}},
      {Kind::token, {}, {{"name"}, {"note"}}},
  };
  for (const auto& [kind, base, fields] : kinds) {
    object given = base;
    given["name"] = "witness";
    const View witness = make(kind, given);
    const View target = make(kind, [&] {
      object other = base;
      other["name"] = "target";
      return other;
    }());
    for (const Field& field : fields) {
      std::vector<std::string> texts = hostile;
      if (field.name == "note") {
        texts.insert(texts.end(), hostile_notes.begin(), hostile_notes.end());
      }
      for (const std::string& bad : texts) {
        if (kind == Kind::pool && field.name == "name") {
          const View made = make(kind, {{"name", bad}});
          EXPECT_EQ(text(get(kind, bad), "id"), text(made, "id"));
          continue;
        }
        const boost::json::value sent =
            field.list ? boost::json::value(array{bad}) : boost::json::value(bad);
        done(management_->update(root_, kind, text(target, "id"), {}, {{field.name, sent}}));
        EXPECT_EQ(get(kind, text(target, "id")).at(field.name), sent) << bad;
        if (field.name == "name") {
          EXPECT_EQ(text(get(kind, bad), "id"), text(target, "id"));
          EXPECT_EQ(done(management_->list(root_, kind, {.text = bad})).items.size(), 1U) << bad;
        }
      }
    }
    EXPECT_EQ(version(get(kind, "witness")), version(witness));
    for (const std::string& bad : hostile) {
      expect_refused(management_->get(root_, kind, "no " + bad), Errc::not_found, "");
      EXPECT_TRUE(management_->list(root_, kind, {.cursor = bad}));
    }
  }
}

}  // namespace
}  // namespace sluice::admin::testing

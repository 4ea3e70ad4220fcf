// The suites of ambiguous requests and hostile answers, as far as a head, a target and a body can
// be judged here.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "wire/chunked.hpp"
#include "wire/http_head.hpp"
#include "wire/testing.hpp"

namespace sluice::wire {
namespace {

constexpr std::uint64_t body_bytes_max = 33554432;

/// What one connection's bytes came to.
struct Verdict {
  int requests = 0;         // whole ones
  bool incomplete = false;  // and a part of one more
  Errc refusal = Errc::internal;
};

Verdict judge(std::string_view bytes, std::size_t read_bytes) {
  Verdict verdict;
  const auto refused = [&verdict](const Error& error) {
    verdict.refusal = error.code;
    return verdict;
  };
  while (!bytes.empty()) {
    HeadEndFinder finder(Side::client);
    std::optional<std::size_t> end;
    for (std::size_t known = 0; !end && known < bytes.size();) {
      known = read_bytes < bytes.size() - known ? known + read_bytes : bytes.size();
      const auto found = finder.find(bytes.substr(0, known));
      if (!found) return refused(found.error());
      end = *found;
    }
    if (!end) {
      verdict.incomplete = true;
      return verdict;
    }
    RequestHead head;
    if (const auto status = parse_request_head(bytes.substr(0, *end), {}, head); !status) {
      return refused(status.error());
    }
    if (const auto status = check_target(head.target); !status) return refused(status.error());
    bytes.remove_prefix(*end);
    if (head.framing == Framing::length) {
      if (bytes.size() < head.content_length) {
        verdict.incomplete = true;
        return verdict;
      }
      bytes.remove_prefix(head.content_length);
    } else if (head.framing == Framing::chunked) {
      ChunkedDecoder decoder(Side::client);
      for (bool done = false; !done;) {
        if (bytes.empty()) {
          verdict.incomplete = true;
          return verdict;
        }
        const auto step = decoder.step(bytes.substr(0, read_bytes));
        if (!step) return refused(step.error());
        bytes.remove_prefix(step->consumed);
        if (decoder.chunk_bytes_left() > body_bytes_max) {
          return refused({Errc::body_too_large, Side::client, Retry::never, ""});
        }
        done = step->done;
      }
    }
    ++verdict.requests;
  }
  return verdict;
}

TEST(Smuggling, EveryAmbiguousRequestOfTheSuiteIsRefusedAndEveryGoodOneTaken) {
  SLUICE_SHARED_OR_SKIP(path, "suites/http1-smuggling/requests.jsonl");
  int count = 0;
  for (const auto& test : testing::read_json_lines(path)) {
    const auto id = testing::text_of(test, "id");
    const auto expect = testing::text_of(test, "expect");
    const auto raw = testing::decode_base64(testing::text_of(test, "raw_b64"));
    for (const std::size_t read_bytes : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
      const auto verdict = judge(raw, read_bytes);
      const bool refused = verdict.refusal != Errc::internal;
      if (expect.starts_with("forward")) {
        EXPECT_FALSE(refused) << id;
        EXPECT_FALSE(verdict.incomplete) << id;
        EXPECT_EQ(verdict.requests, id == "ok-pipelined-2" ? 2 : 1) << id;
      } else if (expect == "reject-431") {
        EXPECT_EQ(verdict.refusal, Errc::header_too_large) << id;
      } else if (expect == "reject-417") {
        EXPECT_EQ(verdict.refusal, Errc::expectation_failed) << id;
      } else if (expect == "reject-413-or-wait" || expect == "no-forward-of-a-complete-request") {
        EXPECT_TRUE(verdict.incomplete) << id;
        EXPECT_EQ(verdict.requests, 0) << id;
      } else if (expect.starts_with("reject")) {
        EXPECT_TRUE(refused) << id;
        EXPECT_EQ(verdict.requests, 0) << id;
      } else {
        EXPECT_EQ(expect, "either") << id;
        EXPECT_LE(verdict.requests, 1) << id;
      }
    }
    ++count;
  }
  EXPECT_EQ(count, 140);
}

TEST(HostileAnswers, AreRefusedByTheirHeadsAndGoodOnesTaken) {
  SLUICE_SHARED_OR_SKIP(path, "suites/http1-smuggling/hostile-responses.jsonl");
  int count = 0;
  for (const auto& test : testing::read_json_lines(path)) {
    const auto id = testing::text_of(test, "id");
    const auto raw = testing::decode_base64(testing::text_of(test, "raw_b64"));
    HeadEndFinder finder(Side::provider);
    ResponseHead head;
    std::string_view rest = raw;
    bool good = false;
    do {
      finder.reset();
      const auto end = finder.find(rest);
      good = end && *end && parse_response_head(rest.substr(0, **end), {}, false, head);
      if (good) rest.remove_prefix(**end);
    } while (good && head.status < 200 && !rest.empty());
    ++count;
    if (raw.empty() || id == "1xx-flood") continue;
    if (id == "bad-chunk-bad-size") {
      ASSERT_TRUE(good);
      EXPECT_FALSE(ChunkedDecoder(Side::provider).step(rest));
    } else {
      EXPECT_EQ(good, !id.starts_with("bad-")) << id;
    }
  }
  EXPECT_EQ(count, 51);
}

}  // namespace
}  // namespace sluice::wire

/// The simulator on a real socket: what it answers, and each fault as a client sees it.
#include "sim/simulated_provider.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>
#include <thread>

#include "dialect/anthropic/anthropic.hpp"
#include "sim/testing.hpp"
#include "wire/content_decoder.hpp"

namespace sluice::sim {
namespace {

using testing::Answered;
using testing::Ask;
using testing::End;
using testing::RawClient;

namespace json = boost::json;

class SimulatedProviderTest : public ::testing::Test {
 protected:
  void start(SimulatedProviderOptions options = {}) {
    provider_ = std::make_unique<SimulatedProvider>(std::move(options));
    const auto address = provider_->start(*net::Address::parse("127.0.0.1:0"));
    ASSERT_TRUE(address) << address.error().context;
    address_ = *address;
  }
  void SetUp() override { start(); }

  Answered ask(const Ask& what) {
    RawClient client(address_);
    client.send(testing::request_bytes(what));
    client.read_to_end();
    end_ = client.end();
    raw_ = client.bytes;
    return testing::parse_answer(raw_, end_ == End::fin);
  }
  Answered get(std::string path) {
    return ask({.body = "", .path = std::move(path), .method = "GET"});
  }
  json::object stats() { return json::parse(provider_->stats_json()).as_object(); }
  std::int64_t stat(std::string_view pointer) {
    const std::string path(pointer);
    return json::parse(provider_->stats_json()).at_pointer(path).to_number<std::int64_t>();
  }
  /// For what the simulator notes only after the client has seen it.
  bool becomes(std::string_view pointer, std::int64_t value) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (stat(pointer) != value) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  std::unique_ptr<SimulatedProvider> provider_;
  net::Address address_;
  std::string raw_;
  End end_ = End::open;
};

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string_view::npos;
       at = text.find(what, at + what.size()))
    ++found;
  return found;
}

TEST_F(SimulatedProviderTest, StreamsAWholeAnswer) {
  const Answered answer = ask({.x_sim = "events=5"});

  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.field("content-type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(answer.field("transfer-encoding"), "chunked");
  EXPECT_TRUE(answer.body.starts_with("event: message_start\n"));
  EXPECT_EQ(count(answer.body, "event: content_block_delta\n"), 5U);
  EXPECT_EQ(count(answer.body, "event: message_stop\n"), 1U);
  EXPECT_EQ(end_, End::fin);
  EXPECT_TRUE(becomes("/streams/completed", 1));
}

TEST_F(SimulatedProviderTest, TheSameRequestGetsTheSameAnswer) {
  const Answered first = ask({});
  const Answered second = ask({});
  const Answered other = ask({.x_sim = "seed=2"});

  EXPECT_EQ(first.body, second.body);
  EXPECT_NE(first.body, other.body);
}

TEST_F(SimulatedProviderTest, AConnectionTakesManyRequests) {
  RawClient client(address_);
  const std::string request = testing::request_bytes({.x_sim = "events=1", .keep_alive = true});

  for (int i = 0; i < 5; ++i) {
    client.bytes.clear();
    client.send(request);
    ASSERT_TRUE(client.read_until("0\r\n\r\n"));
  }
  client.bytes.clear();
  client.send(request + request);  // pipelined
  while (count(client.bytes, "\r\n0\r\n\r\n") < 2) ASSERT_TRUE(client.read_some());

  EXPECT_EQ(stat("/connections"), 1);
  EXPECT_EQ(stat("/requests"), 7);
}

TEST_F(SimulatedProviderTest, TakesAChunkedBodyAfterAnInvitation) {
  RawClient client(address_);
  client.send(
      "POST /v1/messages HTTP/1.1\r\nhost: sim\r\nx-api-key: k\r\nanthropic-version: 2023-06-01\r\n"
      "transfer-encoding: chunked\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n");
  ASSERT_TRUE(client.read_until("HTTP/1.1 100 Continue\r\n\r\n"));
  client.bytes.clear();
  const std::string body =
      R"({"model":"m","max_tokens":5,"messages":[{"role":"user","content":"Hi"}]})";
  for (const char c : body) client.send(std::string("1\r\n") + c + "\r\n");
  client.send("0\r\n\r\n");
  client.read_to_end();

  EXPECT_EQ(testing::parse_answer(client.bytes, true).status, 200);
}

TEST_F(SimulatedProviderTest, SaysWhatIsMissing) {
  EXPECT_EQ(ask({.fields = "anthropic-version: 2023-06-01\r\n"}).status, 401);
  EXPECT_EQ(ask({.fields = "authorization: Bearer t\r\nanthropic-version: 2023-06-01\r\n"}).status,
            200);
  const Answered version = ask({.fields = "x-api-key: k\r\n"});
  EXPECT_EQ(version.status, 400);
  EXPECT_NE(version.body.find("anthropic-version"), std::string::npos);
  const Answered tokens =
      ask({.body = R"({"model":"m","messages":[{"role":"user","content":"Hi"}]})"});
  EXPECT_EQ(tokens.status, 400);
  EXPECT_NE(tokens.body.find("max_tokens: Field required"), std::string::npos);
  const Answered model = ask(
      {.body =
           R"({"model":"claude-does-not-exist","max_tokens":1,"messages":[{"role":"user","content":"Hi"}]})"});
  EXPECT_EQ(model.status, 404);
  EXPECT_NE(model.body.find("not_found_error"), std::string::npos);
  EXPECT_EQ(ask({.path = "/v1/other"}).status, 404);
  EXPECT_EQ(ask({.method = "GET"}).status, 405);
  const Answered parameter = ask({.x_sim = "events=some"});
  EXPECT_EQ(parameter.status, 400);
  EXPECT_NE(parameter.body.find("events"), std::string::npos);
}

TEST_F(SimulatedProviderTest, ListsModelsPageByPage) {
  const json::object first = json::parse(get("/v1/models?limit=3").body).as_object();
  ASSERT_EQ(first.at("data").as_array().size(), 3U);
  EXPECT_TRUE(first.at("has_more").as_bool());

  std::string last(first.at("last_id").as_string());
  std::size_t seen = 3;
  for (bool more = true; more;) {
    const json::object page =
        json::parse(get("/v1/models?limit=3&after_id=" + last).body).as_object();
    seen += page.at("data").as_array().size();
    more = page.at("has_more").as_bool();
    last = page.at("last_id").as_string();
  }
  EXPECT_EQ(seen, json::parse(get("/v1/models").body).at("data").as_array().size());
  EXPECT_EQ(json::parse(get("/v1/models/" + last).body).at("id").as_string(), last);
  EXPECT_EQ(get("/v1/models/claude-none").status, 404);
}

TEST_F(SimulatedProviderTest, CountsTheTokensItWouldClaim) {
  const std::string rest =
      R"("messages":[{"role":"user","content":"How many tokens is this, then?"}]})";
  const Answered counted =
      ask({.body = R"({"model":"m",)" + rest, .path = "/v1/messages/count_tokens"});
  const Answered said = ask({.body = R"({"model":"m","max_tokens":9,)" + rest});

  EXPECT_EQ(json::parse(counted.body).at("input_tokens"),
            json::parse(said.body).at_pointer("/usage/input_tokens"));
}

TEST_F(SimulatedProviderTest, EchoesTheLastUserText) {
  const Answered answer = ask(
      {.x_sim = "echo",
       .body =
           R"({"model":"m","max_tokens":900,"messages":[{"role":"user","content":"no"},{"role":"assistant","content":"x"},)"
           R"({"role":"user","content":[{"type":"text","text":"Grüße, 世界 😀!"}]}]})"});

  EXPECT_EQ(json::parse(answer.body).at_pointer("/content/0/text").as_string(), "Grüße, 世界 😀!");
}

// --- faults ---

TEST_F(SimulatedProviderTest, AnswersWithAStatusAndItsError) {
  const std::pair<int, const char*> kinds[] = {{400, "invalid_request_error"},
                                               {401, "authentication_error"},
                                               {403, "permission_error"},
                                               {404, "not_found_error"},
                                               {413, "request_too_large"},
                                               {429, "rate_limit_error"},
                                               {500, "api_error"},
                                               {503, "api_error"},
                                               {529, "overloaded_error"}};
  for (const auto& [status, type] : kinds) {
    const Answered answer = ask({.x_sim = "retry_after=7,status=" + std::to_string(status)});
    EXPECT_EQ(answer.status, status);
    EXPECT_TRUE(answer.whole);
    EXPECT_EQ(answer.field("retry-after"), "7");
    EXPECT_EQ(json::parse(answer.body).at_pointer("/error/type").as_string(), type);
    EXPECT_EQ(answer.field("request-id"), json::parse(answer.body).at("request_id").as_string());
  }
}

TEST_F(SimulatedProviderTest, RefusesTheContainerOfAnotherAccount) {
  const std::string body =
      R"({"model":"m","max_tokens":5,"container":"container_b","messages":[{"role":"user","content":"Hi"}]})";

  const Answered refused = ask({.x_sim = "container=container_a", .body = body});
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(json::parse(refused.body).at_pointer("/error/type"), "not_found_error");

  const Answered taken = ask({.x_sim = "container=container_b", .body = body});
  EXPECT_EQ(taken.status, 200);
  EXPECT_EQ(dialect::anthropic::Anthropic().resource_of_body(taken.body), "container_b");
}

TEST_F(SimulatedProviderTest, TakesAConversationOfAnotherAccountWithoutItsThinking) {
  const std::string_view thinks =
      R"("model":"m","max_tokens":900,"thinking":{"type":"adaptive"},"messages":[{"role":"user","content":"Hi"})";
  const auto fields = [](const std::string& key) {
    return "x-api-key: " + key + "\r\nanthropic-version: 2023-06-01\r\n";
  };
  const Answered first = ask({.x_sim = "thinking_bound",
                              .body = fmt::format("{{{}]}}", thinks),
                              .fields = fields("sk-ant-first-1234")});
  const std::string content = json::serialize(json::parse(first.body).at("content"));
  const std::string next =
      fmt::format(R"({{{},{{"role":"assistant","content":{}}},{{"role":"user","content":"On"}}]}})",
                  thinks, content);
  const auto status_for = [&](const std::string& key, const std::string& body) {
    return ask({.x_sim = "thinking_bound", .body = body, .fields = fields(key)}).status;
  };

  EXPECT_EQ(status_for("sk-ant-first-1234", next), 200);
  EXPECT_EQ(status_for("sk-ant-other-1234", next), 400);
  const dialect::anthropic::Anthropic anthropic;
  EXPECT_TRUE(anthropic.read_conversation(next).has_signatures);
  const auto stripped = anthropic.without_signatures(next);
  ASSERT_TRUE(stripped);
  EXPECT_EQ(status_for("sk-ant-other-1234", *stripped), 200);
}

TEST_F(SimulatedProviderTest, SendsAnErrorEventWhereItIsAsked) {
  const Answered first = ask({.x_sim = "error_event=overloaded_error"});
  EXPECT_EQ(first.status, 200);
  EXPECT_TRUE(first.body.starts_with("event: error\n"));

  const Answered later = ask({.x_sim = "events=9,error_event=api_error@5"});
  EXPECT_EQ(count(later.body, "event: "), 6U);
  EXPECT_EQ(later.body.find("message_stop"), std::string::npos);
  EXPECT_LT(later.body.find("event: content_block_delta"), later.body.find("event: error"));
  EXPECT_TRUE(becomes("/streams/cut_by_fault", 2));
}

TEST_F(SimulatedProviderTest, ResetsAfterExactlyTheBytesAsked) {
  for (const std::size_t at : {0U, 1U, 100U, 1500U, 4000U}) {
    ask({.x_sim = "events=200,reset_at=" + std::to_string(at)});
    EXPECT_EQ(end_, End::reset) << at;
    EXPECT_EQ(raw_.size(), at);
  }
}

TEST_F(SimulatedProviderTest, ClosesAfterExactlyTheBytesAsked) {
  for (const std::size_t at : {0U, 1U, 100U, 1500U}) {
    const Answered answer = ask({.x_sim = "events=200,close_at=" + std::to_string(at)});
    EXPECT_EQ(end_, End::fin) << at;
    EXPECT_EQ(raw_.size(), at);
    EXPECT_FALSE(answer.whole);
  }
}

TEST_F(SimulatedProviderTest, StallsUntilTheClientLeaves) {
  {
    RawClient client(address_);
    client.send(testing::request_bytes({.x_sim = "events=200,stall_at=1500"}));
    while (client.bytes.size() < 1500) ASSERT_TRUE(client.read_some());
    EXPECT_EQ(stat("/requests_in_flight"), 1);
    EXPECT_FALSE(client.read_some(50));
    EXPECT_EQ(client.end(), End::open);
    EXPECT_EQ(client.bytes.size(), 1500U);
  }
  EXPECT_TRUE(becomes("/requests_in_flight", 0));
  EXPECT_EQ(stat("/streams/cut_by_fault"), 1);
}

TEST_F(SimulatedProviderTest, HoldsAfterTheFirstEvents) {
  {
    RawClient client(address_);
    client.send(testing::request_bytes({.x_sim = "hold"}));
    ASSERT_TRUE(client.read_until("content_block_delta"));
    EXPECT_FALSE(client.read_some(50));
    EXPECT_EQ(client.bytes.find("message_stop"), std::string::npos);
  }
  EXPECT_TRUE(becomes("/streams/cut_by_client", 1));
}

TEST_F(SimulatedProviderTest, DripsAndSplitsWithoutChangingAByte) {
  const Answered calm = ask({.x_sim = "events=8,seed=3"});
  for (const char* shape : {"split=1", "split=7", "split=random", "drip=200/1"}) {
    const Answered shaped = ask({.x_sim = std::string("events=8,seed=3,") + shape});
    EXPECT_TRUE(shaped.whole) << shape;
    EXPECT_EQ(shaped.body, calm.body) << shape;
  }
}

TEST_F(SimulatedProviderTest, SplitsAreWritesOfTheirOwn) {
  RawClient client(address_);
  client.send(testing::request_bytes({.x_sim = "events=8,drip=50/2"}));
  client.read_to_end();

  EXPECT_GT(client.reads, client.bytes.size() / 50 / 2);
}

TEST_F(SimulatedProviderTest, KeepsTheRate) {
  const auto start = std::chrono::steady_clock::now();

  ask({.x_sim = "events=20,rate=100"});

  // 20 deltas and six other events: the last is due 250 ms after the first.
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(240));
  const auto waited = std::chrono::steady_clock::now();
  ask({.x_sim = "events=1,first_ms=60"});
  EXPECT_GE(std::chrono::steady_clock::now() - waited, std::chrono::milliseconds(60));
}

TEST_F(SimulatedProviderTest, SendsGarbageOfEachKind) {
  ask({.x_sim = "garbage=head"});
  EXPECT_FALSE(raw_.starts_with("HTTP/"));
  EXPECT_FALSE(raw_.empty());

  const Answered chunk = ask({.x_sim = "garbage=chunk"});
  EXPECT_EQ(chunk.status, 200);
  EXPECT_FALSE(chunk.whole);
  EXPECT_NE(raw_.find("\r\nzz\r\n"), std::string::npos);

  const Answered sse = ask({.x_sim = "garbage=sse,events=9"});
  EXPECT_TRUE(sse.whole);
  EXPECT_NE(sse.body.find("event content_block_delta\n"), std::string::npos);
  EXPECT_NE(sse.body.find("message_stop"), std::string::npos);

  const Answered broken = ask({.x_sim = "garbage=json,events=9"});
  EXPECT_TRUE(broken.whole);
  std::size_t bad = 0;
  for (auto at = broken.body.find("data: "); at != std::string::npos;
       at = broken.body.find("data: ", at + 1)) {
    boost::system::error_code error;
    json::parse(broken.body.substr(at + 6, broken.body.find('\n', at) - at - 6), error);
    if (error) ++bad;
  }
  EXPECT_EQ(bad, 1U);
}

std::string decoded(const Answered& answer) {
  auto decoder = wire::ContentDecoder::make(answer.field("content-encoding"));
  if (!decoder || !*decoder) return "";
  std::string out;
  const Status status =
      (*decoder)->decode(answer.body, [&](std::string_view piece) { out += piece; });
  return status ? out : "";
}

TEST_F(SimulatedProviderTest, CompressesEventByEvent) {
  const Answered plain = ask({.x_sim = "seed=4"});
  for (const std::string coding : {"gzip", "br", "zstd"}) {
    const Answered coded = ask({.x_sim = coding + ",seed=4"});
    EXPECT_EQ(coded.field("content-encoding"), coding);
    EXPECT_EQ(decoded(coded), plain.body) << coding;

    // What has come can be read, though the coding has not ended.
    RawClient client(address_);
    client.send(testing::request_bytes({.x_sim = coding + ",hold,seed=4"}));
    std::string begun;
    while (begun.find("content_block_delta") == std::string::npos) {
      ASSERT_TRUE(client.read_some()) << coding;
      begun = decoded(testing::parse_answer(client.bytes, false));
    }
    EXPECT_TRUE(plain.body.starts_with(begun));
  }
}

TEST_F(SimulatedProviderTest, CanBeHardOnParsers) {
  ask({.x_sim = "head_bytes=20000"});
  const auto head_size = raw_.find("\r\n\r\n") + 4;
  EXPECT_GE(head_size, 19'980U);
  EXPECT_LE(head_size, 20'020U);

  const Answered crlf = ask({.x_sim = "crlf,events=3"});
  EXPECT_EQ(count(crlf.body, "\r\n"), count(crlf.body, "\n"));

  const Answered big = ask({.x_sim = "big_line=300000,events=3"});
  EXPECT_TRUE(big.whole);
  EXPECT_NE(big.body.find(std::string(300'000, 'x')), std::string::npos);

  const Answered stopless = ask({.x_sim = "no_stop"});
  EXPECT_TRUE(stopless.whole);
  EXPECT_NE(stopless.body.find("message_delta"), std::string::npos);
  EXPECT_EQ(stopless.body.find("message_stop"), std::string::npos);

  const Answered endless = ask({.x_sim = "no_length", .keep_alive = true});
  EXPECT_TRUE(endless.whole);
  EXPECT_EQ(endless.field("transfer-encoding"), "");
  EXPECT_EQ(endless.field("connection"), "close");

  const Answered closing = ask({.x_sim = "close_after", .keep_alive = true});
  EXPECT_TRUE(closing.whole);
  EXPECT_EQ(closing.field("connection"), "");
  EXPECT_EQ(end_, End::fin);
}

TEST_F(SimulatedProviderTest, FailsForSomeOfTheRequests) {
  std::string pattern;
  for (int i = 0; i < 6; ++i)
    pattern += std::to_string(ask({.x_sim = "status=529,n_of=1/3"}).status) + " ";

  EXPECT_EQ(pattern, "529 200 200 529 200 200 ");
}

TEST_F(SimulatedProviderTest, TakesParametersFromThePathToo) {
  EXPECT_EQ(ask({.path = "/x-sim/status=503/v1/messages"}).status, 503);
  EXPECT_EQ(ask({.x_sim = "status=200", .path = "/x-sim/status=503/v1/messages"}).status, 200);
  EXPECT_EQ(ask({.path = "/x-sim/nonsense=1/v1/messages"}).status, 400);
}

// --- stats ---

TEST_F(SimulatedProviderTest, StatsTellWhatCame) {
  ask({.x_sim = "events=3"});
  ask({.x_sim = "status=529"});
  get("/v1/models");

  EXPECT_TRUE(becomes("/requests_in_flight", 0));
  EXPECT_EQ(stat("/requests"), 3);
  EXPECT_EQ(stat("/routes/~1v1~1messages"), 2);
  EXPECT_EQ(stat("/statuses/200"), 2);
  EXPECT_EQ(stat("/statuses/529"), 1);
  EXPECT_EQ(stat("/tokens/requests"), 1);
  EXPECT_EQ(stat("/models/claude-test/output"), stat("/tokens/output"));
  EXPECT_EQ(stat("/tokens/output"), stat("/output_sent"));
  EXPECT_EQ(stat("/keys/0/requests"), 3);
  EXPECT_EQ(provider_->stats_json().find("sk-ant"), std::string::npos);
  EXPECT_EQ(stat("/leaked_headers"), 0);
  EXPECT_EQ(stats().at("request_ids").as_array().size(), 3U);

  EXPECT_EQ(ask({.body = "", .path = "/sim/reset"}).status, 200);
  EXPECT_EQ(json::parse(get("/sim/stats").body).at("requests"), 0);
}

TEST_F(SimulatedProviderTest, StatsTellOfHeadersThatARelayMustNotPassOn) {
  const std::string good = "x-api-key: provider-key\r\nanthropic-version: 2023-06-01\r\n";
  ask({.fields = good + "te: trailers\r\nkeep-alive: timeout=5\r\nx-forwarded-for: 10.0.0.1\r\n"});
  EXPECT_EQ(stat("/leaked_headers"), 3);

  ask({.fields = good + "authorization: Bearer of-the-client\r\n"});
  EXPECT_EQ(stat("/leaked_headers"), 4);

  ask({.fields =
           "x-api-key: sk-slc-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nanthropic-version: "
           "2023-06-01\r\n"});
  EXPECT_EQ(stat("/leaked_headers"), 5);
  EXPECT_EQ(stat("/leaked_header_names/te"), 1);
}

TEST_F(SimulatedProviderTest, KnowsTheKeysThatItExpects) {
  start({.expected_keys = {"sk-ant-test-1234"}});

  EXPECT_EQ(ask({}).status, 200);
  EXPECT_EQ(ask({.fields = "x-api-key: other\r\nanthropic-version: 2023-06-01\r\n"}).status, 401);
  EXPECT_EQ(stat("/wrong_keys"), 1);
}

TEST_F(SimulatedProviderTest, ManyThreadsShareOnePort) {
  start({.threads = 3});
  std::vector<std::unique_ptr<RawClient>> clients;

  for (int i = 0; i < 60; ++i) {
    clients.push_back(std::make_unique<RawClient>(address_));
    clients.back()->send(testing::request_bytes({.x_sim = "events=10,rate=200"}));
  }

  for (auto& client : clients) {
    client->read_to_end();
    EXPECT_TRUE(testing::parse_answer(client->bytes, true).whole);
  }
  EXPECT_TRUE(becomes("/streams/completed", 60));
}

TEST_F(SimulatedProviderTest, StopsWithStreamsInTheAir) {
  RawClient held(address_);
  held.send(testing::request_bytes({.x_sim = "hold"}));
  ASSERT_TRUE(held.read_until("content_block_delta"));
  RawClient paced(address_);
  paced.send(testing::request_bytes({.x_sim = "rate=1"}));
  ASSERT_TRUE(paced.read_until("message_start"));

  provider_->stop();

  held.read_to_end();
  EXPECT_NE(held.end(), End::open);
  EXPECT_EQ(stat("/requests_in_flight"), 0);
}

}  // namespace
}  // namespace sluice::sim

#include "sim/stats.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace sluice::sim {
namespace {

namespace json = boost::json;

std::int64_t at(const Stats& stats, std::string_view pointer) {
  return json::parse(stats.json()).at_pointer(pointer).to_number<std::int64_t>();
}

wire::RequestHead head_with(std::vector<wire::HeaderField> headers) {
  wire::RequestHead head;
  head.headers = std::move(headers);
  return head;
}

TEST(Stats, AddUpWhatWasToldInTotalAndPerModel) {
  Stats stats;
  const Claim big{.model = "big",
                  .input = 1,
                  .output = 2,
                  .cache_read = 3,
                  .cache_write_5m = 4,
                  .cache_write_1h = 5};
  const Claim small{.model = "small", .input = 10, .output = 20};
  for (int i = 0; i < 3; ++i) stats.on_request("/v1/messages", "req", "key", {});

  stats.on_end(true, 200, Ending::completed, &big, 2);
  stats.on_end(true, 200, Ending::cut_by_client, &small, 15);
  stats.on_end(false, 529, Ending::completed, nullptr, 0);

  EXPECT_EQ(at(stats, "/tokens/input"), 11);
  EXPECT_EQ(at(stats, "/tokens/output"), 22);
  EXPECT_EQ(at(stats, "/tokens/cache_read"), 3);
  EXPECT_EQ(at(stats, "/tokens/cache_write_5m"), 4);
  EXPECT_EQ(at(stats, "/tokens/cache_write_1h"), 5);
  EXPECT_EQ(at(stats, "/models/small/output"), 20);
  EXPECT_EQ(at(stats, "/output_sent"), 17);
  EXPECT_EQ(at(stats, "/streams/completed"), 1);
  EXPECT_EQ(at(stats, "/streams/cut_by_client"), 1);
  EXPECT_EQ(at(stats, "/answers/completed"), 1);
  EXPECT_EQ(at(stats, "/statuses/529"), 1);
  EXPECT_EQ(at(stats, "/requests_in_flight"), 0);
}

TEST(Stats, ShowOfAKeyOnlyItsEndAndTheStartOfItsHash) {
  Stats stats;
  stats.on_request("/v1/messages", "req", "sk-ant-a-long-provider-key", {});
  stats.on_request("/v1/messages", "req", "short", {});
  stats.on_request("/v1/messages", "req", "", {});

  const std::string told = stats.json();

  EXPECT_EQ(told.find("sk-ant"), std::string::npos);
  EXPECT_EQ(told.find("short"), std::string::npos);
  EXPECT_NE(told.find(R"("last4":"-key")"), std::string::npos) << told;
  EXPECT_EQ(json::parse(told).at("keys").as_array().size(), 3U);
}

TEST(Stats, TellAHeaderOfTheHopFromAHarmlessOne) {
  Stats stats;
  stats.on_request(
      "r", "req", "k",
      head_with({{"connection", "keep-alive"}, {"x-api-key", "k"}, {"x-stainless-lang", "js"}}));
  EXPECT_EQ(at(stats, "/leaked_headers"), 0);

  stats.on_request(
      "r", "req", "k",
      head_with(
          {{"Connection", "keep-alive, X-Secret"}, {"TE", "trailers"}, {"Via", "1.1 relay"}}));
  EXPECT_EQ(at(stats, "/leaked_headers"), 3);
  EXPECT_EQ(at(stats, "/leaked_header_names/connection"), 1);
}

TEST(Stats, KeepTheLastIdsAndABoundedNumberOfNames) {
  Stats stats;
  for (std::size_t i = 0; i < 2 * Stats::recent_max; ++i) {
    stats.on_request("r" + std::to_string(i), "req" + std::to_string(i), "k", {});
  }
  const json::value told = json::parse(stats.json());

  EXPECT_EQ(told.at("request_ids").as_array().size(), Stats::recent_max);
  EXPECT_EQ(told.at("request_ids").as_array().back().as_string(),
            "req" + std::to_string(2 * Stats::recent_max - 1));
  EXPECT_LE(told.at("routes").as_object().size(), Stats::names_max + 1);
  EXPECT_EQ(told.at("requests"), 2 * Stats::recent_max);
}

TEST(Stats, AResetForgetsAllButWhatIsInFlight) {
  Stats stats;
  stats.on_request("r", "a", "k", {});
  stats.reset();
  EXPECT_EQ(at(stats, "/requests"), 0);
  EXPECT_EQ(at(stats, "/requests_in_flight"), 1);
  stats.on_end(false, 200, Ending::completed, nullptr, 0);
  EXPECT_EQ(at(stats, "/requests_in_flight"), 0);
}

}  // namespace
}  // namespace sluice::sim

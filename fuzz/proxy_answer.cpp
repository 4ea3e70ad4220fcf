#include "fuzz.hpp"
#include "net/tunnel.hpp"

namespace {

using namespace sluice;

net::Proxy proxy_of(net::Proxy::Kind kind) {
  return {.kind = kind, .host = "proxy.test", .port = 1, .user = "ada", .password = Secret("pw")};
}

std::string outcome(const Result<bool>& fed) {
  if (!fed) return fed.error().context;
  return *fed ? "open" : "more";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view answer(reinterpret_cast<const char*>(data), size);

  // As soon as a byte decides it, and however the bytes before were cut.
  net::ConnectTunnel connect(proxy_of(net::Proxy::Kind::http), "api.test", 443);
  for (std::size_t i = 0; i < answer.size(); ++i) {
    const std::string told = outcome(connect.on_bytes(answer.substr(i, 1)));
    if (told == "more") continue;
    net::ConnectTunnel whole(proxy_of(net::Proxy::Kind::http), "api.test", 443);
    fuzz::require(outcome(whole.on_bytes(answer.substr(0, i + 1))) == told);
    break;
  }

  net::Socks5Tunnel socks(proxy_of(net::Proxy::Kind::socks5h), "api.test", 443);
  std::size_t turns = 0;
  for (std::size_t i = 0; i < answer.size(); ++i) {
    const std::string told = outcome(socks.on_bytes(answer.substr(i, 1)));
    fuzz::require(told == "open" || told == "more" || told.find("pw") == std::string::npos);
    if (!socks.take_output().empty()) ++turns;
    if (told != "more") break;
  }
  fuzz::require(turns <= 3);
  net::Socks5Tunnel at_once(proxy_of(net::Proxy::Kind::socks5h), "api.test", 443);
  fuzz::require(outcome(at_once.on_bytes(answer)) != "open");
  return 0;
}

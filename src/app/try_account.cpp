#include "app/try_account.hpp"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <optional>

#include "app/brief_loop.hpp"
#include "provider/account_way.hpp"
#include "provider/providers.hpp"
#include "wire/head_writer.hpp"

namespace sluice::app {
namespace {

constexpr std::size_t models_bytes_max = std::size_t{4} << 20;
constexpr const char* models_path = "/v1/models";

/// The head of a request for the list of models, with the account's credential. Secret, as that is in it.
Secret models_request(const provider::UpstreamUrl& url, const net::Origin& origin,
                      const provider::AccountSettings& account) {
  wire::HeadWriter head(1024);
  head.request_line("GET", url.path, models_path, "");
  head.field("host", origin.authority());
  head.field("accept", "application/json");
  head.field("accept-encoding", "identity");
  head.field("connection", "close");
  const bool anthropic = account.provider.starts_with("anthropic");
  if (anthropic) head.field("anthropic-version", "2023-06-01");
  if (anthropic && account.credential.kind == provider::Credential::Kind::api_key) {
    head.field("x-api-key", account.credential.secret.reveal());
  } else if (account.credential.kind != provider::Credential::Kind::none) {
    const Secret bearer("Bearer " + std::string(account.credential.secret.reveal()));
    head.field("authorization", bearer.reveal());
  }
  head.end();
  return Secret(head.take());
}

CheckLine judge(const Result<ControlAnswer>& answer) {
  constexpr auto step = "credential";
  if (!answer) {
    return {Grade::fail, step,
            fmt::format("no answer to GET {}: {}", models_path, answer.error().context)};
  }
  const std::string told = fmt::format("GET {} gave {}", models_path, answer->status);
  if (answer->status == 401 || answer->status == 403) {
    return {Grade::fail, step,
            fmt::format("{}: the provider refuses the credential; set a new one", told)};
  }
  if (answer->status == 404 || answer->status == 405) {
    return {Grade::warn, step,
            fmt::format("{}: it has no list of models, so the credential can't be judged without "
                        "a request that bills",
                        told)};
  }
  if (answer->status >= 300 && answer->status < 400) {
    return {Grade::fail, step,
            fmt::format("{}: a redirect, which is never followed; check base_url", told)};
  }
  if (answer->status == 429) {
    return {Grade::warn, step, fmt::format("{}: the provider asks to wait; try again later", told)};
  }
  if (answer->status >= 200 && answer->status < 300) {
    return {Grade::ok, step, fmt::format("{}: the provider takes it", told)};
  }
  return {Grade::fail, step,
          fmt::format("{}: the provider or what stands before it is not well", told)};
}

/// Why the credential isn't shown to anybody; nullopt: it can be tried.
std::optional<CheckLine> untried(const provider::AccountSettings& account) {
  using Kind = provider::Credential::Kind;
  const provider::ProviderSpec* provider = provider::find_provider(account.provider);
  if (provider == nullptr || !provider->served) {
    return CheckLine{
        Grade::warn, "credential",
        fmt::format("the provider {} is not served by this version, and its credential "
                    "is not tried",
                    account.provider)};
  }
  if (account.credential.kind == Kind::oauth2 && account.credential.secret.empty()) {
    return CheckLine{Grade::warn, "token",
                     "there is no access token now; a running server asks for one"};
  }
  if (account.credential.kind != Kind::none && account.credential.secret.empty()) {
    return CheckLine{Grade::fail, "credential",
                     "its secret is not known here; set the environment variable or file that the "
                     "configuration names"};
  }
  return {};
}

}  // namespace

std::vector<CheckLine> try_account(const provider::AccountSettings& account,
                                   provider::PrivateUpstreams private_upstreams,
                                   Milliseconds timeout) {
  std::vector<CheckLine> steps = reach_steps(account, private_upstreams, timeout);
  if (any_failed(steps)) return steps;
  if (auto line = untried(account)) {
    steps.push_back(std::move(*line));
    return steps;
  }
  if (account.credential.kind == provider::Credential::Kind::oauth2)
    steps.push_back({Grade::ok, "token", "there is an access token"});
  const auto url = provider::parse_upstream_url(account.base_url);
  if (!url) return steps;  // Told by `reach_steps`.
  auto origin = provider::origin_of(*url, account);
  if (!origin) return steps;  // likewise
  ControlCall call;
  call.head = models_request(*url, *origin, account);
  call.origin = std::move(*origin);
  call.call_max = timeout;
  call.body_bytes_max = models_bytes_max;
  steps.push_back(judge(BriefLoop(private_upstreams).call(std::move(call))));
  return steps;
}

boost::json::array steps_json(const std::vector<CheckLine>& steps) {
  boost::json::array out;
  for (const CheckLine& step : steps) {
    out.push_back(boost::json::object{
        {"step", step.subject}, {"ok", step.grade != Grade::fail}, {"message", step.message}});
  }
  return out;
}

}  // namespace sluice::app

#include "routing/failure.hpp"

#include <algorithm>
#include <iterator>

#include "fuzz.hpp"
#include "routing/told_wait.hpp"

namespace {

using namespace sluice;

/// "name: value" a line, up to an empty one; takes them off `text`.
wire::ResponseHead take_head(std::string_view& text) {
  wire::ResponseHead head;
  while (!text.empty() && head.headers.size() < 100) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty()) break;
    const auto colon = std::min(line.find(": "), line.size());
    head.headers.push_back({line.substr(0, colon), line.substr(std::min(colon + 2, line.size()))});
  }
  return head;
}

void check(const routing::Failure& failure, const RestOverrides& overrides) {
  const WallTime now{std::chrono::seconds(1'768'480'496)};
  const auto told = routing::told_wait(failure, now);
  if (told) fuzz::require(*told > Milliseconds(0) && *told <= routing::told_wait_max);

  const routing::Verdict verdict = routing::judge(failure, overrides, now);
  if (verdict.told) fuzz::require(verdict.told == told);
  if (verdict.clients_fault) {
    fuzz::require(!verdict.other && !verdict.counts && !verdict.for_good && !verdict.alert);
    fuzz::require(verdict.scope == routing::Verdict::Scope::none);
  }
  fuzz::require(verdict.streak >= 1 && verdict.rest >= Milliseconds(0));
  fuzz::require(verdict.rest_max == Milliseconds(0) || verdict.rest_max >= verdict.rest);
  // Whatever rests, rests for some time.
  if (verdict.scope != routing::Verdict::Scope::none) {
    fuzz::require(verdict.for_good || verdict.rest > Milliseconds(0));
  }
  fuzz::require(!verdict.reason.empty() && verdict.reason.size() <= 500);
  fuzz::require(std::all_of(verdict.reason.begin(), verdict.reason.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr int statuses[] = {400, 401, 402, 403, 404, 408, 409, 424,
                                     429, 500, 502, 503, 529, 200, 0};
  const auto input = fuzz::split(data, size);
  std::string_view text = input.bytes;
  const wire::ResponseHead head = take_head(text);
  const auto kinds = metrics::count_of<metrics::ProviderKind>;
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    routing::Failure failure{.provider = static_cast<metrics::ProviderKind>(kind),
                             .status = statuses[input.steer % std::size(statuses)],
                             .code = static_cast<Errc>(input.steer % 27),
                             .body = text,
                             .head = &head,
                             .refreshable = input.steer % 2 == 0,
                             .has_signatures = input.steer % 3 == 0};
    check(failure, {});
    RestOverrides overrides{};
    overrides.fill(Milliseconds(input.steer % 4 * 1000));
    check(failure, overrides);
    // The same words, as a dialect read them.
    failure.body = {};
    failure.type = failure.error_code = failure.message = text;
    check(failure, {});
  }
  return 0;
}

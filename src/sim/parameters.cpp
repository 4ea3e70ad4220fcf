#include "sim/parameters.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/ascii.hpp"

namespace sluice::sim {
namespace {

constexpr std::uint32_t events_max = 10'000'000;
constexpr std::uint32_t bytes_max = 64U << 20U;
constexpr std::uint32_t milliseconds_max = 24 * 3600 * 1000;

template <class T>
bool number(std::string_view text, T& out, T max) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= T{} && value <= max)) {
    return false;
  }
  out = value;
  return true;
}

template <class T>
bool number(std::string_view text, std::optional<T>& out, T max) {
  T value{};
  if (!number(text, value, max)) return false;
  out = value;
  return true;
}

bool milliseconds(std::string_view text, Milliseconds& out) {
  std::uint32_t value = 0;
  if (!number(text, value, milliseconds_max)) return false;
  out = Milliseconds(value);
  return true;
}

bool flag(std::string_view text, bool& out) {
  out = text != "0" && text != "no";
  return text.empty() || text == "1" || text == "0" || text == "yes" || text == "no";
}

/// "A/B" or "A:B", as a path can't hold a slash: {A, B}; B is empty without either.
struct Pair {
  std::string_view first, second;
  bool two = false;
};
Pair pair(std::string_view text, std::string_view separators) {
  const auto at = text.find_first_of(separators);
  if (at == std::string_view::npos) return {text, {}, false};
  return {text.substr(0, at), text.substr(at + 1), true};
}

struct Rule {
  std::string_view name;
  std::string_view form;
  std::string_view meaning;
  bool (*apply)(std::string_view, Parameters&);
};

using V = std::string_view;
using P = Parameters;

bool set_status(V v, P& p) {
  int status = 0;
  if (!number(v, status, 599) || status < 200) return false;
  const bool redirect = status == 301 || status == 302 || status == 307 || status == 308;
  if (status != 200 && status < 400 && !redirect) return false;
  p.status = status;
  return true;
}

bool set_error_event(V v, P& p) {
  const Pair at = pair(v, "@");
  if (at.first.empty()) return false;
  for (const char c : at.first) {
    if (c != '_' && (c < 'a' || c > 'z')) return false;
  }
  p.error_event = at.first;
  p.error_at = 0;
  return !at.two || number(at.second, p.error_at, events_max);
}

bool set_drip(V v, P& p) {
  const Pair drip = pair(v, "/:");
  return number(drip.first, p.drip_bytes, bytes_max) && p.drip_bytes > 0 &&
         (!drip.two || milliseconds(drip.second, p.drip_every));
}

bool set_split(V v, P& p) {
  p.split_random = v == "random";
  return p.split_random || (number(v, p.split, bytes_max) && p.split > 0);
}

bool set_garbage(V v, P& p) {
  if (v == "head")
    p.garbage = Garbage::head;
  else if (v == "chunk")
    p.garbage = Garbage::chunk;
  else if (v == "sse")
    p.garbage = Garbage::sse;
  else if (v == "json")
    p.garbage = Garbage::json;
  else
    return false;
  return true;
}

bool set_cache(V v, P& p) {
  if (v == "growing")
    p.cache = CacheUse::growing;
  else if (v == "read")
    p.cache = CacheUse::read;
  else if (v == "write")
    p.cache = CacheUse::write;
  else
    return false;
  return true;
}

bool set_container(V v, P& p) {
  constexpr std::size_t id_bytes_max = 128;
  for (const char c : v) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-') return false;
  }
  p.container = v;
  return !v.empty() && v.size() <= id_bytes_max;
}

bool set_n_of(V v, P& p) {
  const Pair of = pair(v, "/:");
  return of.two && number(of.first, p.n_of_fault, events_max) &&
         number(of.second, p.n_of, events_max) && p.n_of > 0 && p.n_of_fault <= p.n_of;
}

bool set_coding(V v, P& p, Coding coding) {
  bool on = false;
  if (!flag(v, on)) return false;
  p.coding = on ? coding : Coding::none;
  return true;
}

constexpr Rule rules[] = {
    {"seed", "N",
     "what is said; without it the request decides, so that the same request gets the same answer",
     [](V v, P& p) { return number(v, p.seed, ~std::uint64_t{0}); }},
    {"events", "N", "content deltas (1 to 4 tokens each, as max_tokens allows)",
     [](V v, P& p) { return number(v, p.events, events_max); }},
    {"echo", "", "the answer is the text of the last user message",
     [](V v, P& p) { return flag(v, p.echo); }},
    {"cache", "growing|read|write",
     "prompts with cache_control: all but the last marked part is read (growing), all is read, all "
     "is written",
     set_cache},
    {"golden", "DIALECT/NAME", "answers with that recording (--golden DIR)",
     [](V v, P& p) {
       p.golden = v;
       return !v.empty();
     }},
    {"container", "ID",
     "answers name this container, and a request that names another is refused with 404",
     set_container},
    {"thinking_bound", "",
     "thinking that another account (key) has signed is refused with 400, as newer models do",
     [](V v, P& p) { return flag(v, p.thinking_bound); }},
    {"rate", "R", "events a second; 0: at once", [](V v, P& p) { return number(v, p.rate, 1e6); }},
    {"first_ms", "T", "wait before the head", [](V v, P& p) { return milliseconds(v, p.first); }},
    {"drip", "BYTES[/MS]", "so many bytes a write, and a wait (10 ms) after each", set_drip},
    {"split", "N|random", "writes of N bytes (1 to 64), cut anywhere, also within a character",
     set_split},
    {"gzip", "", "content-encoding, flushed after each event",
     [](V v, P& p) { return set_coding(v, p, Coding::gzip); }},
    {"br", "", "the same with brotli", [](V v, P& p) { return set_coding(v, p, Coding::br); }},
    {"zstd", "", "the same with zstd", [](V v, P& p) { return set_coding(v, p, Coding::zstd); }},
    {"crlf", "", "event-stream lines end with CRLF", [](V v, P& p) { return flag(v, p.crlf); }},
    {"no_length", "", "the body ends with the connection",
     [](V v, P& p) { return flag(v, p.no_length); }},
    {"close_after", "", "promises keep-alive, and closes after the answer",
     [](V v, P& p) { return flag(v, p.close_after); }},
    {"status", "CODE", "* answers with that status (301, 302, 307, 308, 400 to 599)", set_status},
    {"retry_after", "S", "* with that retry-after",
     [](V v, P& p) { return number(v, p.retry_after, milliseconds_max); }},
    {"error_event", "TYPE[@K]",
     "* an error event as event K (0: the first), after which nothing follows", set_error_event},
    {"reset_at", "N", "* TCP reset after N bytes of the response, head included",
     [](V v, P& p) { return number(v, p.reset_at, ~std::uint64_t{0}); }},
    {"close_at", "N", "* FIN after N bytes",
     [](V v, P& p) { return number(v, p.close_at, ~std::uint64_t{0}); }},
    {"stall_at", "N", "* silence after N bytes, until the client leaves",
     [](V v, P& p) { return number(v, p.stall_at, ~std::uint64_t{0}); }},
    {"garbage", "head|chunk|sse|json", "* no HTTP; a bad chunk size; a broken event; broken JSON",
     set_garbage},
    {"head_bytes", "N", "* a response head of about N bytes",
     [](V v, P& p) { return number(v, p.head_bytes, bytes_max); }},
    {"big_line", "BYTES", "* one delta of that size, beyond max_tokens (a token per 4 bytes)",
     [](V v, P& p) { return number(v, p.big_line, bytes_max); }},
    {"no_stop", "", "* the stream ends without its last event, and the HTTP message ends cleanly",
     [](V v, P& p) { return flag(v, p.no_stop); }},
    {"hold", "", "* the first events, then silence until the client leaves",
     [](V v, P& p) { return flag(v, p.hold); }},
    {"n_of", "K/N",
     "what is marked * happens to the first K of every N requests (counted per parameter list)",
     set_n_of},
};

Status refuse(std::string_view name, const std::string& why) {
  return fail(Errc::invalid_request, Side::client, fmt::format("x-sim: {}: {}", name, why));
}

Status apply_one(std::string_view element, Parameters& onto) {
  const auto equals = element.find('=');
  const std::string_view name = ascii::trim(element.substr(0, equals));
  const std::string_view value = equals == std::string_view::npos
                                     ? std::string_view{}
                                     : ascii::trim(element.substr(equals + 1));
  for (const Rule& rule : rules) {
    if (rule.name != name) continue;
    if (rule.apply(value, onto)) return {};
    return refuse(name, rule.form.empty()
                            ? fmt::format("is a flag, and '{}' is not yes or no", value)
                            : fmt::format("'{}' is not of the form {}", value, rule.form));
  }
  return refuse(name, "no such parameter; `sluice simulate --help` lists them");
}

}  // namespace

Parameters Parameters::without_faults() const {
  Parameters calm = *this;
  const Parameters none;
  calm.status = none.status;
  calm.retry_after = none.retry_after;
  calm.error_event.clear();
  calm.reset_at = calm.close_at = calm.stall_at = std::nullopt;
  calm.garbage = none.garbage;
  calm.head_bytes = calm.big_line = 0;
  calm.no_stop = calm.hold = false;
  return calm;
}

bool Parameters::shapes_bytes() const {
  return drip_bytes > 0 || split > 0 || split_random || reset_at || close_at || stall_at;
}

Status apply_parameters(std::string_view list, Parameters& onto) {
  Status status;
  ascii::for_each_element(list, [&](std::string_view element) {
    if (status && !element.empty()) status = apply_one(element, onto);
  });
  return status;
}

std::string parameters_help() {
  std::string out;
  for (const Rule& rule : rules) {
    const std::string form =
        rule.form.empty() ? std::string(rule.name) : fmt::format("{}={}", rule.name, rule.form);
    fmt::format_to(std::back_inserter(out), "  {:<28} {}\n", form, rule.meaning);
  }
  return out;
}

}  // namespace sluice::sim

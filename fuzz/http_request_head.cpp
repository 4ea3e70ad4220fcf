#include "head.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const auto input = fuzz::split(data, size);
  const auto end = fuzz::check_finder(input, Side::client);
  wire::RequestHead head;
  const std::string whole = input.bytes;
  const auto parsed_whole = wire::parse_request_head(whole, {}, head);
  // A head that parses is one that the finder finds, and all of it.
  if (parsed_whole && whole.size() <= 2048) fuzz::require(end == whole.size());
  const std::string text = whole.substr(0, end);
  if (!wire::parse_request_head(text, {}, head)) return 0;
  fuzz::check_fields(head.headers, text);
  fuzz::require(!head.method.empty() && fuzz::within(head.method, text));
  fuzz::require(!head.target.empty() && fuzz::within(head.target, text));
  fuzz::require(head.framing != wire::Framing::until_close);
  const bool chunked = head.find("transfer-encoding") != nullptr;
  const bool length = head.find("content-length") != nullptr;
  fuzz::require(!(chunked && length));
  fuzz::require((head.framing == wire::Framing::chunked) == chunked);
  fuzz::require((head.framing == wire::Framing::length) == length);
  if (wire::check_target(head.target) && head.target != "*") {
    const auto path = head.target.substr(0, head.target.find('?'));
    fuzz::require(path.front() == '/' && path.find("..") == std::string_view::npos);
    fuzz::require(path.find("//") == std::string_view::npos &&
                  path.find_first_of("\\;#") == std::string_view::npos);
  }
  return 0;
}

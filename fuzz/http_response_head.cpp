#include "head.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const auto input = fuzz::split(data, size);
  const auto end = fuzz::check_finder(input, Side::provider);
  const bool answers_head_request = (input.steer & 1) != 0;
  wire::ResponseHead head;
  const std::string whole = input.bytes;
  const auto parsed_whole = wire::parse_response_head(whole, {}, answers_head_request, head);
  if (parsed_whole && whole.size() <= 2048) fuzz::require(end == whole.size());
  const std::string text = whole.substr(0, end);
  if (!wire::parse_response_head(text, {}, answers_head_request, head)) return 0;
  fuzz::check_fields(head.headers, text);
  fuzz::require(head.status >= 100 && head.status <= 599 && head.status != 101);
  fuzz::require(fuzz::within(head.reason, text));
  fuzz::require(!(head.find("transfer-encoding") && head.find("content-length")));
  if (answers_head_request || head.status < 200) fuzz::require(head.framing == wire::Framing::none);
  if (head.framing == wire::Framing::until_close) fuzz::require(!head.keep_alive);
  return 0;
}

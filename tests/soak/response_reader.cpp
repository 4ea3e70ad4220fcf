#include "response_reader.hpp"

#include <algorithm>
#include <cstring>

#include "text.hpp"

namespace sluice::soak {
namespace {

/// A wrong body is kept up to here.
constexpr std::size_t rest_bytes_max = 4096;

}  // namespace

void ResponseReader::take_body(std::string_view bytes) {
  call_.body_bytes += bytes.size();
  if (call_.rest.empty()) {
    const std::string_view expected = std::string_view(call_.answer.body).substr(call_.matched);
    const std::size_t most = std::min(expected.size(), bytes.size());
    std::size_t same = most;
    if (std::memcmp(expected.data(), bytes.data(), most) != 0) {
      same = static_cast<std::size_t>(
          std::mismatch(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(most),
                        expected.begin())
              .first -
          bytes.begin());
    }
    call_.matched += same;
    bytes.remove_prefix(same);
  }
  if (call_.rest.size() < rest_bytes_max) call_.rest += bytes.substr(0, rest_bytes_max);
}

void ResponseReader::take_head() {
  const std::string_view head = line_;
  if (!head.starts_with("HTTP/1.1 ") || head.size() < 14) {
    call_.broken = "no status line";
    return;
  }
  call_.status = static_cast<int>(number(head.substr(9, 3)));
  call_.sluice_error = field(head, "x-sluice-error");
  call_.body_id = field(head, "x-soak-id");
  closes_ = field(head, "connection") == "close";
  const std::string_view length = field(head, "content-length");
  const std::string_view coding = field(head, "transfer-encoding");
  if (!length.empty() && !coding.empty()) call_.broken = "two framings";
  if (call_.status == 100) {
    call_.status = 0;
    part_ = Part::head;
  } else if (!coding.empty()) {
    part_ = Part::chunk_size;
  } else if (!length.empty()) {
    left_ = number(length);
    part_ = left_ == 0 ? Part::done : Part::sized;
  } else {
    part_ = Part::until_close;
  }
  if (part_ == Part::done) call_.whole = true;
}

bool ResponseReader::take_line(std::string_view& bytes) {
  while (!bytes.empty()) {
    line_ += bytes.front();
    bytes.remove_prefix(1);
    if (line_.ends_with("\r\n")) {
      line_.resize(line_.size() - 2);
      return true;
    }
    if (line_.size() > 100) call_.broken = "a chunk's line without end";
    if (broken()) return false;
  }
  return false;
}

void ResponseReader::feed(std::string_view bytes) {
  while (!bytes.empty() && !broken()) {
    switch (part_) {
      case Part::head: {
        const std::size_t before = line_.size();
        line_ += bytes;
        const auto end = line_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
        if (end == std::string::npos) return;
        bytes.remove_prefix(end + 4 - before);
        line_.resize(end + 2);
        take_head();
        line_.clear();
        break;
      }
      case Part::sized:
      case Part::chunk: {
        const std::string_view piece = bytes.substr(0, left_);
        take_body(piece);
        left_ -= piece.size();
        bytes.remove_prefix(piece.size());
        if (left_ > 0) break;
        call_.whole = part_ == Part::sized;
        part_ = part_ == Part::sized ? Part::done : Part::chunk_end;
        break;
      }
      case Part::chunk_size:
        if (!take_line(bytes)) return;
        left_ = number(line_, 16);
        if (line_.empty() || line_.find_first_not_of("0123456789abcdefABCDEF") != line_.npos) {
          call_.broken = "not the size of a chunk: " + line_;
        }
        part_ = left_ == 0 ? Part::trailer : Part::chunk;
        line_.clear();
        break;
      case Part::chunk_end:
        if (!take_line(bytes)) return;
        if (!line_.empty()) call_.broken = "no line end behind a chunk";
        part_ = Part::chunk_size;
        break;
      case Part::trailer:
        if (!take_line(bytes)) return;
        if (line_.empty()) {
          part_ = Part::done;
          call_.whole = true;
        }
        line_.clear();
        break;
      case Part::until_close: take_body(bytes); return;
      case Part::done:
        call_.broken = "bytes behind the answer";
        call_.whole = false;
        return;
    }
  }
}

void ResponseReader::end(bool reset) {
  if (part_ == Part::until_close && !reset) call_.whole = true;
}

}  // namespace sluice::soak

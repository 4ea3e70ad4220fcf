#include "sim/golden.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace sluice::sim {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::string_view meta_suffix = ".meta.json";

Result<std::string> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Errc::io, Side::gateway, "cannot read " + path.string());
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return std::move(bytes).str();
}

std::uint64_t number(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_int64() && value->get_int64() > 0
             ? static_cast<std::uint64_t>(value->get_int64())
             : 0;
}

Claim claim_of(const json::object& meta) {
  Claim claim;
  if (const json::value* model = meta.if_contains("model");
      model != nullptr && model->is_string()) {
    claim.model = model->get_string();
  }
  const json::value* usage = meta.if_contains("usage_normalised");
  if (usage == nullptr || !usage->is_object()) return claim;
  const json::object& object = usage->get_object();
  claim.input = number(object, "input_uncached");
  claim.output = number(object, "output_total");
  claim.cache_read = number(object, "cache_read");
  claim.cache_write_1h = number(object, "cache_write_1h");
  claim.cache_write_5m = number(object, "cache_write") - claim.cache_write_1h;
  return claim;
}

std::string content_type_of(const json::object& meta, std::string_view suffix) {
  if (const json::value* fields = meta.if_contains("response_headers");
      fields != nullptr && fields->is_object()) {
    if (const json::value* type = fields->get_object().if_contains("content-type");
        type != nullptr && type->is_string()) {
      return std::string(type->get_string());
    }
  }
  if (suffix == ".response.sse") return "text/event-stream; charset=utf-8";
  return suffix == ".response.bin" ? "application/vnd.amazon.eventstream" : "application/json";
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0U : 1U);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

/// Cuts a recorded stream at its empty lines, so that it can be paced like any other.
class GoldenSet::Events final : public EventSource {
 public:
  explicit Events(std::shared_ptr<const Recording> recording) : recording_(std::move(recording)) {}

  std::optional<Event> next(std::string& out) override {
    const std::string_view rest = std::string_view(recording_->bytes).substr(at_);
    if (rest.empty()) return std::nullopt;
    std::size_t size = rest.size();
    for (const std::string_view empty_line : {"\n\n", "\r\n\r\n"}) {
      const auto found = rest.find(empty_line);
      if (found != std::string_view::npos) size = std::min(size, found + empty_line.size());
    }
    out += rest.substr(0, size);
    at_ += size;
    return Event::content;
  }
  /// A recording is not understood here: its figures count once it is through.
  const Claim& claim() const override {
    return at_ == recording_->bytes.size() ? recording_->claim : nothing_;
  }
  std::uint64_t output_so_far() const override { return claim().output; }

 private:
  std::shared_ptr<const Recording> recording_;
  Claim nothing_;
  std::size_t at_ = 0;
};

Result<GoldenSet> GoldenSet::load(const std::string& directory) {
  GoldenSet set;
  std::error_code error;
  std::vector<fs::path> metas;
  for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().filename().string().ends_with(meta_suffix)) metas.push_back(at->path());
  }
  if (error)
    return fail(Errc::io, Side::gateway, "cannot read " + directory + ": " + error.message());
  for (const fs::path& path : metas) {
    TRY(const std::string text, read_file(path));
    boost::system::error_code broken;
    const json::value meta = json::parse(text, broken);
    if (broken || !meta.is_object())
      return fail(Errc::invalid_config, Side::gateway, path.string() + " is no JSON object");
    const std::string file = path.filename().string();
    const std::string stem = file.substr(0, file.size() - meta_suffix.size());
    for (const std::string_view suffix : {".response.sse", ".response.json", ".response.bin"}) {
      const fs::path response = path.parent_path() / (stem + std::string(suffix));
      if (!fs::exists(response)) continue;
      Recording recording;
      TRY(recording.bytes, read_file(response));
      const std::uint64_t status = number(meta.get_object(), "status");
      recording.status = status == 0 ? 200 : static_cast<int>(status);
      recording.content_type = content_type_of(meta.get_object(), suffix);
      recording.stream = suffix != ".response.json";
      recording.claim = claim_of(meta.get_object());
      const std::string name =
          (path.parent_path().lexically_relative(directory) / stem).generic_string();
      set.recordings_[name] = std::make_shared<const Recording>(std::move(recording));
      break;
    }
  }
  return set;
}

Reply GoldenSet::replay(std::string_view name) const {
  Reply reply;
  const auto found = recordings_.find(name);
  if (found == recordings_.end()) {
    reply.status = 0;
    return reply;
  }
  const auto& recording = found->second;
  reply.status = recording->status;
  reply.content_type = recording->content_type;
  if (recording->stream) {
    reply.events = std::make_unique<Events>(recording);
  } else {
    reply.body = recording->bytes;
    if (recording->status == 200) reply.claim = recording->claim;
  }
  return reply;
}

std::string GoldenSet::near(std::string_view name) const {
  constexpr std::size_t names_max = 5;
  std::vector<std::pair<std::size_t, std::string_view>> ranked;
  for (const auto& [known, recording] : recordings_)
    ranked.emplace_back(distance(name, known), known);
  const auto shown = static_cast<std::ptrdiff_t>(std::min(names_max, ranked.size()));
  std::partial_sort(ranked.begin(), ranked.begin() + shown, ranked.end());
  std::string out;
  for (std::ptrdiff_t i = 0; i < shown; ++i) {
    if (i > 0) out += ", ";
    out += ranked[static_cast<std::size_t>(i)].second;
  }
  return out.empty() ? "no recordings are loaded, see --golden" : out;
}

}  // namespace sluice::sim

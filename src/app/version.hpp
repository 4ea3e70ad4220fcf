#pragma once
/// What this program was built from.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::app {

struct VersionInfo {
  std::string_view version;
  std::string_view commit;  // "unknown" when built outside of a repository
  std::string compiler;
  std::vector<std::pair<std::string_view, std::string>>
      libraries;  // as loaded where the library can tell
};

[[nodiscard]] VersionInfo version_info();
[[nodiscard]] std::string version_text(const VersionInfo& info);
[[nodiscard]] std::string version_json(const VersionInfo& info);

}  // namespace sluice::app

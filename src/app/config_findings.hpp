#pragma once
/// What is wrong or odd in the sources, with places. Inside the loader only.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/config_schema.hpp"

namespace sluice::app {

/// Where a value was given.
struct Origin {
  std::string source;  // "sluice.toml", "SLUICE_SERVER_LISTEN", "--listen"
  unsigned line = 0;   // of a file
  [[nodiscard]] std::string str() const;
};

class Findings {
 public:
  void problem(const Origin& at, std::string what) { problems_.push_back({at, std::move(what)}); }
  void warn(const Origin& at, std::string what) { warnings_.push_back({at, std::move(what)}); }
  /// A secret stands in the file itself: a warning, once, when others may read the file.
  void warn_of_literal(const Origin& at, std::string_view what);
  /// "sluice.toml:12: ..." in the order of the lines of each source.
  [[nodiscard]] std::vector<std::string> problems() const { return listing(problems_); }
  [[nodiscard]] std::vector<std::string> warnings() const { return listing(warnings_); }

  bool absent_secrets_allowed = false;  // see AbsentSecrets
  bool readable_by_others = false;      // the file
  /// Where each key was given last; absent: it has its default.
  std::map<const KeySpec*, Origin> origins;
  /// Where the base URL of each declared account stands: it is judged once [security] is final.
  std::vector<Origin> base_urls;
  /// Likewise the token URL of those that have one, by the account's name.
  std::map<std::string, Origin> token_urls;
  /// Likewise the URL of each webhook.
  std::vector<Origin> webhook_urls;
  /// Variables that a secret was read from: they aren't settings, whatever they are called.
  std::vector<std::string> secret_variables;

 private:
  struct Finding {
    Origin at;
    std::string what;
  };
  static std::vector<std::string> listing(const std::vector<Finding>& findings);
  bool warned_of_mode_ = false;
  std::vector<Finding> problems_;
  std::vector<Finding> warnings_;
};

}  // namespace sluice::app

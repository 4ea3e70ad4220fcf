#include "store/driver.hpp"

namespace sluice::store {

Result<std::unique_ptr<Driver>> make_driver(const DatabaseOptions& options) {
  const std::string_view url = options.url.reveal();
  if (url.starts_with("sqlite://")) return make_sqlite_driver(options);
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
    return make_postgresql_driver(options);
  }
  return fail(Errc::invalid_config, Side::gateway,
              "the URL of the store begins with neither sqlite:// nor postgresql://");
}

}  // namespace sluice::store

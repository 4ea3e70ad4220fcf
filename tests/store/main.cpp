// store_hammer hammer|check SQLITE-FOLDER|POSTGRESQL-URL [COMMITTED]
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "hammer.hpp"

int main(int count, char** arguments) {
  using namespace sluice;
  if (count < 3) {
    std::fputs("Usage: store_hammer hammer|check SQLITE-FOLDER|POSTGRESQL-URL [COMMITTED]\n",
               stderr);
    return 2;
  }
  log::configure(log::Level::warn, log::Format::text);
  const std::string_view verb = arguments[1];
  const std::string where = arguments[2];
  store::DatabaseOptions options;
  options.busy_max =
      Milliseconds(20000);  // the one that was killed may hold its locks for a moment
  if (where.starts_with("postgresql://")) {
    options.url = Secret(where);
  } else {
    options.data_dir = where;
  }
  if (verb == "hammer") {
    const Error error = store::hammer::hammer(options);
    fmt::print(stderr, "{}: {}\n", to_string(error.code), error.context);
    return 1;
  }
  const std::int64_t committed = count > 3 ? std::atoll(arguments[3]) : 0;
  const auto faults = store::hammer::check(options, committed);
  for (const std::string& fault : faults) fmt::print("{}\n", fault);
  return faults.empty() ? 0 : 1;
}

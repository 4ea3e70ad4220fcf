#pragma once
/// What a Database is made of, for the other files of this folder.

#include "store/database.hpp"
#include "store/driver.hpp"
#include "store/session_pool.hpp"

namespace sluice::store {

struct Database::Inside {
  DatabaseOptions options;
  std::span<const Migration> migrations;
  std::unique_ptr<Driver> driver;
  SessionPool pool;

  Inside(const DatabaseOptions& with, std::span<const Migration> known,
         std::unique_ptr<Driver> made)
      : options(with),
        migrations(known),
        driver(std::move(made)),
        pool(*driver, options.connections) {}
};

}  // namespace sluice::store

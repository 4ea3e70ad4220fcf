#pragma once
/// The admin side of a running server: what it manages, who signs in, the API, and the threads on which all of that blocks.

#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <mutex>

#include "admin/admin_api.hpp"
#include "app/config.hpp"
#include "app/front.hpp"
#include "net/blocking_pool.hpp"

namespace sluice::app {

class AdminHost {
 public:
  /// What the program knows of itself, for GET /health.
  using Health = std::function<boost::json::object()>;

  AdminHost(store::Database& database, store::SecretBox& secrets, const Clock& clock,
            const Config& config, Health health);
  AdminHost(const AdminHost&) = delete;
  AdminHost& operator=(const AdminHost&) = delete;
  /// `stop`.
  ~AdminHost();

  /// For the fronts; they are gone before this is.
  [[nodiscard]] AdminSide& side() { return side_; }
  /// After a reload. Any thread.
  void use(const Config& config);
  /// Where there is no user yet and SLUICE_ADMIN_PASSWORD_FILE names a file: the user "admin" with the password on its first
  /// line. Errors  invalid_config, store_unavailable.
  [[nodiscard]] Status make_first_user();
  /// Where there is still none: a link with which the first visitor becomes one, to the log and to the terminal. `base_url` is
  /// where browsers find us. Errors  store_unavailable.
  [[nodiscard]] Status welcome(const std::string& base_url);
  /// Ends the threads, after the workers' own and before their loops go.
  void stop() { pool_.stop(); }

 private:
  [[nodiscard]] admin::ProgramFacts facts(Health health);
  [[nodiscard]] std::shared_ptr<const Config> config() const;

  mutable std::mutex mutex_;
  std::shared_ptr<const Config> config_;
  admin::Management management_;
  admin::SignIn sign_in_;
  admin::AdminApi api_;
  net::BlockingPool pool_;
  AdminSide side_;
};

}  // namespace sluice::app

#pragma once
/// One transaction, as the tables of this folder use it. Others hand it on and look no further.

#include <memory>

#include "store/database.hpp"

namespace soci {
class session;
}

namespace sluice::store {

class Transaction {
 public:
  Transaction(soci::session& session, Engine engine) : session_(session), engine_(engine) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// Throws soci::soci_error; `Database` turns it into an Error.
  [[nodiscard]] soci::session& session() { return session_; }
  [[nodiscard]] Engine engine() const { return engine_; }
  /// What requests read has changed: with the commit, every Watcher is told. Bookkeeping (sessions, activity, audit) doesn't
  /// say this, so that it never costs a new snapshot.
  void touch() { touched_ = true; }
  [[nodiscard]] bool touched() const { return touched_; }

 private:
  soci::session& session_;
  Engine engine_;
  bool touched_ = false;
};

}  // namespace sluice::store

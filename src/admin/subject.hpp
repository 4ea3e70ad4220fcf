#pragma once
/// What is particular to one kind of object, within the flow that all kinds share (management.cpp). One subject serves one
/// operation and keeps what it needs between the steps.

#include <boost/json/object.hpp>
#include <memory>

#include "admin/management.hpp"
#include "admin/rights.hpp"

namespace sluice::admin {

/// What an operation stands on: inside its transaction.
struct Desk {
  store::Transaction& transaction;
  store::SecretBox& secrets;
  const Declared& declared;
  const Actor& actor;
  WallTime now;

  [[nodiscard]] store::Objects objects(Kind kind) const { return {transaction, kind}; }
};

class Subject {
 public:
  virtual ~Subject() = default;

  /// Before the transaction: takes out of `fields` what isn't a part of the document. Slow work belongs here.
  [[nodiscard]] virtual Outcome<void> prepare(boost::json::object& fields, IsNew is_new) = 0;
  /// Sets name, owner and document of `object`.
  [[nodiscard]] virtual Outcome<void> apply(const Desk& desk, const boost::json::object& fields,
                                            store::Object& object, IsNew is_new) = 0;
  /// Whether there is something to settle although the object stayed as it was.
  [[nodiscard]] virtual bool has_more() const { return false; }
  /// The object has been written: stores what stands beside it, and refuses what must not come to be, which takes all of it
  /// back. `before` is null for a new one.
  [[nodiscard]] virtual Outcome<void> settle(const Desk& desk, const store::Object* before,
                                             const store::Object& after) = 0;
  /// The fields of the kind, for people.
  [[nodiscard]] virtual Outcome<View> view(const Desk& desk, const store::Object& object) = 0;
  /// How it is at this moment: shown beside the fields, and no matter of the audit log.
  virtual void show_now(const Desk&, View&) {}
  /// What is shown once, after a creation.
  virtual void show_once(View&) const {}
};

[[nodiscard]] std::unique_ptr<Subject> make_account_subject();
[[nodiscard]] std::unique_ptr<Subject> make_pool_subject();
[[nodiscard]] std::unique_ptr<Subject> make_key_subject();
[[nodiscard]] std::unique_ptr<Subject> make_user_subject();
[[nodiscard]] std::unique_ptr<Subject> make_token_subject();
[[nodiscard]] std::unique_ptr<Subject> make_subject(Kind kind);

/// The whole view: id, name, version, the fields of the kind, times.
[[nodiscard]] Outcome<View> view_of(const Desk& desk, Subject& subject,
                                    const store::Object& object);

}  // namespace sluice::admin

#pragma once
/// Steps that the operations of Management share. Inside of it only.

#include <functional>
#include <string>
#include <string_view>

#include "admin/subject.hpp"

namespace sluice::admin {

enum class Access : std::uint8_t { read, write };

/// Runs `work` in one transaction; a refusal takes back what it did, and keeps its field.
template <class T>
Outcome<T> in_transaction(store::Database& database, Access access,
                          const std::function<Outcome<T>(store::Transaction&)>& work) {
  std::optional<Refusal> refusal;
  const auto run = [&](store::Transaction& transaction) -> Result<T> {
    refusal.reset();
    auto done = work(transaction);
    if (done) return *std::move(done);
    refusal = std::move(done.error());
    return fail(refusal->code, Side::client, refusal->message);
  };
  auto result = access == Access::read ? database.read<T>(run) : database.write<T>(run);
  if (result) return *std::move(result);
  if (refusal) return std::unexpected(*std::move(refusal));
  return std::unexpected(Refusal(std::move(result.error())));
}

/// By id, else by name; with the reach `own` only what belongs to the actor. Errors  not_found.
[[nodiscard]] Outcome<store::Object> find_object(const Desk& desk, Kind kind,
                                                 std::string_view which, identity::Reach reach);
/// The same for a change: it isn't removed, nor declared, and still at `version`.
[[nodiscard]] Outcome<store::Object> find_to_change(const Desk& desk, Kind kind,
                                                    std::string_view which, identity::Reach reach,
                                                    std::optional<std::int64_t> version);

/// Writes `after`, counts its version up, and settles.
[[nodiscard]] Outcome<void> write_change(const Desk& desk, Kind kind, Subject& subject,
                                         const store::Object& before, store::Object& after);
/// The line of the audit log; `before` is empty where there was nothing.
void write_audit(const Desk& desk, Kind kind, std::string_view action, const store::Object& object,
                 const View& before, const View& after);

}  // namespace sluice::admin

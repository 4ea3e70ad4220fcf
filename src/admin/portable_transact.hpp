#pragma once
/// A transaction whose work gives an Outcome, and which a dry run takes back.

#include <functional>
#include <optional>

#include "admin/portable.hpp"

namespace sluice::admin {

template <class T>
[[nodiscard]] Outcome<T> transact(store::Database& database, DryRun dry_run,
                                  const std::function<Outcome<T>(store::Transaction&)>& work) {
  std::optional<Outcome<T>> outcome;  // outlives what is taken back
  const auto kept = database.write<bool>([&](store::Transaction& transaction) -> Result<bool> {
    outcome = work(transaction);
    const bool keep = *outcome && dry_run == DryRun::no;
    if (keep) return true;
    return fail(Errc::cancelled, Side::gateway, "taken back");
  });
  // Whatever else went wrong went wrong in the store.
  if (!kept && kept.error().code != Errc::cancelled) return std::unexpected(Refusal(kept.error()));
  return *std::move(outcome);
}

}  // namespace sluice::admin

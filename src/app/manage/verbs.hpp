#pragma once
/// The management commands, each from an open store to its output.

#include "app/manage/desk.hpp"

namespace sluice::app::manage {

// --- objects: accounts, pools, keys, users, tokens ---
[[nodiscard]] Done add(Desk& desk, const Invocation& invocation);
[[nodiscard]] Done list(Desk& desk, const Invocation& invocation);
[[nodiscard]] Done show(Desk& desk, const Invocation& invocation);
[[nodiscard]] Done set(Desk& desk, const Invocation& invocation);
[[nodiscard]] Done switch_to(Desk& desk, const Invocation& invocation, bool enabled);
[[nodiscard]] Done rotate(Desk& desk, const Invocation& invocation);
[[nodiscard]] Done remove(Desk& desk, const Invocation& invocation);
[[nodiscard]] Done restore(Desk& desk, const Invocation& invocation);
[[nodiscard]] Done reset_password(Desk& desk, const Invocation& invocation);
[[nodiscard]] Done lift(Desk& desk, const Invocation& invocation);
[[nodiscard]] Done test(Desk& desk, const Invocation& invocation);

// --- the store as a whole ---
[[nodiscard]] Done rotate_secrets(Desk& desk, const Invocation& invocation);
[[nodiscard]] Done back_up(Desk& desk, const Invocation& invocation);
[[nodiscard]] Done restore_store(Desk& desk, const Invocation& invocation);
[[nodiscard]] Done export_all(Desk& desk, const Invocation& invocation);
[[nodiscard]] Done import_all(Desk& desk, const Invocation& invocation);
[[nodiscard]] Done import_from_crs(Desk& desk, const Invocation& invocation);
[[nodiscard]] Done list_audit(Desk& desk, const Invocation& invocation);

}  // namespace sluice::app::manage

#include "app/manage/views.hpp"

#include <fmt/format.h>

#include <array>

#include "app/manage/words.hpp"
#include "identity/key_grammar.hpp"

namespace sluice::app::manage {
namespace {

using View = admin::View;

Cell plain(std::string text) { return {std::move(text), Tone::plain}; }

std::optional<WallTime> time_at(const View& view, std::string_view path) {
  return identity::parse_rfc3339(text_at(view, path));
}

/// "3 h ago" of a time; other texts ("30d after first use") as they are.
std::string when(const View& view, std::string_view path, WallTime now) {
  const auto time = time_at(view, path);
  return time ? relative_time(*time, now) : text_at(view, path);
}

/// Empty lists are most often "no restriction".
std::string listed(const View& view, std::string_view path, std::string_view nothing) {
  const std::string text = text_at(view, path);
  return text.empty() ? std::string(nothing) : text;
}

/// "active", "disabled", "expired", "unauthorized", ... as Management says it; of declared ones that where they are well.
Cell state_of(const View& view, WallTime) {
  const std::string state = text_at(view, "state");
  if (state == "removed") return {state, Tone::faint};
  if (state != "active") return {state, Tone::bad};
  if (text_at(view, "declared") == "yes") return {"declared", Tone::good};
  return {state, Tone::good};
}

/// "529 overloaded_error" of the account; of one that is used but for some models how many those are.
Cell reason_cell(const View& view, WallTime) {
  const std::string reason = text_at(view, "state_reason");
  if (!reason.empty()) return plain(reason);
  const auto* rests = value_at(view, "rests").if_array();
  if (rests == nullptr || rests->empty() || text_at(view, "state") != "active") return plain("");
  if (rests->size() > 1) return plain(fmt::format("{} models rest", rests->size()));
  const auto* rest = rests->front().if_object();
  return plain(rest == nullptr
                   ? ""
                   : fmt::format("{}: {}", text_at(*rest, "model"), text_at(*rest, "reason")));
}
/// "12.5 %" of 0.125.
std::string share(const View& view, std::string_view path) {
  const auto& value = value_at(view, path);
  if (!value.is_number()) return {};
  const double percent = value.to_number<double>() * 100;
  return fmt::format("{:.{}f} %", percent, percent > 0 && percent < 10 ? 1 : 0);
}
Cell errors_cell(const View& view, WallTime) {
  std::string text = share(view, "error_rate");
  constexpr double many = 0.1;
  const auto& value = value_at(view, "error_rate");
  const bool bad = value.is_number() && value.to_number<double>() > many;
  return {std::move(text), bad ? Tone::bad : Tone::plain};
}
Cell first_event_cell(const View& view, WallTime) {
  const std::string ms = text_at(view, "first_event_ms");
  if (ms.empty()) return plain("");
  return {ms + " ms", text_at(view, "slow") == "yes" ? Tone::bad : Tone::plain};
}

/// "claude-x: cooling until 2026-01-01T00:00:00Z (in 4 min), 529 overloaded_error".
std::string rest_text(const View& rest, WallTime now) {
  const std::string model = text_at(rest, "model");
  std::string out =
      fmt::format("{}: {}", model.empty() ? "all models" : model, text_at(rest, "state"));
  if (const auto until = time_at(rest, "until")) {
    out += fmt::format(" until {} ({})", text_at(rest, "until"), relative_time(*until, now));
  }
  return fmt::format("{}, {}", out, text_at(rest, "reason"));
}

struct Column {
  std::string_view title;
  Cell (*cell)(const View&, WallTime now);
};

Cell name_cell(const View& view, WallTime) { return plain(text_at(view, "name")); }
Cell id_cell(const View& view, WallTime) { return {text_at(view, "id"), Tone::faint}; }
Cell updated_cell(const View& view, WallTime now) { return plain(when(view, "updated", now)); }
Cell role_cell(const View& view, WallTime) { return plain(text_at(view, "role")); }
Cell note_cell(const View& view, WallTime) { return plain(text_at(view, "note")); }
Cell hint_cell(const View& view, WallTime) { return plain(text_at(view, "secret_hint")); }
Cell credential_cell(const View& view, WallTime) {
  return plain(fmt::format("{} {}", text_at(view, "credential.kind"),
                           text_at(view, "credential.secret_hint")));
}
/// Those that are set: a concurrency of 0 is no cap.
Cell limits_cell(const View& view, WallTime) {
  const auto& limits = value_at(view, "limits");
  std::string out;
  if (!limits.is_object()) return plain(out);
  for (const auto& limit : limits.get_object()) {
    const std::string text = value_text(limit.value());
    if (text.empty() || text == "0") continue;
    out += fmt::format("{}{}={}", out.empty() ? "" : ", ",
                       std::string_view(limit.key().data(), limit.key().size()), text);
  }
  return plain(out);
}
Cell pools_cell(const View& view, WallTime) { return plain(text_at(view, "pools")); }
Cell models_cell(const View& view, WallTime) { return plain(listed(view, "models", "all")); }
Cell expires_cell(const View& view, WallTime now) {
  const std::string text = when(view, "expires", now);
  return plain(text.empty() ? "never" : text);
}

const std::vector<Column>& columns_of(admin::Kind kind) {
  static const std::vector<Column> accounts = {
      {"NAME", name_cell},
      {"STATE", state_of},
      {"REASON", reason_cell},
      {"UNTIL",
       [](const View& view, WallTime now) { return plain(when(view, "state_until", now)); }},
      {"IN FLIGHT", [](const View& view, WallTime) { return plain(text_at(view, "in_flight")); }},
      {"FIRST EVENT", first_event_cell},
      {"ERRORS (30 s)", errors_cell},
      {"CACHE", [](const View& view, WallTime) { return plain(share(view, "cache_hit_rate")); }},
      {"PROVIDER", [](const View& view, WallTime) { return plain(text_at(view, "provider")); }},
      {"PRIORITY", [](const View& view, WallTime) { return plain(text_at(view, "priority")); }},
      {"MODELS", models_cell},
      {"POOLS", pools_cell},
      {"CREDENTIAL", credential_cell},
      {"CHANGED", updated_cell},
      {"ID", id_cell}};
  static const std::vector<Column> keys = {
      {"NAME", name_cell},
      {"STATE", state_of},
      {"SECRET", hint_cell},
      {"POOLS", pools_cell},
      {"LIMITS", limits_cell},
      {"BUDGETS", [](const View& view, WallTime) { return plain(text_at(view, "budgets")); }},
      {"EXPIRES", expires_cell},
      {"USED", [](const View& view, WallTime now) { return plain(when(view, "last_used", now)); }},
      {"ID", id_cell}};
  static const std::vector<Column> users = {{"NAME", name_cell},       {"STATE", state_of},
                                            {"ROLE", role_cell},       {"NOTE", note_cell},
                                            {"CHANGED", updated_cell}, {"ID", id_cell}};
  static const std::vector<Column> pools = {
      {"NAME", name_cell}, {"NOTE", note_cell}, {"CHANGED", updated_cell}, {"ID", id_cell}};
  static const std::vector<Column> tokens = {
      {"NAME", name_cell},
      {"STATE", state_of},
      {"ROLE", role_cell},
      {"SCOPES", [](const View& view, WallTime) { return plain(text_at(view, "scopes")); }},
      {"SECRET", hint_cell},
      {"EXPIRES", expires_cell},
      {"ID", id_cell}};
  switch (kind) {
    case admin::Kind::account: return accounts;
    case admin::Kind::pool: return pools;
    case admin::Kind::key: return keys;
    case admin::Kind::user: return users;
    case admin::Kind::token: return tokens;
  }
  return accounts;
}

/// A column that is empty in every row says nothing.
bool is_used(const Column& column, const std::vector<View>& views, WallTime now) {
  return std::any_of(views.begin(), views.end(),
                     [&](const View& view) { return !column.cell(view, now).text.empty(); });
}

}  // namespace

std::string list_of_views(admin::Kind kind, const std::vector<View>& views, WallTime now,
                          const TextStyle& style) {
  std::vector<std::string_view> titles;
  std::vector<std::vector<Cell>> rows(views.size());
  for (const Column& column : columns_of(kind)) {
    if (!is_used(column, views, now)) continue;
    titles.push_back(column.title);
    for (std::size_t i = 0; i < views.size(); ++i) rows[i].push_back(column.cell(views[i], now));
  }
  return table_text(titles, rows, style);
}

std::string view_text(const View& view, WallTime now, const TextStyle& style) {
  std::vector<std::pair<std::string, Cell>> lines;
  for (const auto& member : view) {
    const std::string name(member.key().data(), member.key().size());
    if (const auto* rests = name == "rests" ? member.value().if_array() : nullptr) {
      for (const auto& rest : *rests) {
        if (!rest.is_object()) continue;
        lines.emplace_back("rest", Cell{rest_text(rest.get_object(), now), Tone::bad});
      }
      continue;
    }
    std::string text = value_text(member.value());
    if (text.empty()) continue;
    if (const auto time = time_at(view, name))
      text += fmt::format(" ({})", relative_time(*time, now));
    const Tone tone = name == "state" ? state_of(view, now).tone : Tone::plain;
    lines.emplace_back(name, Cell{std::move(text), tone});
  }
  return list_text(lines, style);
}

}  // namespace sluice::app::manage

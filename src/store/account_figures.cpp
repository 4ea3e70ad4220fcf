#include "store/account_figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>

#include "store/statement.hpp"

namespace sluice::store {

namespace {

/// A trip to the server for each account would hold up the other writers.
constexpr std::size_t rows_of_a_batch = 200;

AccountFigures figures_of(const Row& row) {
  return {
      .account = row.text("account_id"), .node = row.text("node"), .figures = row.text("figures")};
}

constexpr const char* select =
    "SELECT account_id, node, figures FROM account_figures "
    "JOIN nodes ON nodes.id = account_figures.node WHERE nodes.seen_at > :since ";

void put_batch(Transaction& transaction, std::span<const AccountFigures> figures) {
  std::string rows;
  for (std::size_t i = 0; i < figures.size(); ++i) {
    fmt::format_to(std::back_inserter(rows), "{}(:account{}, :node{}, :figures{})",
                   i == 0 ? "" : ", ", i, i, i);
  }
  Statement statement(transaction,
                      "INSERT INTO account_figures (account_id, node, figures) VALUES " + rows +
                          " ON CONFLICT (account_id, node) DO UPDATE SET figures = "
                          "excluded.figures");
  for (std::size_t i = 0; i < figures.size(); ++i) {
    const std::string number = std::to_string(i);
    statement.text("account" + number, figures[i].account)
        .text("node" + number, figures[i].node)
        .text("figures" + number, figures[i].figures);
  }
  statement.run();
}

}  // namespace

void AccountFigureTable::seen(std::string_view node, std::string_view name, WallTime now) {
  Statement(transaction_,
            "INSERT INTO nodes (id, name, seen_at) VALUES (:id, :name, :now) "
            "ON CONFLICT (id) DO UPDATE SET name = excluded.name, seen_at = excluded.seen_at")
      .text("id", node)
      .text("name", name)
      .time("now", now)
      .run();
  Statement(transaction_, "DELETE FROM nodes WHERE seen_at < :than")
      .time("than", now - forgotten_after)
      .run();
  Statement(transaction_, "DELETE FROM account_figures WHERE node NOT IN (SELECT id FROM nodes)")
      .run();
}

void AccountFigureTable::put(const std::vector<AccountFigures>& figures) {
  const std::span<const AccountFigures> all(figures);
  for (std::size_t at = 0; at < all.size(); at += rows_of_a_batch) {
    put_batch(transaction_, all.subspan(at, std::min(rows_of_a_batch, all.size() - at)));
  }
}

void AccountFigureTable::drop(std::string_view account, std::string_view node) {
  Statement(transaction_,
            "DELETE FROM account_figures WHERE account_id = :account AND node = :node")
      .text("account", account)
      .text("node", node)
      .run();
}

void AccountFigureTable::leave(std::string_view node) {
  Statement(transaction_, "DELETE FROM account_figures WHERE node = :node")
      .text("node", node)
      .run();
  Statement(transaction_, "DELETE FROM nodes WHERE id = :node").text("node", node).run();
}

std::vector<AccountFigures> AccountFigureTable::of(std::string_view account, WallTime now) {
  Statement statement(transaction_,
                      std::string(select) + "AND account_id = :account ORDER BY node");
  return collect(statement.time("since", now - stale_after).text("account", account), figures_of);
}

std::vector<AccountFigures> AccountFigureTable::all(WallTime now) {
  Statement statement(transaction_, std::string(select) + "ORDER BY account_id, node");
  return collect(statement.time("since", now - stale_after), figures_of);
}

}  // namespace sluice::store

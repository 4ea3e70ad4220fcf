#include "admin/key_suffixes.hpp"

#include <fmt/format.h>

namespace sluice::admin {
namespace {

// No object has such an id: they are ULIDs.
constexpr std::string_view owner = "key_suffixes";

std::string name_of(std::size_t index) { return fmt::format("suffix_{}", index); }

}  // namespace

Result<std::vector<Secret>> load_key_suffixes(store::Transaction& transaction,
                                              store::SecretBox& secrets) {
  std::vector<Secret> out;
  for (;;) {
    TRY(auto found, secrets.find(transaction, owner, name_of(out.size())));
    if (!found) return out;
    out.push_back(std::move(found->secret));
  }
}

Status add_key_suffix(store::Transaction& transaction, store::SecretBox& secrets,
                      const Secret& suffix, WallTime now) {
  TRY(const auto known, load_key_suffixes(transaction, secrets));
  for (const Secret& one : known) {
    if (equal_constant_time(one.reveal(), suffix.reveal())) return {};
  }
  if (known.size() >= key_suffixes_max) {
    return fail(Errc::invalid_request, Side::client,
                fmt::format("keys of at most {} other relays can be known by their old hashes",
                            key_suffixes_max));
  }
  return secrets.put(transaction, owner, name_of(known.size()), suffix, now);
}

}  // namespace sluice::admin

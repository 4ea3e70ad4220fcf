#include "admin/pool_use.hpp"

#include <boost/json/parse.hpp>

namespace sluice::admin {
namespace {

namespace json = boost::json;

/// Only its pools are read: what else may be wrong with the document is told elsewhere.
void count(const std::vector<store::Object>& objects, std::size_t PoolUse::* of,
           std::map<std::string, PoolUse>& out) {
  for (const store::Object& object : objects) {
    boost::system::error_code error;
    const json::value document = json::parse(object.document, error);
    if (error || !document.is_object()) continue;
    const json::value* pools = document.get_object().if_contains("pools");
    if (pools == nullptr || !pools->is_array()) continue;
    for (const json::value& pool : pools->get_array()) {
      if (pool.is_string()) out[std::string(pool.get_string())].*of += 1;
    }
  }
}

template <class Declarations>
void count_declared(const Declarations& declared, std::size_t PoolUse::* of,
                    std::map<std::string, PoolUse>& out) {
  for (const auto& one : declared) {
    for (const std::string& pool : one.pools) out[pool].*of += 1;
  }
}

}  // namespace

std::map<std::string, PoolUse> pool_use(const Desk& desk) {
  std::map<std::string, PoolUse> out;
  count(desk.objects(Kind::account).all(), &PoolUse::accounts, out);
  count(desk.objects(Kind::key).all(), &PoolUse::keys, out);
  count_declared(desk.declared.accounts, &PoolUse::accounts, out);
  count_declared(desk.declared.keys, &PoolUse::keys, out);
  return out;
}

View pool_fields(const Pool& pool, const PoolUse& use) {
  View view = pool_document(pool);
  view["implicit"] = pool.id.empty();
  view["accounts"] = use.accounts;
  view["keys"] = use.keys;
  return view;
}

View implicit_pool_view(const std::string& name, const PoolUse& use) {
  View view;
  view["id"] = "implicit:" + name;
  view["name"] = name;
  view["version"] = 0;
  view["declared"] = false;
  const View fields = pool_fields(Pool{}, use);
  for (const auto& member : fields) view[member.key()] = member.value();
  view["created"] = nullptr;
  view["updated"] = nullptr;
  return view;
}

}  // namespace sluice::admin

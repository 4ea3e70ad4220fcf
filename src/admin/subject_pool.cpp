// Pools that somebody describes.

#include <optional>

#include "admin/document.hpp"
#include "admin/pool_use.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;
using store::Object;

class PoolSubject final : public Subject {
 public:
  Outcome<void> prepare(json::object&, IsNew) override { return {}; }

  Outcome<void> apply(const Desk&, const json::object& fields, Object& object,
                      IsNew is_new) override {
    Pool pool;
    if (is_new == IsNew::no) {
      TRY(pool, read_pool(object));
    }
    CHECK_OK(apply_pool_fields(fields, pool));
    if (pool.name.empty()) return refuse_field("name", "is missing");
    if (is_new == IsNew::no && pool.name != object.name) {
      return refuse_field("name",
                          "of a pool can't change: accounts and keys name it; put them into "
                          "another pool instead");
    }
    object.name = pool.name;
    object.document = serialized(pool_document(pool));
    return {};
  }

  Outcome<void> settle(const Desk&, const Object*, const Object&) override { return {}; }

  Outcome<View> view(const Desk& desk, const Object& object) override {
    TRY(const Pool pool, read_pool(object));
    if (!use_) use_ = pool_use(desk);
    const auto found = use_->find(pool.name);
    return pool_fields(pool, found == use_->end() ? PoolUse() : found->second);
  }

 private:
  std::optional<std::map<std::string, PoolUse>> use_;  // read once for a whole list
};

}  // namespace

std::unique_ptr<Subject> make_pool_subject() { return std::make_unique<PoolSubject>(); }

}  // namespace sluice::admin

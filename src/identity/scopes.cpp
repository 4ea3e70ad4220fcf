// Scopes: the words that limit an admin token.

#include "base/names.hpp"
#include "identity/roles.hpp"

namespace sluice::identity {
namespace {

constexpr std::uint32_t every_resource = (1U << all_resources.size()) - 1;

constexpr std::uint32_t bit(Resource resource) { return 1U << static_cast<unsigned>(resource); }

std::vector<std::string> known_words() {
  std::vector<std::string> words{"*", "read", "write"};
  for (const Resource resource : all_resources) {
    words.push_back(std::string(to_string(resource)) + ":read");
    words.push_back(std::string(to_string(resource)) + ":write");
  }
  return words;
}

}  // namespace

Scopes Scopes::all() {
  Scopes scopes;
  scopes.read_ = scopes.write_ = every_resource;
  return scopes;
}

Result<Scopes> Scopes::parse(std::span<const std::string> words) {
  Scopes scopes;
  const auto add = [&](std::uint32_t resources, std::string_view kind) {
    if (kind != "write") scopes.read_ |= resources;
    if (kind != "read") scopes.write_ |= resources;
  };
  const auto take = [&](const std::string& word) {
    if (word == "*" || word == "read" || word == "write") {
      add(every_resource, word);
      return true;
    }
    for (const Resource resource : all_resources) {
      for (const std::string_view kind : {"read", "write"}) {
        if (word != std::string(to_string(resource)).append(":").append(kind)) continue;
        add(bit(resource), kind);
        return true;
      }
    }
    return false;
  };
  for (const std::string& word : words) {
    if (!take(word)) {
      return fail(Errc::invalid_request, Side::client,
                  "\"" + word + "\" is not a scope" + did_you_mean(word, known_words()) +
                      ": there are *, read, write, RESOURCE:read and RESOURCE:write");
    }
  }
  if (scopes == Scopes()) {
    return fail(Errc::invalid_request, Side::client,
                "a token without a scope could do nothing: name one, or * for all");
  }
  return scopes;
}

bool Scopes::permit(Resource resource, Action action) const {
  return ((action == Action::read ? read_ : write_) & bit(resource)) != 0;
}

bool Scopes::include(const Scopes& other) const {
  return (other.read_ & ~read_) == 0 && (other.write_ & ~write_) == 0;
}

std::vector<std::string> Scopes::words() const {
  if (*this == all()) return {"*"};
  std::vector<std::string> words;
  const auto tell = [&](std::uint32_t resources, const char* kind) {
    if (resources == every_resource) {
      words.emplace_back(kind);
      return;
    }
    for (const Resource resource : all_resources) {
      if ((resources & bit(resource)) != 0)
        words.push_back(std::string(to_string(resource)) + ":" + kind);
    }
  };
  tell(read_, "read");
  tell(write_, "write");
  return words;
}

}  // namespace sluice::identity

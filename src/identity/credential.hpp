#pragma once
/// Where the SDKs put a client's key: `x-api-key`, `Authorization: Bearer`, `x-goog-api-key`,
/// `api-key`, `?key=`.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace sluice::identity {

/// What a client presented, as its SHA-256: the credential itself goes no further than the finder.
struct Presented {
  Sha256 hash{};
  std::vector<Sha256> suffixed;  // of the credential with each suffix behind it, see KeyDirectory
};

/// Told of every header and of the query, it knows the one credential of a request.
///
///     CredentialFinder finder;
///     for (const auto& field : head.headers) finder.on_header(field.name, field.value);
///     finder.on_query(query);
///     TRY(const Presented presented, finder.result());
///
/// The same credential in two places is one credential; empty values and other schemes of
/// `Authorization` are none. Lifetime  what it was told of must outlive it. Errors invalid_request
/// for two different credentials, invalid_key for none (Side::client both).
class CredentialFinder {
 public:
  CredentialFinder() = default;
  CredentialFinder(const CredentialFinder&) = delete;  // may point into itself
  CredentialFinder& operator=(const CredentialFinder&) = delete;

  void on_header(std::string_view name, std::string_view value);
  /// Without the '?'; names and values are percent-decoded.
  void on_query(std::string_view query);
  [[nodiscard]] Result<Presented> result(std::span<const Secret> suffixes = {}) const;

 private:
  void add(std::string_view credential);

  std::string_view credential_;
  bool ambiguous_ = false;
  std::string decoded_;  // holds the value of ?key= where it had escapes
};

/// The same for a whole head: anything whose `headers` have `name` and `value`.
template <class Head>
[[nodiscard]] Result<Presented> present_credential(const Head& head, std::string_view query,
                                                   std::span<const Secret> suffixes = {}) {
  CredentialFinder finder;
  for (const auto& field : head.headers) finder.on_header(field.name, field.value);
  finder.on_query(query);
  return finder.result(suffixes);
}

/// The query without its `key=` parameters, the rest byte for byte: for logs and for the way on.
///
///     strip_key_query("alt=sse&key=sk-slc-x")   // "alt=sse"
[[nodiscard]] std::string strip_key_query(std::string_view query);

/// Whether a header carries a client's credential, and so never goes on to a provider or into a
/// log.
[[nodiscard]] bool is_credential_header(std::string_view name);

}  // namespace sluice::identity

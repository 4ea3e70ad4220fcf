#pragma once
/// Numbers with a unit and ids with a meaning: a type each, so that a call reads without its declaration.

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace sluice {

/// A count of one kind of thing. Explicit in, `.count()` out; adds to and compares with its own kind only.
template <class Tag>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(std::int64_t count) : count_(count) {}
  [[nodiscard]] constexpr std::int64_t count() const { return count_; }
  constexpr Quantity& operator+=(Quantity other) {
    count_ += other.count_;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) {
    count_ -= other.count_;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return a += b; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return a -= b; }
  friend constexpr auto operator<=>(Quantity, Quantity) = default;

 private:
  std::int64_t count_ = 0;
};

using Tokens = Quantity<struct TokensTag>;
using NanoUsd = Quantity<struct NanoUsdTag>;  // 1e-9 USD: what the ledger holds
using PicoUsd = Quantity<struct PicoUsdTag>;  // 1e-12 USD
using PicoUsdPerToken =
    Quantity<struct PicoUsdPerTokenTag>;  // the same integer as micro-USD per million tokens

/// A name of one kind of thing: compares and hashes, no arithmetic.
template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& str() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  friend auto operator<=>(const Id&, const Id&) = default;

 private:
  std::string text_;
};

using AccountId = Id<struct AccountTag>;
using KeyId = Id<struct KeyTag>;

}  // namespace sluice

template <class Tag>
struct std::hash<sluice::Id<Tag>> {
  std::size_t operator()(const sluice::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.str());
  }
};

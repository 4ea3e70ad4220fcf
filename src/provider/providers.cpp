#include "provider/providers.hpp"

#include <array>

namespace sluice::provider {
namespace {

constexpr std::array<ProviderSpec, 8> table = {{
    {"anthropic", "https://api.anthropic.com", true, true},
    {"anthropic-compatible", "", true, false},
    {"openai", "https://api.openai.com", false, true},
    {"openai-compatible", "", false, false},
    {"azure-openai", "", false, true},
    {"gemini", "https://generativelanguage.googleapis.com", false, true},
    {"vertex", "", false, false},
    {"bedrock", "", false, false},
}};

constexpr std::array<std::string_view, 5> dialects = {"anthropic", "openai-chat",
                                                      "openai-responses", "gemini", "bedrock"};

}  // namespace

std::span<const ProviderSpec> providers() { return table; }

const ProviderSpec* find_provider(std::string_view name) {
  for (const ProviderSpec& provider : table) {
    if (provider.name == name) return &provider;
  }
  return nullptr;
}

std::vector<std::string> provider_names() {
  std::vector<std::string> out;
  for (const ProviderSpec& provider : table) out.emplace_back(provider.name);
  return out;
}

std::span<const std::string_view> dialect_names() { return dialects; }

}  // namespace sluice::provider

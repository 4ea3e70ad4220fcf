#pragma once
/// Gives memory back now. `text = {}` doesn't: libstdc++ keeps the buffer of a string that is assigned an empty one.

#include <string>

namespace sluice {

inline void release(std::string& text) { std::string().swap(text); }

}  // namespace sluice

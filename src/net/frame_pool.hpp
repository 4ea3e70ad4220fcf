#pragma once
/// Memory of coroutine frames, kept by the thread that let it go: a request makes a dozen frames, and those above 1 KiB
/// would go past malloc's own per-thread cache each time.

#include <array>
#include <cstddef>
#include <new>

namespace sluice::net::frame_pool {

inline constexpr std::size_t class_bytes = 128;
inline constexpr std::size_t classes = 32;  // frames up to 4 KiB
inline constexpr std::size_t kept_per_class =
    64;  // 64 x (128 + ... + 4096) = at most 4.2 MiB a thread

struct Cache {
  struct Free {
    Free* next;
  };
  struct Class {
    Free* first = nullptr;
    std::size_t count = 0;
  };
  std::array<Class, classes> by_size{};
  bool closed = false;  // the thread ends: what comes now is not kept
  Cache() = default;
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;
  ~Cache() {
    closed = true;
    for (Class& cls : by_size) {
      while (cls.first != nullptr) {
        Free* const block = cls.first;
        cls.first = block->next;
        ::operator delete(block);
      }
    }
  }
};

inline Cache& cache() {
  thread_local Cache instance;
  return instance;
}

inline void* allocate(std::size_t size) {
  const std::size_t index = (size - 1) / class_bytes;
  if (index >= classes) return ::operator new(size);
  Cache::Class& cls = cache().by_size[index];
  if (cls.first == nullptr) return ::operator new((index + 1) * class_bytes);
  Cache::Free* const block = cls.first;
  cls.first = block->next;
  --cls.count;
  return block;
}

inline void deallocate(void* memory, std::size_t size) noexcept {
  const std::size_t index = (size - 1) / class_bytes;
  Cache& mine = cache();
  if (index >= classes || mine.closed || mine.by_size[index].count >= kept_per_class) {
    ::operator delete(memory);
    return;
  }
  Cache::Class& cls = mine.by_size[index];
  cls.first = new (memory) Cache::Free{cls.first};
  ++cls.count;
}

}  // namespace sluice::net::frame_pool

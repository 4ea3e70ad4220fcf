#pragma once
/// Memory of coroutine frames and of what else each request makes anew, kept by the thread that let it go: a request makes
/// a dozen frames, and those above 1 KiB would go past malloc's own per-thread cache each time.

#include <array>
#include <cstddef>
#include <new>

namespace sluice::net::frame_pool {

inline constexpr std::size_t class_bytes = 128;
inline constexpr std::size_t classes = 32;                       // frames up to 4 KiB
inline constexpr std::size_t kept_bytes_per_class = 256 * 1024;  // at most 8 MiB a thread

struct Cache {
  struct Free {
    Free* next;
  };
  struct Class {
    Free* first = nullptr;
    std::size_t bytes = 0;
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
  cls.bytes -= (index + 1) * class_bytes;
  return block;
}

inline void deallocate(void* memory, std::size_t size) noexcept {
  const std::size_t index = (size - 1) / class_bytes;
  Cache& mine = cache();
  if (index >= classes || mine.closed || mine.by_size[index].bytes >= kept_bytes_per_class) {
    ::operator delete(memory);
    return;
  }
  Cache::Class& cls = mine.by_size[index];
  cls.first = new (memory) Cache::Free{cls.first};
  cls.bytes += (index + 1) * class_bytes;
}

}  // namespace sluice::net::frame_pool

namespace sluice::net {

/// A base whose heirs come from the thread's pool; under AddressSanitizer from the heap, where a use after free is seen.
struct Pooled {
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)
  static void* operator new(std::size_t size) { return frame_pool::allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept {
    frame_pool::deallocate(memory, size);
  }
#endif
};

}  // namespace sluice::net

#include "support/allocations.hpp"

#include <atomic>
#include <cstddef>

namespace {
std::atomic<long> count{0};
}  // namespace

extern "C" {
void* __real_malloc(std::size_t size);
void* __wrap_malloc(std::size_t size) {
  ++count;
  return __real_malloc(size);
}
void* __real_calloc(std::size_t items, std::size_t size);
void* __wrap_calloc(std::size_t items, std::size_t size) {
  ++count;
  return __real_calloc(items, size);
}
void* __real_realloc(void* memory, std::size_t size);
void* __wrap_realloc(void* memory, std::size_t size) {
  ++count;
  return __real_realloc(memory, size);
}
void* __real__Znwm(std::size_t size);  // operator new(size_t)
void* __wrap__Znwm(std::size_t size) {
  ++count;
  return __real__Znwm(size);
}
// operator new(size_t, align_val_t)
void* __real__ZnwmSt11align_val_t(std::size_t size, std::size_t alignment);
void* __wrap__ZnwmSt11align_val_t(std::size_t size, std::size_t alignment) {
  ++count;
  return __real__ZnwmSt11align_val_t(size, alignment);
}
}

namespace twofold::test {

long allocations() noexcept {
  return count;
}

}  // namespace twofold::test

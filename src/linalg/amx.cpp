#include "amx.hpp"

#include <cstdint>

#if defined(__x86_64__)

#include <sys/syscall.h>
#include <unistd.h>

#include "twofold/core/processor.hpp"

namespace twofold::amx {
namespace {

bool ask() noexcept {
  if (!has(Instructions::Amx)) return false;
  constexpr long kRequestState = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM
  return syscall(SYS_arch_prctl, kRequestState, kTileData) == 0;
}

}  // namespace

bool available() noexcept {
  static const bool granted = ask();
  return granted;
}

Session::Session() noexcept {
  struct alignas(64) {
    std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
    std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } config;
  static_assert(sizeof config == 64);
  asm volatile("ldtilecfg %0" ::"m"(config) : "memory");
}

}  // namespace twofold::amx

#else

namespace twofold::amx {

bool available() noexcept {
  return false;
}

}  // namespace twofold::amx

#endif

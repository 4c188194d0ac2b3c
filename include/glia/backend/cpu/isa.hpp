#pragma once

#include <type_traits>

/// Instruction sets. Kernels are structs with an always-inlined `template <class I> static void
/// run(...)`; `run_on` compiles them once per set in functions that carry the target attribute, so
/// that a program built for the baseline still uses what the processor has.
///
/// Rules for kernels: everything they call is always_inline or a compiler builtin; vectors are
/// passed by reference (their calling convention depends on the target); no lambdas, which do not
/// inherit the target.
namespace glia::isa {

/// What any processor of the target has: 16-byte vectors.
struct Generic {
  static constexpr int bytes = 16;
};
/// AVX2 and FMA.
struct Avx2 {
  static constexpr int bytes = 32;
};
/// AVX-512 F, VL, BW, DQ.
struct Avx512 {
  static constexpr int bytes = 64;
};
/// The widest of them that the processor has, asked at run time.
struct Detect {};

}  // namespace glia::isa

namespace glia::cpu {

enum class Isa { generic, avx2, avx512 };

/// The widest instruction set that processor and operating system support.
[[nodiscard]] inline Isa detect_isa() {
#if defined(__x86_64__)
  __builtin_cpu_init();  // static initialisers of a program may run before the runtime's
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
    return Isa::avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Isa::avx2;
#endif
  return Isa::generic;
}

/// The instruction set that a tag stands for.
template <class Set>
[[nodiscard]] Isa isa_of() {
  if constexpr (std::is_same_v<Set, isa::Detect>) return detect_isa();
  if constexpr (std::is_same_v<Set, isa::Avx512>) return Isa::avx512;
  if constexpr (std::is_same_v<Set, isa::Avx2>) return Isa::avx2;
  return Isa::generic;
}

[[nodiscard]] constexpr int vector_bytes(Isa isa) {
  return isa == Isa::avx512 ? isa::Avx512::bytes
         : isa == Isa::avx2 ? isa::Avx2::bytes
                            : isa::Generic::bytes;
}

namespace detail {
#if defined(__x86_64__)
#if defined(__clang__)
// Without min_vector_width clang splits 64-byte vectors into halves.
#define GLIA_TARGET_AVX512 \
  target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"), min_vector_width(512)
#else
#define GLIA_TARGET_AVX512 target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")
#endif
template <class Kernel, class... A>
__attribute__((GLIA_TARGET_AVX512)) void run_avx512(A&... arguments) {
  Kernel::template run<isa::Avx512>(arguments...);
}
#undef GLIA_TARGET_AVX512
template <class Kernel, class... A>
__attribute__((target("avx2,fma"))) void run_avx2(A&... arguments) {
  Kernel::template run<isa::Avx2>(arguments...);
}
#endif
}  // namespace detail

/// Kernel::run<I>(arguments...) compiled for the instruction set. Requires that the processor has
/// it.
template <class Kernel, class... A>
void run_on([[maybe_unused]] Isa isa, A&&... arguments) {
#if defined(__x86_64__)
  if (isa == Isa::avx512) return detail::run_avx512<Kernel>(arguments...);
  if (isa == Isa::avx2) return detail::run_avx2<Kernel>(arguments...);
#endif
  Kernel::template run<isa::Generic>(arguments...);
}

}  // namespace glia::cpu

// Vectors: LANES elements of one type side by side, through compiler vector types. The only file with intrinsics: the
// vector types have no square root, rounding, masked load or (in gcc 12) fused multiply-add, so those are here, each beside
// a plain version. (The maskz forms with a full mask are plain ones that gcc 12 does not warn about.)
#pragma once
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif
#pragma GCC diagnostic ignored "-Wpsabi"       // vectors are passed between inlined functions only

#define INLINE inline __attribute__((always_inline))

namespace ISA {
namespace {

template <class T> struct VecOf { typedef T type __attribute__((vector_size(LANES * sizeof(T)))); };
template <class T> using VecT = typename VecOf<T>::type;
typedef VecT<float> Vec;
typedef VecT<double> DVec;
typedef VecT<int32_t> IVec;
typedef VecT<uint32_t> UVec;
typedef VecT<int8_t> BVec;                     // a byte per lane: masks in memory

template <class T> INLINE VecT<T> load(const T* p) { VecT<T> v; memcpy(&v, p, sizeof v); return v; }
template <class T> INLINE void store(T* p, VecT<T> v) { memcpy(p, &v, sizeof v); }
template <class T> INLINE VecT<T> splat_of(T x) { return x - VecT<T>{}; }
INLINE Vec splat(float x) { return x - Vec{}; }

// What is used several times shall not be read from memory as often, which gcc 12 believes to be cheaper.
#if defined(__x86_64__)
INLINE Vec held(Vec v) { asm("" : "+v"(v)); return v; }
#else
INLINE Vec held(Vec v) { return v; }
#endif

// The first n lanes only; the others read as 0 and are not written.
template <class T> INLINE VecT<T> load_some(const T* p, int64_t n) { VecT<T> v{}; memcpy(&v, p, n * sizeof(T)); return v; }
template <class T> INLINE void store_some(T* p, VecT<T> v, int64_t n) { memcpy(p, &v, n * sizeof(T)); }
#if defined(__AVX512F__)                       // a variable memcpy costs tens of cycles, a masked move one
INLINE Vec load_some(const float* p, int64_t n) { return (Vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }
INLINE void store_some(float* p, Vec v, int64_t n) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v); }
#elif defined(__AVX2__)
INLINE __m256i first_lanes(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE Vec load_some(const float* p, int64_t n) { return (Vec)_mm256_maskload_ps(p, first_lanes(n)); }
INLINE void store_some(float* p, Vec v, int64_t n) { _mm256_maskstore_ps(p, first_lanes(n), (__m256)v); }
#endif

// Clamps that keep NaN; and x * 2^n for a whole n in -252..252, rounded once.
#if defined(__AVX512F__)
INLINE Vec at_least(Vec x, float low) { return (Vec)_mm512_maskz_max_ps(0xffff, (__m512)splat(low), (__m512)x); }
INLINE Vec at_most(Vec x, float high) { return (Vec)_mm512_maskz_min_ps(0xffff, (__m512)splat(high), (__m512)x); }
INLINE Vec scale(Vec x, Vec n) { return (Vec)_mm512_maskz_scalef_ps(0xffff, (__m512)x, (__m512)n); }
#else
INLINE Vec at_least(Vec x, float low) { return x < splat(low) ? splat(low) : x; }
INLINE Vec at_most(Vec x, float high) { return x > splat(high) ? splat(high) : x; }
INLINE Vec scale(Vec x, Vec n) {                 // in two factors: 2^n itself may not be a normal number
  IVec whole = __builtin_convertvector(n, IVec), half = whole >> 1;
  return x * (Vec)((half + 127) << 23) * (Vec)((whole - half + 127) << 23);
}
#endif

// a * b + c with one rounding where the machine has it: in products and inside of elementary functions. Two steps of a chain round
// twice, so that fusing steps never changes a value.
#if defined(__AVX512F__)
INLINE Vec fma(Vec a, Vec b, Vec c) { return (Vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
INLINE Vec sqrt(Vec x) { return (Vec)_mm512_maskz_sqrt_ps(0xffff, (__m512)x); }
INLINE Vec floor(Vec x) { return (Vec)_mm512_maskz_roundscale_ps(0xffff, (__m512)x, 9); }
INLINE Vec ceil(Vec x) { return (Vec)_mm512_maskz_roundscale_ps(0xffff, (__m512)x, 10); }
INLINE Vec round_even(Vec x) { return (Vec)_mm512_maskz_roundscale_ps(0xffff, (__m512)x, 8); }
INLINE Vec trunc(Vec x) { return (Vec)_mm512_maskz_roundscale_ps(0xffff, (__m512)x, 11); }
#elif defined(__AVX2__) && defined(__FMA__)
INLINE Vec fma(Vec a, Vec b, Vec c) { return (Vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
INLINE Vec sqrt(Vec x) { return (Vec)_mm256_sqrt_ps((__m256)x); }
INLINE Vec floor(Vec x) { return (Vec)_mm256_round_ps((__m256)x, 9); }
INLINE Vec ceil(Vec x) { return (Vec)_mm256_round_ps((__m256)x, 10); }
INLINE Vec round_even(Vec x) { return (Vec)_mm256_round_ps((__m256)x, 8); }
INLINE Vec trunc(Vec x) { return (Vec)_mm256_round_ps((__m256)x, 11); }
#elif defined(__aarch64__)
INLINE Vec fma(Vec a, Vec b, Vec c) { return (Vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
INLINE Vec sqrt(Vec x) { return (Vec)vsqrtq_f32((float32x4_t)x); }
INLINE Vec floor(Vec x) { return (Vec)vrndmq_f32((float32x4_t)x); }
INLINE Vec ceil(Vec x) { return (Vec)vrndpq_f32((float32x4_t)x); }
INLINE Vec round_even(Vec x) { return (Vec)vrndnq_f32((float32x4_t)x); }
INLINE Vec trunc(Vec x) { return (Vec)vrndq_f32((float32x4_t)x); }
#else
INLINE Vec fma(Vec a, Vec b, Vec c) { return a * b + c; }
INLINE Vec sqrt(Vec x) { return (Vec)_mm_sqrt_ps((__m128)x); }
INLINE Vec floor(Vec x) { for (int i = 0; i < LANES; i++) x[i] = __builtin_floorf(x[i]); return x; }
INLINE Vec ceil(Vec x) { for (int i = 0; i < LANES; i++) x[i] = __builtin_ceilf(x[i]); return x; }
INLINE Vec round_even(Vec x) { for (int i = 0; i < LANES; i++) x[i] = __builtin_rintf(x[i]); return x; }
INLINE Vec trunc(Vec x) { for (int i = 0; i < LANES; i++) x[i] = __builtin_truncf(x[i]); return x; }
#endif

// High and low halves of the 32 x 32 -> 64 bit products of each lane with m (Philox).
#if defined(__x86_64__)
#if LANES == 16
typedef __m512i Wide;
INLINE Wide multiply_even(Wide a, Wide b) { return _mm512_maskz_mul_epu32(0xff, a, b); }
#elif LANES == 8
typedef __m256i Wide;
INLINE Wide multiply_even(Wide a, Wide b) { return _mm256_mul_epu32(a, b); }
#else
typedef __m128i Wide;
INLINE Wide multiply_even(Wide a, Wide b) { return _mm_mul_epu32(a, b); }
#endif
INLINE void multiply_wide(UVec a, uint32_t m, UVec& high, UVec& low) {
  typedef uint64_t Pair __attribute__((vector_size(4 * LANES)));
  Wide factor = (Wide)splat_of<uint32_t>(m);
  Pair even = (Pair)multiply_even((Wide)a, factor), odd = (Pair)multiply_even((Wide)((Pair)a >> 32), factor);
#if LANES == 16
  low = (UVec)_mm512_mask_shuffle_epi32((Wide)even, 0xaaaa, (Wide)odd, (_MM_PERM_ENUM)0xa0);
  high = (UVec)_mm512_mask_shuffle_epi32((Wide)odd, 0x5555, (Wide)even, (_MM_PERM_ENUM)0xf5);
#else
  const Pair upper = Pair{} + 0xffffffff00000000ull;
  low = (UVec)((even & ~upper) | (odd << 32));
  high = (UVec)((even >> 32) | (odd & upper));
#endif
}
#else
INLINE void multiply_wide(UVec a, uint32_t m, UVec& high, UVec& low) {
  for (int i = 0; i < LANES; i++) { uint64_t p = (uint64_t)a[i] * m; high[i] = (uint32_t)(p >> 32); low[i] = (uint32_t)p; }
}
#endif

// A bit for each lane that is not zero.
#if defined(__AVX512F__)
INLINE uint32_t nonzero_lanes(Vec x) { return _mm512_cmp_ps_mask((__m512)x, _mm512_setzero_ps(), _CMP_NEQ_UQ); }
#elif defined(__AVX2__)
INLINE uint32_t nonzero_lanes(Vec x) { return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps((__m256)x, _mm256_setzero_ps(), _CMP_NEQ_UQ)); }
#else
INLINE uint32_t nonzero_lanes(Vec x) {
  uint32_t mask = 0;
  for (int i = 0; i < LANES; i++) mask |= (uint32_t)(x[i] != 0) << i;
  return mask;
}
#endif

// A bit for each of LANES bytes that has a value.
INLINE uint32_t equal_bytes(const uint8_t* p, int value) {
#if defined(__x86_64__)
  __m128i bytes = _mm_setzero_si128();
  memcpy(&bytes, p, LANES);
  return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)value))) & ((1u << LANES) - 1);
#else
  uint32_t mask = 0;
  for (int i = 0; i < LANES; i++) mask |= (uint32_t)(p[i] == value) << i;
  return mask;
#endif
}

// Bytes as numbers: gcc 12 makes three steps of the plain conversion.
INLINE IVec widen_bytes(VecT<uint8_t> v) {
#if defined(__AVX512F__)
  __m128i bytes;
  memcpy(&bytes, &v, sizeof v);
  return (IVec)_mm512_maskz_cvtepu8_epi32(0xffff, bytes);
#elif defined(__AVX2__)
  __m128i bytes = _mm_setzero_si128();
  memcpy(&bytes, &v, sizeof v);
  return (IVec)_mm256_cvtepu8_epi32(bytes);
#else
  return __builtin_convertvector(v, IVec);
#endif
}

// The lanes of a mask side by side; as many as the mask has, but a whole vector is written.
#if defined(__AVX512F__)
INLINE int64_t compress_lanes(int32_t* to, uint32_t mask, IVec x) {
  store(to, (IVec)_mm512_maskz_compress_epi32((__mmask16)mask, (__m512i)x));
  return __builtin_popcount(mask);
}
#else
INLINE int64_t compress_lanes(int32_t* to, uint32_t mask, IVec x) {
  int64_t n = 0;
  for (; mask; mask &= mask - 1) to[n++] = x[__builtin_ctz(mask)];
  return n;
}
#endif

template <class To, class From> INLINE To bits(From v) { static_assert(sizeof(To) == sizeof(From)); To r; memcpy(&r, &v, sizeof r); return r; }

// Lanes folded in a fixed tree: ((0+8)+(4+12)) and so on, the same for every caller.
template <class T, class F> INLINE T fold_lanes(VecT<T> v, F f) {
  T a[LANES];
  memcpy(a, &v, sizeof v);
  for (int half = LANES / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) a[i] = f(a[i], a[i + half]);
  return a[0];
}

// The same tree for floats, on whole vectors.
template <int HALF = LANES / 2, class F> INLINE float fold_vector(Vec v, F f) {
  if constexpr (HALF == 0) return v[0];
  else {
    IVec down{};
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) down[i] = (i + HALF) % LANES;
    return fold_vector<HALF / 2>(f(v, (Vec)__builtin_shuffle(v, down)), f);
  }
}

// LANES x LANES floats transposed in registers.
template <int S> INLINE void swap_stage(Vec* r) {
  if constexpr (S < LANES) {
    IVec lo, hi;
    for (int j = 0; j < LANES; j++) { lo[j] = (j & S) ? LANES + (j ^ S) : j; hi[j] = (j & S) ? LANES + j : (j ^ S); }
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++)
      if (!(i & S)) {
        Vec a = r[i], b = r[i + S];
        r[i] = __builtin_shuffle(a, b, lo);
        r[i + S] = __builtin_shuffle(a, b, hi);
      }
    swap_stage<S * 2>(r);
  }
}
INLINE void transpose_square(const float* src, int64_t src_ld, float* dst, int64_t dst_ld) {
  Vec r[LANES];
#pragma GCC unroll 16
  for (int i = 0; i < LANES; i++) r[i] = load(src + i * src_ld);
  swap_stage<1>(r);
#pragma GCC unroll 16
  for (int i = 0; i < LANES; i++) store(dst + i * dst_ld, r[i]);
}

INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
INLINE int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
INLINE int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }

}  // namespace
}  // namespace ISA

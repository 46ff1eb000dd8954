// Elementary functions on vectors of float: NaN in gives NaN out, overflow gives inf, underflow is gradual.
// Largest error over the whole float range, measured by tests/unit/test_engine_map.py against float64:
//   exp 2 ulp, expm1 3, log 2, log1p 3, tanh 4, sigmoid 3, erf 3, softplus 4, sin and cos 2 at any size, pow 1 (the C library's).
// Fused multiply-adds stand where `fma` does: results do not depend on what the compiler contracts.
#pragma once
#include "vec.h"

namespace ISA {
namespace {

INLINE Vec choose(IVec mask, Vec a, Vec b) { return mask ? a : b; }
INLINE Vec abs(Vec x) { return bits<Vec>(bits<IVec>(x) & 0x7fffffff); }
INLINE Vec with_sign(Vec size, Vec of) { return bits<Vec>((bits<IVec>(size) & 0x7fffffff) | (bits<IVec>(of) & (int32_t)0x80000000)); }
INLINE Vec power_of_two(IVec n) { return bits<Vec>((n + 127) << 23); }                 // n in -126..127

// The coefficients from the highest power down.
template <int N> INLINE Vec polynomial(const float (&c)[N], Vec x) {
  Vec y = splat(c[0]);
#pragma GCC unroll 16
  for (int i = 1; i < N; i++) y = fma(y, x, splat(c[i]));
  return y;
}

constexpr float ROUNDER = 12582912.0f;               // 1.5 * 2^23: adding it rounds to an integer, kept in the low bits
constexpr float LOG2E = 1.44269504f, LN2_HIGH = 0.693359375f, LN2_LOW = -2.12194440e-4f;

// x = n ln2 + r; gives n (also as a float) and e^r - 1. For x in -105..90.
struct Reduced { IVec n; Vec whole, more; };
INLINE Reduced reduce_exp(Vec x) {
  Vec t = fma(x, splat(LOG2E), splat(ROUNDER)), n = t - ROUNDER;
  Vec r = fma(n, splat(-LN2_LOW), fma(n, splat(-LN2_HIGH), x));
  Vec p = polynomial({1.984595729e-4f, 1.394165331e-3f, 8.333391510e-3f, 4.166634753e-2f, 1.666666567e-1f, 0.5f}, r);
  return {(bits<IVec>(t) << 10) >> 10, n, fma(p, r * r, r)};      // sign-extends the low 22 bits
}

INLINE Vec exp_up_to_90(Vec x) {
  Reduced e = reduce_exp(at_least(x, -105.0f));
  return scale(e.more + 1.0f, e.whole);
}
INLINE Vec exp(Vec x) { return exp_up_to_90(at_most(x, 90.0f)); }

INLINE Vec expm1_within(Vec x) {                     // -30..89
  Reduced e = reduce_exp(x);
  Vec scale = power_of_two(e.n - 1);
  Vec y = e.n == 0 ? e.more : fma(e.more, scale, scale - 0.5f) * 2.0f;     // exact near 0
  return with_sign(y, x);
}
INLINE Vec expm1(Vec x) { return expm1_within(at_most(at_least(x, -30.0f), 89.0f)); }

INLINE Vec log(Vec x) {
  IVec tiny = x < 1.17549435e-38f;
  Vec y = choose(tiny, x * 8388608.0f, x);
  IVec i = (IVec)(bits<UVec>(y) - 0x3f3504f3u);      // exponent so that the mantissa lies in sqrt(1/2)..sqrt(2)
  Vec e = __builtin_convertvector((i >> 23) - (tiny & 23), Vec);
  Vec f = bits<Vec>((i & 0x7fffff) + 0x3f3504f3) - 1.0f;
  Vec p = polynomial({6.757530570e-2f, -1.169432476e-1f, 1.189352497e-1f, -1.240308657e-1f, 1.421855241e-1f, -1.666809022e-1f,
                     2.000216693e-1f, -2.500000894e-1f, 3.333331048e-1f}, f);
  Vec f2 = f * f;
  Vec result = fma(e, splat(LN2_HIGH), f + fma(p * f, f2, fma(e, splat(LN2_LOW), -0.5f * f2)));
  result = choose(x == __builtin_inff(), x, result);
  result = choose(x == 0.0f, splat(-__builtin_inff()), result);
  return choose((x < 0.0f) | (x != x), splat(__builtin_nanf("")), result);
}

INLINE Vec log1p(Vec x) {
  Vec u = x + 1.0f;
  Vec y = log(u) * (x / (u - 1.0f));                 // Kahan: the quotient repairs the rounding of 1 + x
  y = choose(u == 1.0f, x, y);
  return choose(x == __builtin_inff(), x, y);
}

INLINE Vec tanh(Vec x) {
  Vec t = expm1_within(at_most(abs(x), 15.0f) * 2.0f);
  return with_sign(t / (t + 2.0f), x);
}

INLINE Vec sigmoid(Vec x) {
  Vec e = exp_up_to_90(-abs(x));                     // never overflows; far left the result is e itself
  return choose(x < 0.0f, e, splat(1.0f)) / (e + 1.0f);
}
INLINE Vec softplus(Vec x) { return choose((x > 0.0f) | (x != x), x, Vec{}) + log1p(exp_up_to_90(-abs(x))); }

INLINE Vec erf(Vec x) {
  Vec t = at_most(abs(x), 4.0f), s = t * t;
  // erf(t)/t - 1 in t^2, for t < 1; log(1 - erf(t)) for 1 <= t <= 4
  Vec p = polynomial({7.853857824e-5f, -8.010192541e-4f, 5.188327748e-3f, -2.685381100e-2f, 1.128358543e-1f, -3.761262596e-1f, 1.283791661e-1f}, s);
  Vec q = polynomial({-2.168681385e-5f, 4.413358984e-4f, -4.204559140e-3f, 2.520824783e-2f, -1.084185615e-1f, -6.332198977e-1f, -1.129578471f,
                     1.880381752e-4f}, t);
  Vec y = choose(t < 1.0f, fma(t, p, t), 1.0f - exp_up_to_90(q));
  return with_sign(y, x);
}

// ---- angles: x = n pi/2 + r ----

struct Angle { DVec r; IVec n; };

// One huge number: its 24 bits times those 96 bits of 2/pi that tell the quarter turn and what is left of it, after Payne and
// Hanek, "Radian reduction for trigonometric functions" (1983).
INLINE int32_t reduce_huge(float x, double& r) {
  constexpr uint32_t TWO_OVER_PI[] = {0, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab};
  uint32_t image;
  memcpy(&image, &x, 4);
  int64_t exponent = (int64_t)(image >> 23 & 0xff) - 150, word = (exponent + 30) >> 5, shift = (exponent + 30) & 31;
  uint64_t mantissa = (image & 0x7fffff) | 0x800000;
  const uint32_t* w = TWO_OVER_PI + word;
  uint64_t high = (uint64_t)w[0] << 32 | w[1], low = (uint64_t)w[2] << 32 | w[3];
  if (shift) { high = high << shift | low >> (64 - shift); low <<= shift; }
  uint64_t turn = mantissa * high + (mantissa * (low >> 32) >> 32);      // quarter turns modulo 4, in units of 2^-62
  uint64_t n = (turn + (1ull << 61)) >> 62;
  r = (double)(int64_t)(turn - (n << 62)) * (1.5707963267948966 / 4611686018427387904.0);
  if (image >> 31) r = -r;
  return image >> 31 ? -(int32_t)n : (int32_t)n;
}

// Up to 1e6 with pi/2 in two parts; beyond lane by lane.
INLINE Angle reduce_angle(Vec x) {
  DVec wide = __builtin_convertvector(x, DVec);
  DVec k = (wide * 0.63661977236758134308 + 6755399441055744.0) - 6755399441055744.0;
  DVec r = wide - k * 1.57079632673412561417 - k * 6.07710050650619224932e-11;
  IVec n = __builtin_convertvector(k, IVec), beyond = !(abs(x) < 1e6f);
  if (__builtin_expect(nonzero_lanes(choose(beyond, splat(1.0f), Vec{})) != 0, 0))
    for (int i = 0; i < LANES; i++) {
      double left = __builtin_nan("");
      if (beyond[i]) { n[i] = __builtin_fabsf(x[i]) < __builtin_inff() ? reduce_huge(x[i], left) : 0; r[i] = left; }
    }
  return {r, n};
}

INLINE Vec sine(Vec x, int quarter) {                // sin(x + quarter * pi/2)
  Angle angle = reduce_angle(x);
  Vec r = __builtin_convertvector(angle.r, Vec);
  IVec n = angle.n + quarter;
  Vec s = r * r;
  Vec odd = fma(polynomial({-1.951083832e-4f, 8.332131431e-3f, -1.666665375e-1f}, s), s * r, r);
  Vec even = fma(polynomial({2.443120320e-5f, -1.388730598e-3f, 4.166664556e-2f}, s), s * s, -0.5f * s) + 1.0f;
  Vec y = choose((n & 1) != 0, even, odd);
  return bits<Vec>(bits<IVec>(y) ^ ((n & 2) << 30));
}
INLINE Vec sin(Vec x) { return choose(x == 0.0f, x, sine(x, 0)); }
INLINE Vec cos(Vec x) { return sine(x, 1); }

INLINE Vec pow(Vec x, Vec y) { for (int i = 0; i < LANES; i++) x[i] = __builtin_powf(x[i], y[i]); return x; }

// float64: the C library, lane by lane (no part of training needs it fast).
#define LAMINA_DOUBLE(name) INLINE DVec name(DVec x) { for (int i = 0; i < LANES; i++) x[i] = __builtin_##name(x[i]); return x; }
LAMINA_DOUBLE(exp) LAMINA_DOUBLE(expm1) LAMINA_DOUBLE(log) LAMINA_DOUBLE(log1p) LAMINA_DOUBLE(sqrt) LAMINA_DOUBLE(sin)
LAMINA_DOUBLE(cos) LAMINA_DOUBLE(tanh) LAMINA_DOUBLE(erf) LAMINA_DOUBLE(floor) LAMINA_DOUBLE(ceil) LAMINA_DOUBLE(trunc)
#undef LAMINA_DOUBLE
INLINE DVec round_even(DVec x) { for (int i = 0; i < LANES; i++) x[i] = __builtin_rint(x[i]); return x; }
INLINE DVec pow(DVec x, DVec y) { for (int i = 0; i < LANES; i++) x[i] = __builtin_pow(x[i], y[i]); return x; }
INLINE DVec sigmoid(DVec x) { return 1.0 / (exp(-x) + 1.0); }
INLINE DVec softplus(DVec x) { return (x > 0.0 ? x : (x != x ? x : DVec{})) + log1p(exp(x < 0.0 ? x : -x)); }

// ---- what every numeric type has ----
template <class V> INLINE V wrap(V x) { return x; }  // signed integers wrap around, as in NumPy: through unsigned ones
INLINE UVec wrap(IVec x) { return (UVec)x; }
INLINE VecT<uint64_t> wrap(VecT<int64_t> x) { return (VecT<uint64_t>)x; }
template <class V> INLINE V maximum(V a, V b) { return (a > b) | (a != a) ? a : b; }           // NaN wins, as in NumPy
template <class V> INLINE V minimum(V a, V b) { return (a < b) | (a != a) ? a : b; }
template <class V> INLINE V absolute(V x) { return x < V{} ? (V)-wrap(x) : x; }
INLINE Vec absolute(Vec x) { return abs(x); }
INLINE DVec absolute(DVec x) { typedef VecT<int64_t> LVec; return bits<DVec>(bits<LVec>(x) & 0x7fffffffffffffffLL); }
template <class V> INLINE V sign(V x) { return x > V{} ? V{} + 1 : (x < V{} ? V{} - 1 : x); }
template <class V> INLINE V relu(V x) { return (x > V{}) | (x != x) ? x : V{}; }
template <class V> INLINE BVec truth(V mask) { return __builtin_convertvector(mask, BVec) & 1; }   // a comparison's -1 as a bool's 1
template <class V> INLINE V divided(V a, V b) { return a / b; }

}  // namespace
}  // namespace ISA

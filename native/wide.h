// Functions of float computed in double and rounded once: at most 1 ulp over the whole float range, measured by
// tests/unit/test_engine_functions.py. Each polynomial is a Chebyshev fit, named with its interval and largest error.
#pragma once
#include "math.h"

namespace ISA {
namespace {

typedef VecT<int64_t> LVec;

INLINE DVec widened(Vec x) { return __builtin_convertvector(x, DVec); }
INLINE Vec rounded(DVec x) { return __builtin_convertvector(x, Vec); }
INLINE DVec with_sign(DVec size, DVec of) {
  const LVec sign = LVec{} + (int64_t)0x8000000000000000ull;
  return bits<DVec>((bits<LVec>(size) & ~sign) | (bits<LVec>(of) & sign));
}

template <int N> INLINE DVec polynomial(const double (&c)[N], DVec x) {
  DVec y = DVec{} + c[0];
  for (int k = 1; k < N; k++) y = y * x + c[k];
  return y;
}

INLINE DVec exp_wide(DVec x) {                           // for |x| < 200; on |r| <= ln2/2, 8e-13
  constexpr double C[] = {2.4876165516204345e-5, 0.0001991586842117633, 0.001388882167493946, 0.0083332660952572626, 0.041666666890970466,
                          0.1666666689105925, 0.49999999999797918, 0.99999999997978355, 1.0};
  DVec t = x * 1.4426950408889634 + 6755399441055744.0, n = t - 6755399441055744.0;
  DVec y = polynomial(C, x - n * 0.6931471805599453);
  return bits<DVec>(bits<LVec>(y) + (bits<LVec>(t) << 52));
}

INLINE DVec log_wide(DVec x) {                           // of normal numbers, 0 and infinity; 2 artanh(s), s = f/(2+f): 5e-14
  constexpr double C[] = {0.19608110606282262, 0.22174248919495236, 0.28572166168535481, 0.39999994891624172, 0.66666666679579908, 1.9999999999999472};
  LVec i = bits<LVec>(x) - 0x3fe6a09e667f3bcdLL;           // so that the mantissa lies in sqrt(1/2)..sqrt(2)
  DVec e = __builtin_convertvector(i >> 52, DVec);
  DVec f = bits<DVec>((i & 0xfffffffffffffLL) + 0x3fe6a09e667f3bcdLL) - 1.0;
  DVec s = f / (f + 2.0);
  DVec y = s * polynomial(C, s * s) + e * 0.6931471805599453;
  y = x == __builtin_inf() ? x : y;
  y = x == 0.0 ? DVec{} - __builtin_inf() : y;
  return (x < 0.0) | (x != x) ? DVec{} + __builtin_nan("") : y;
}

INLINE DVec atan_wide(DVec x) {                          // atan(t)/t in t^2 for t <= tan(pi/8), 8e-13
  constexpr double C[] = {-0.037655103980525992, 0.069741975729582827, -0.089925528813258077, 0.11103456906275322,
                          -0.14285386553605598, 0.19999993053552021, -0.33333333276922456, 0.99999999999924476};
  DVec a = absolute(x), b = a > 1.0 ? 1.0 / a : a;
  DVec t = b > 0.41421356237309503 ? (b - 1.0) / (b + 1.0) : b;
  DVec y = t * polynomial(C, t * t);
  y = b > 0.41421356237309503 ? y + 0.78539816339744831 : y;
  return with_sign(a > 1.0 ? 1.5707963267948966 - y : y, x);
}

// ---- trigonometry ----

INLINE Vec tan(Vec x) {                                  // sin(r)/r and cos(r) in r^2 for |r| <= pi/4, 6e-14
  constexpr double S[] = {-2.4756529379592512e-8, 2.7555271485395278e-6, -0.00019841263296432765, 0.0083333333238743752, -0.1666666666661666, 1.0};
  constexpr double C[] = {-2.717339169572195e-7, 2.4798928225823624e-5, -0.0013888880391235602, 0.041666666543862204, -0.49999999999350791, 1.0};
  Angle a = reduce_angle(x);
  DVec s = a.r * a.r, sine = a.r * polynomial(S, s), cosine = polynomial(C, s);
  LVec odd = (__builtin_convertvector(a.n, LVec) & 1) != 0;
  return rounded((odd ? -cosine : sine) / (odd ? sine : cosine));
}
INLINE Vec atan(Vec x) { return rounded(atan_wide(widened(x))); }
INLINE Vec asin(Vec x) { DVec w = widened(x); return rounded(atan_wide(w / sqrt((1.0 - w) * (1.0 + w)))); }
INLINE Vec acos(Vec x) { DVec w = widened(x); return rounded(2.0 * atan_wide(sqrt((1.0 - w) / (1.0 + w)))); }

INLINE Vec atan2(Vec y, Vec x) {                         // the angle of |y|/|x|, turned into the quadrant
  DVec b = widened(y), a = widened(x), q = absolute(b) / absolute(a);
  q = (a == 0.0) & (b == 0.0) ? DVec{} : q;
  q = (absolute(a) == __builtin_inf()) & (absolute(b) == __builtin_inf()) ? DVec{} + 1.0 : q;
  DVec angle = atan_wide(q);
  angle = bits<LVec>(a) < 0 ? 3.1415926535897931 - angle : angle;
  return rounded((a != a) | (b != b) ? a + b : with_sign(angle, b));
}

// ---- hyperbolic functions ----

INLINE Vec sinh(Vec x) {                                 // below 1 a polynomial in x^2, 8e-14
  constexpr double C[] = {2.5538205221156538e-8, 2.7551834852374888e-6, 0.00019841298317149253, 0.0083333332665458679, 0.16666666667239326, 1.0};
  DVec w = widened(x), a = minimum(absolute(w), DVec{} + 100.0), e = exp_wide(a);
  return rounded(a < 1.0 ? w * polynomial(C, w * w) : with_sign(0.5 * (e - 1.0 / e), w));
}
INLINE Vec cosh(Vec x) { DVec e = exp_wide(minimum(absolute(widened(x)), DVec{} + 100.0)); return rounded(0.5 * (e + 1.0 / e)); }

INLINE Vec asinh(Vec x) {                                // near 0 the series: there the logarithm of 1 + x would lose x
  DVec w = widened(x), a = absolute(w), s = w * w;
  DVec small = w * ((s * 0.075 - 0.16666666666666666) * s + 1.0);
  return rounded(a < 1e-2 ? small : with_sign(log_wide(a + sqrt(s + 1.0)), w));
}
INLINE Vec acosh(Vec x) { DVec w = widened(x); return rounded(w < 1.0 ? DVec{} + __builtin_nan("") : log_wide(w + sqrt((w - 1.0) * (w + 1.0)))); }
INLINE Vec atanh(Vec x) {
  DVec w = widened(x), a = absolute(w), s = w * w;
  DVec small = w * ((s * 0.2 + 0.33333333333333331) * s + 1.0);
  return rounded(a < 1e-2 ? small : with_sign(0.5 * log_wide((1.0 + a) / (1.0 - a)), w));
}

// ---- the inverse of erf ----

// erfinv(x)/x in w = -log(1 - x^2) for w <= 5, 7e-10; then in sqrt(w), 2e-8 up to the last float before 1.
INLINE DVec erfinv_wide(DVec x) {
  constexpr double NEAR[] = {1.2346577114502573e-10, -2.9612460261028084e-9, 2.0728030549873271e-8, 6.4663210277210523e-8,
                             -1.5175960280333922e-6, 3.331105346921971e-6, 4.4569157067360759e-5, -0.00012611782859393451,
                             -0.0023361444276124253, 0.011549628771727807, 0.23201363604899769, 0.88622692598342559};
  constexpr double FAR[] = {0.00011153858077997951, -0.0033170667322335582, 0.043420642547993952, -0.32742247424108588, 1.5605443381346054,
                            -4.8402689355895665, 9.6456823315385936, -11.605066889352418, 8.1828278075590962, -1.5559185330013516};
  DVec w = -log_wide((1.0 - x) * (1.0 + x)), root = sqrt(w);
  DVec y = x * (w <= 5.0 ? polynomial(NEAR, w) : polynomial(FAR, minimum(root, DVec{} + 4.2)));
  return absolute(x) == 1.0 ? x * __builtin_inf() : y;
}
INLINE Vec erfinv(Vec x) { return rounded(erfinv_wide(widened(x))); }

INLINE DVec erfinv(DVec x) {                             // two of Halley's steps, of the complement where erf is near 1
  DVec y = erfinv_wide(x);
  for (int i = 0; i < LANES; i++) {
    double size = __builtin_fabs(x[i]), v = __builtin_fabs(y[i]);
    if (!(size < 1) || size == 0) continue;
    if (size > 0.99999994) v = __builtin_sqrt(-__builtin_log((1 - size) * 1.7724538509055160 * __builtin_sqrt(-__builtin_log(1 - size))));
    for (int step = 0; step < 3; step++) {
      double off = size < 0.5 ? __builtin_erf(v) - size : (1 - size) - __builtin_erfc(v);
      double u = off * 0.88622692545275801 * __builtin_exp(v * v);
      v -= u / (1 + v * u);
    }
    y[i] = __builtin_copysign(v, x[i]);
  }
  return y;
}

// float64: the C library, lane by lane.
#define LAMINA_DOUBLE(name) INLINE DVec name(DVec x) { for (int i = 0; i < LANES; i++) x[i] = __builtin_##name(x[i]); return x; }
LAMINA_DOUBLE(tan) LAMINA_DOUBLE(asin) LAMINA_DOUBLE(acos) LAMINA_DOUBLE(atan) LAMINA_DOUBLE(sinh) LAMINA_DOUBLE(cosh)
LAMINA_DOUBLE(asinh) LAMINA_DOUBLE(acosh) LAMINA_DOUBLE(atanh)
#undef LAMINA_DOUBLE
INLINE DVec atan2(DVec y, DVec x) { for (int i = 0; i < LANES; i++) x[i] = __builtin_atan2(y[i], x[i]); return x; }

// ---- whole numbers are whole already ----

#define LAMINA_WHOLE(name) template <class V> INLINE V name(V x) { return x; }
LAMINA_WHOLE(floor) LAMINA_WHOLE(ceil) LAMINA_WHOLE(round_even) LAMINA_WHOLE(trunc)
#undef LAMINA_WHOLE

// ---- whole division, as Python and NumPy round it: down; what is left has the sign of the divisor ----

INLINE Vec remainder(Vec a, Vec b) {                     // of the truncated quotient; exact: a whole product below 2^53
  DVec x = widened(a), y = widened(b), q = x / y;
  IVec tame = (__builtin_convertvector(absolute(q), Vec) < 5e8f) & (abs(b) < __builtin_inff());
  DVec whole = (absolute(q) + 6755399441055744.0) - 6755399441055744.0;
  DVec r = absolute(x) - whole * absolute(y);
  r = r < 0.0 ? r + absolute(y) : r;                     // the nearest whole number may be one too many
  Vec result = rounded(with_sign(r, x));
  for (int i = 0; i < LANES; i++)
    if (__builtin_expect(!tame[i], 0)) result[i] = __builtin_fmodf(a[i], b[i]);
  return result;
}
INLINE DVec remainder(DVec a, DVec b) { for (int i = 0; i < LANES; i++) a[i] = __builtin_fmod(a[i], b[i]); return a; }

template <class V> INLINE V mod(V a, V b) {
  if constexpr ((decltype(V{}[0] + 0))0.5 != 0) {
    V r = remainder(a, b);
    V moved = (r < 0) != (b < 0) ? r + b : r;
    return r == 0 ? with_sign(V{}, b) : moved;
  } else {
    for (int i = 0; i < LANES; i++) {
      auto x = a[i], y = b[i];
      if (y == 0 || (y < 0 && y == (decltype(y))-1)) { a[i] = 0; continue; }        // the smallest number by -1 would trap
      auto r = x % y;
      a[i] = (decltype(y))(r != 0 && (r < 0) != (y < 0) ? r + y : r);
    }
    return a;
  }
}

template <class V> INLINE V floor_divide(V a, V b) {
  if constexpr ((decltype(V{}[0] + 0))0.5 != 0) {
    V r = remainder(a, b), q = (a - r) / b;
    q = (r != 0) & ((r < 0) != (b < 0)) ? q - 1 : q;
    V whole = floor(q);
    whole = q - whole > V{} + 0.5 ? whole + 1 : whole;
    whole = whole == 0 ? with_sign(V{}, a / b) : whole;
    return b == 0 ? a / b : whole;
  } else {
    for (int i = 0; i < LANES; i++) {
      auto x = a[i], y = b[i];
      if (y == 0) { a[i] = 0; continue; }
      if (y < 0 && y == (decltype(y))-1) { a[i] = (decltype(y))-x; continue; }
      auto q = x / y;
      a[i] = (decltype(y))(x % y != 0 && (x < 0) != (y < 0) ? q - 1 : q);
    }
    return a;
  }
}

}  // namespace
}  // namespace ISA

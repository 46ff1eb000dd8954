// What is folded, and how a row is: in vectors, in a fixed tree, whose blocks are joined in double where they are float.
#pragma once
#include "../math.h"

namespace ISA {
namespace {

// ---- what is folded ----

template <class T> struct Exact { typedef T type; };      // partial results of floats are kept in double: the order hardly matters
template <> struct Exact<float> { typedef double type; };

template <class T> struct Sum {
  typedef typename Exact<T>::type Acc;
  static constexpr T start = 0;
  template <class V> static INLINE V fold(V a, V b) { return a + b; }
};
template <class T> struct Prod {
  typedef typename Exact<T>::type Acc;
  static constexpr T start = 1;
  template <class V> static INLINE V fold(V a, V b) { return a * b; }
};
template <class T> constexpr T lowest() {
  if constexpr (T(0.5) != T(0)) return -(T)__builtin_inf();
  else if constexpr (T(-1) < T(0)) return (T)(1ull << (8 * sizeof(T) - 1));
  else return 0;
}
template <class T> constexpr T highest() { if constexpr (T(0.5) != T(0)) return (T)__builtin_inf(); else return (T)~lowest<T>(); }
template <class T> struct Max {
  typedef T Acc;
  static constexpr T start = lowest<T>();
  template <class V> static INLINE V fold(V a, V b) { return (a > b) | (a != a) ? a : b; }
};
template <class T> struct Min {
  typedef T Acc;
  static constexpr T start = highest<T>();
  template <class V> static INLINE V fold(V a, V b) { return (a < b) | (a != a) ? a : b; }
};

// ---- along a row ----

constexpr int64_t ROW_BLOCK = 64 * LANES;                 // folded in T, in a fixed tree; blocks are joined in Acc

template <class O, class T> INLINE typename O::Acc fold_row(const T* x, int64_t n, int64_t stride) {
  typename O::Acc acc = (typename O::Acc)O::start;
  if (stride != 1) {
    for (int64_t i = 0; i < n; i++) acc = O::fold(acc, (typename O::Acc)x[i * stride]);
    return acc;
  }
  int64_t i = 0;
  while (n - i >= LANES) {
    int64_t end = i + smaller(ROW_BLOCK, (n - i) / LANES * LANES);
    VecT<T> v[4];
    for (auto& q : v) q = splat_of<T>(O::start);
    for (; i + 4 * LANES <= end; i += 4 * LANES)
      for (int q = 0; q < 4; q++) v[q] = O::fold(v[q], load(x + i + q * LANES));
    for (; i < end; i += LANES) v[0] = O::fold(v[0], load(x + i));
    T folded = fold_lanes<T>(O::fold(O::fold(v[0], v[1]), O::fold(v[2], v[3])), [](T a, T b) { return O::fold(a, b); });
    acc = O::fold(acc, (typename O::Acc)folded);
  }
  for (; i < n; i++) acc = O::fold(acc, (typename O::Acc)x[i]);
  return acc;
}

}  // namespace
}  // namespace ISA

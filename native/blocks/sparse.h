// Gradients that are mostly zero, as those through max-pooling and ReLU are: only what is not zero is multiplied. Chosen block
// by block from the share of zeros, so the result does not depend on threads; zero times infinity is then nothing, not NaN.
#pragma once
#include "patch.h"

namespace ISA {
namespace {

constexpr int SPARSE_TAPS = MR == 12 ? 9 : 3;             // whose accumulators fit the registers, two vectors each

INLINE int64_t count_nonzero(const float* x, int64_t n) {
  int64_t count = 0, i = 0;
  for (; i + LANES <= n; i += LANES) count += __builtin_popcount(nonzero_lanes(load(x + i)));
  if (i < n) count += __builtin_popcount(nonzero_lanes(load_some(x + i, n - i)));
  return count;
}

// f(position, value) for all that are not zero.
template <class F> INLINE void each_nonzero(const float* x, int64_t n, F f) {
  for (int64_t i = 0; i < n; i += LANES) {
    uint32_t lanes = nonzero_lanes(n - i >= LANES ? load(x + i) : load_some(x + i, n - i));
    for (; lanes; lanes &= lanes - 1) { int64_t at = i + __builtin_ctz(lanes); f(at, x[at]); }
  }
}

// ---- to the kernel: for one filter, R runs of V vectors of the patch, summed over its entries ----

struct Entries {                                          // of one filter: where in the patch, and dy there
  const int64_t* at;
  const float* dy;
  int64_t count;
};

template <int R, int V> INLINE void sum_entries(const Entries& e, const float* x, int64_t run, float* sums, int64_t run_rows) {
  Vec c[R][V];
#pragma GCC unroll 4
  for (int r = 0; r < R; r++)
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) c[r][v] = Vec{};
  for (int64_t k = 0; k < e.count; k++) {
    const float* p = x + e.at[k];
    Vec dy = splat(e.dy[k]);
#pragma GCC unroll 4
    for (int r = 0; r < R; r++)
#pragma GCC unroll 8
      for (int v = 0; v < V; v++) c[r][v] = fma(load(p + r * run + v * LANES), dy, c[r][v]);
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; r++)
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) store(sums + r * run_rows + v * LANES, c[r][v]);
}

// All of R runs side by side; run_rows is a multiple of LANES.
template <int R> INLINE void sum_runs(const Entries& e, const float* x, int64_t run, float* sums, int64_t run_rows) {
  constexpr int V = SPARSE_TAPS * 2 / 3;
  int64_t v = 0;
  for (; v + V * LANES <= run_rows; v += V * LANES) sum_entries<R, V>(e, x + v, run, sums + v, run_rows);
  for (; v < run_rows; v += LANES) sum_entries<R, 1>(e, x + v, run, sums + v, run_rows);
}

// Columns of filters to rows of dk: [NR][ld] added to (or put in) [rows][NR].
INLINE void add_turned(const float* turned, int64_t ld, int64_t rows, int64_t vectors, float* sums, bool add) {
  alignas(64) float square[LANES * LANES];
  for (int64_t k = 0; k < rows; k += LANES)
    for (int64_t v = 0; v < vectors; v++) {
      transpose_square(turned + v * LANES * ld + k, ld, square, LANES);
      for (int64_t i = 0; i < LANES; i++) {
        float* to = sums + (k + i) * NR + v * LANES;
        store(to, add ? load(to) + load(square + i * LANES) : load(square + i * LANES));
      }
    }
}

// ---- to the input: what one pixel of dy spreads over T taps of N vectors ----

struct Spread {
  const float* kernel;                                    // [tap][filters][NR]
  int64_t b_tap;
  const int64_t* filter;                                  // those that are not zero, and dy there
  const float* dy;
  int64_t count;
};

template <int T, int N> INLINE void spread_taps(const Spread& s, const float* kernel, const int64_t* shift, float* dx) {
  Vec c[T][N];
#pragma GCC unroll 16
  for (int t = 0; t < T; t++)
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) c[t][n] = load(dx + shift[t] + n * LANES);
  for (int64_t k = 0; k < s.count; k++) {
    const float* b = kernel + s.filter[k] * NR;
    Vec dy = splat(s.dy[k]);
    const float* third[3] = {b, b + 3 * s.b_tap, b + 6 * s.b_tap};
#pragma GCC unroll 16
    for (int t = 0; t < T; t++)
#pragma GCC unroll 2
      for (int n = 0; n < N; n++) c[t][n] = fma(load(third[t / 3] + t % 3 * s.b_tap + n * LANES), dy, c[t][n]);
  }
#pragma GCC unroll 16
  for (int t = 0; t < T; t++)
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) store(dx + shift[t] + n * LANES, c[t][n]);
}

template <int N> INLINE void spread_pixel(const Spread& s, const int64_t* shift, int64_t taps, float* dx) {
  int64_t t = 0;
  for (; t + SPARSE_TAPS <= taps; t += SPARSE_TAPS) spread_taps<SPARSE_TAPS, N>(s, s.kernel + t * s.b_tap, shift + t, dx);
  for (; t < taps; t++) spread_taps<1, N>(s, s.kernel + t * s.b_tap, shift + t, dx);
}

}  // namespace
}  // namespace ISA
